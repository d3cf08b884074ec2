local tg = require 'tidegate'
local stock = tg.soap.client('wsdl/stock.wsdl', { backend = 'stock', path = '/stock' })

return function(req)
  local answer, fault = stock:Levels(tg.try(req:json()))
  if answer == nil then return tg.problem(fault) end
  return tg.json(answer)
end
