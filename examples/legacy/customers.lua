-- All customers, as a list that grows by one element each.
local tg = require 'tidegate'
local customers = require 'crm'

return function()
  local ids, lines = {}, { '<customers>' }
  for id in pairs(customers) do ids[#ids + 1] = id end
  table.sort(ids)
  for _, id in ipairs(ids) do
    local name = customers[id].name:gsub('&', '&amp;')
    lines[#lines + 1] = ('  <customer id="%s">%s</customer>'):format(id, name)
  end
  lines[#lines + 1] = '</customers>\n'
  return tg.response {
    headers = { ['content-type'] = 'application/xml' },
    body = table.concat(lines, '\n'),
  }
end
