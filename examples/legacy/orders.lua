-- The last orders of a customer.
local tg = require 'tidegate'

local orders = {
  ['7'] = tg.array { { id = 1843, total = '12.50' }, { id = 1851, total = '7.00' } },
  ['8'] = tg.array { { id = 1906, total = '99.00' } },
}

return function(req)
  tg.sleep(0.1)
  return tg.json { items = orders[req.query.customer] or tg.array() }
end
