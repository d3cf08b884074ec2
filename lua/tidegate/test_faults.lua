-- `test.each_fault`: a request against every backend it asks, with every fault.
local test, raise = ...

local function asked(site)
  local names = {}
  for _, name in ipairs(site.names) do
    if #site._backends[name].calls > 0 then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Sends the request once as it is, then once for each fault of each backend that it asked: `check`
--- gets { backend, name } and the response. Each begins anew, with the same rules.
function test.each_fault(site, request, check)
  if type(request) == 'string' then request = { path = request } end
  site:restart()
  site:request(request)
  local names = asked(site)
  if #names == 0 then raise 'the request asks no backend, so no fault can come of one' end
  for _, name in ipairs(names) do
    for _, fault in ipairs(test.faults) do
      site:restart()
      site._backends[name].fault = fault
      local ok, message = pcall(function() check({ backend = name, name = fault },
        site:request(request)) end)
      site._backends[name].fault = nil
      if not ok then
        raise(("with '%s' of backend '%s': %s"):format(fault, name, tostring(message)))
      end
    end
  end
  site:restart()
end
