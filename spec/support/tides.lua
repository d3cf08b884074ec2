-- Tidegates that share a Redis and a backend named shop.
--
--   local one, other, redis, shop = tides.two({ ['/x'] = tides.text 'up' })
--     opts: cache = of the route that passes all on; redis = the site's; lock, timeout = of it;
--     scripts, routes = more of them; backend = the options of the backend
--   tides.await_stored(one, 1)
local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local redis_server = require 'spec.support.redis'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local tides = {}

function tides.text(body, headers)
  return ('HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%s\r\n%s'):format(#body, headers or '', body)
end

-- What a script purges, it purges everywhere.
local PURGE = [[
  local tg = require 'tidegate'
  return function(req)
    tg.cache:purge { [req.query.kind] = req.query.what or true, soft = req.query.soft ~= nil }
    return tg.json({ done = true })
  end]]

function tides.serve(redis, shop, opts)
  opts = opts or {}
  local scripts, routes = { ['purge.lua'] = PURGE }, { { 'GET /purge', 'purge.lua' } }
  for name, script in pairs(opts.scripts or {}) do scripts[name] = script end
  for _, route in ipairs(opts.routes or {}) do routes[#routes + 1] = route end
  routes[#routes + 1] = { 'ANY /{path...}', backend = 'shop', cache = opts.cache or { ttl = 60 } }
  return gate.serve {
    site = { workers = opts.workers or 2, admin = 'unix:admin.sock',
      -- a busy machine may need more than 20 ms
      cache = { redis = opts.redis or
        { url = redis.url, lock = opts.lock, timeout = opts.timeout or 1 } } },
    backends = { shop = opts.backend or { shop.url, eject = false } },
    scripts = scripts,
    routes = routes,
  }
end

function tides.count(tide)
  local answer = client.request(tide.site .. '/admin.sock', { path = '/status' })
  return cjson.decode(answer.body).redis
end

function tides.await(tide, what)
  return wait.eventually(function() return what(tides.count(tide)) end)
end

function tides.await_ready(tide)
  tides.await(tide, function(now)
    return now.state == 'ready' and now.connections == tide.opts.site.workers
  end)
end

-- Until what was told by one is known to the other.
function tides.await_heard(tide, n)
  tides.await(tide, function(now) return now.purges_heard >= n and now.state == 'ready' end)
end

function tides.await_told(tide, n)
  tides.await(tide, function(now) return now.purges_told >= n and now.purges_pending == 0 end)
end

function tides.await_stored(tide, n)
  tides.await(tide, function(now) return now.stored >= n end)
end

function tides.two(answers, opts)
  local redis, shop = redis_server.start(), upstream(answers)
  local one, other = tides.serve(redis, shop, opts), tides.serve(redis, shop, opts)
  tides.await_ready(one)
  tides.await_ready(other)
  return one, other, redis, shop
end

function tides.stop(...)
  for _, thing in ipairs { ... } do thing:stop() end
end

return tides
