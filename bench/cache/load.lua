-- The cache of a process under load: bench/cache/run.sh memory | threads.
package.path = './?.lua;' .. package.path

local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local MB = 1048576

local SCRIPT = [[
  local tg = require 'tidegate'
  return function(req) return tg.text(('x'):rep(tonumber(req.params.size))) end]]

local function serve(workers, memory)
  return gate.serve { site = { workers = workers, admin = 'unix:admin.sock',
    cache = { memory = memory, object = '128KB' }, log = { access = false } },
    routes = { { 'GET /{size}/{n}', 'main.lua', cache = { ttl = 3600 } } },
    scripts = { ['main.lua'] = SCRIPT } }
end

local function wrk(tide, options, path)
  local pipe = io.popen(('wrk %s http://127.0.0.1:%d%s'):format(options, tide.port, path))
  local text = pipe:read('*a')
  pipe:close()
  return tonumber(text:match 'requests=(%d+)' or text:match '(%d+) requests in') or error(text)
end

local function account(tide)
  local answer = client.request(tide.site .. '/admin.sock', { path = '/status' })
  return cjson.decode(answer.body).cache
end

-- CPU seconds of all threads so far.
local function cpu(tide)
  local sum = 0
  local list = io.popen('cat /proc/' .. tide.pid .. '/task/*/schedstat')
  for line in list:lines() do sum = sum + tonumber(line:match '^(%d+)') / 1e9 end
  list:close()
  return sum
end

local run = {}

-- Bytes of the process, and of the cache by its own count, after `mb` MB of distinct objects.
local function feed(workers, memory, mb)
  local tide = serve(workers, memory)
  local stored
  repeat
    wrk(tide, '-t1 -c8 -d1s -s bench/lib/objects.lua', '')
    stored = account(tide).store * 16750
  until stored >= mb * MB
  local bytes, own = tide:memory(), account(tide).bytes
  tide:stop()
  return bytes, own, stored
end

-- What the process holds more with a bound of 64 MB than with one of 1 MB, after the same load.
function run.memory(mb)
  mb = tonumber(mb or 1024)
  for _, workers in ipairs { 1, 4 } do
    local without = feed(workers, '1MB', mb / 4)
    local with, own, stored = feed(workers, '64MB', mb)
    print(('%d threads, %4d MB of distinct objects: %.1f MB by its own count, %.1f MB of the '
      .. 'process: %.3f and %.3f of the bound'):format(workers, stored / MB, own / MB,
      (with - without) / MB + 1, own / (64 * MB), ((with - without) / MB + 1) / 64))
  end
end

-- CPU time of a hit with 1 and with 4 threads, in turns; the least of each counts.
function run.threads(times)
  local least = {}
  for _ = 1, tonumber(times or 7) do
    for _, workers in ipairs { 1, 4 } do
      local tide = serve(workers, '64MB')
      wrk(tide, '-t1 -c64 -d1s', '/1000/one')
      local begun = cpu(tide)
      local n = wrk(tide, '-t1 -c64 -d2s', '/1000/one')
      local us = (cpu(tide) - begun) / n * 1e6
      least[workers] = math.min(least[workers] or us, us)
      print(('%d threads: %.2f us of CPU a hit, %d hits'):format(workers, us, n))
      tide:stop()
    end
  end
  print(('least: %.2f us with 1 thread, %.2f us with 4: %.3f times'):format(least[1], least[4],
    least[4] / least[1]))
end

assert(run[arg[1]], 'memory or threads?')(arg[2])
posix.pause(0)
