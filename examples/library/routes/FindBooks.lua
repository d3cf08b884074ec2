-- POST /FindBooks: the operation FindBooks of the service.
local tg = require 'tidegate'
local library = require 'library'

return function(req)
  local answer, fault = library:FindBooks(tg.try(req:json()))
  if answer == nil then return tg.problem(fault) end
  return tg.json(answer)
end, library:describe 'FindBooks'
