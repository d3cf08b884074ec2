-- Answers with the settings of its route.
local tg = require 'tidegate'

return function(_, route) return tg.json(route.settings) end
