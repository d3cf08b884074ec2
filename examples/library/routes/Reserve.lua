-- POST /Reserve: the operation Reserve of the service.
local tg = require 'tidegate'
local library = require 'library'

return function(req)
  local answer, fault = library:Reserve(tg.try(req:json()))
  if answer == nil then return tg.problem(fault) end
  return tg.json(answer)
end, library:describe 'Reserve'
