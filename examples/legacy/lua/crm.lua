-- The customers that the CRM knows.
return {
  ['7'] = { name = 'Ada Lovelace', city = 'London' },
  ['8'] = { name = 'Grace Hopper', city = 'Arlington' },
  ['9'] = { name = 'Smith & Sons', city = 'Portsmouth' },
}
