-- A gate that serves one script, for which `tg` is there.
local gate = require 'spec.support.gate'

local script = {}

-- What gate.serve is told: the script, the site's table, and `more`, which goes before both.
local function options(text, site, more)
  local opts = { script = "local tg = require 'tidegate'\n" .. text, site = site }
  for name, value in pairs(more or {}) do opts[name] = value end
  return opts
end

-- Two functions for gates of so many threads: serve(text, more) gives the gate; answer(text, more)
-- the body that one request gets, and the response.
function script.threads(workers)
  local function serve(text, more)
    return gate.serve(options(text, { workers = workers }, more))
  end
  return serve, function(text, more)
    local tide = serve(text, more)
    local res = tide:get('/')
    tide:stop()
    return res.body, res
  end
end

-- A gate of one thread with these limits, whose script may fail.
function script.limited(limits, text, more)
  local opts = options(text, { workers = 1, limits = limits }, more)
  opts.expect_errors = opts.expect_errors or { 'event=script_error' }
  return gate.serve(opts)
end

return script
