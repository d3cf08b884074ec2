-- Joins two backends, one speaking XML and one JSON, into one stable shape.
local tg = require 'tidegate'
local crm, orders = tg.backend 'crm', tg.backend 'orders'

return function(req)
  local id = req.params.id
  local got, errors = tg.gather({
    customer = function()
      return crm:get('/customers/' .. tg.escape(id), { expect = '2xx' })
    end,
    orders = function()
      return orders:get('/orders', { query = { customer = id, limit = 5 }, expect = '2xx' })
    end,
  }, { timeout = 1, need = { 'customer' } })

  if not got then
    local err = errors[1]
    if err.status == 404 then return tg.problem(404, 'there is no such customer') end
    return tg.problem(err)
  end

  local customer = tg.try(got.customer:xml { namespaces = 'strip' }).customer
  return tg.json {
    id = customer['@id'],
    name = customer.name,
    city = customer.address and customer.address.city,
    orders = got.orders and tg.try(got.orders:json()).items or tg.array(),
    complete = got.orders ~= nil,
  }
end
