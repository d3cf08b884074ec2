-- One script for two routes: the route's settings make the difference.
local tg = require 'tidegate'

return function(req, route)
  local greeting = route.settings.greeting
  return tg.text(('%s, %s of %s\n'):format(greeting, req.params.name, req.vars.tenant))
end
