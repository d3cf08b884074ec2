local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local SCRIPT = "return function() return 'ok' end\n"

-- What `tidegate check` says of a site.lua, one problem a line, without the folder; its status.
local function check(text, more)
  local opts = { site = text, scripts = { ['a.lua'] = SCRIPT }, seconds = 90 }
  for name, value in pairs(more or {}) do opts[name] = value end
  local result = gate.command('check', opts)
  local said = result.err:gsub(result.folder:gsub('%p', '%%%0') .. '/', '')
  return said, result.status, result.out
end

-- A site with one more line, which is the second.
local function with(line)
  return 'return {\n  ' .. line .. ',\n' ..
    "  routes = { { 'GET /', 'a.lua' } },\n}\n"
end

local function backend_with(entry)
  return with("backends = { shop = { 'http://127.0.0.1:9', " .. entry .. ' } }')
end

local function route_with(entry)
  return 'return {\n  routes = {\n    { ' .. "'GET /', 'a.lua', " .. entry .. ' },\n  },\n}\n'
end

local function refused(text, pattern)
  local said, status = check(text)
  assert.equal(1, status, 'accepted: ' .. text)
  assert.matches(pattern, said)
end

local function accepted(text)
  local said, status = check(text)
  assert.equal('', said, text)
  assert.equal(0, status)
end

describe('a key of site.lua', function()
  local wrong = {
    { "listen = 'http://127.0.0.1:8080'", 'listen must be a list; it is a string' },
    { 'listen = { 8080 }', 'listen must be a string; it is a number' },
    { "listen = { '127.0.0.1:8080' }",
      "an address to listen on looks like 'http://127.0.0.1:8080'" },
    { "listen = { 'http://127.0.0.1' }", 'a port from 0 to 65535 is missing' },
    { "listen = { 'http://127.0.0.1:65536' }", 'a port from 0 to 65535 is missing' },
    { "listen = { 'http://localhost:80' }", 'the host must be an IP address' },
    { "listen = { 'https://127.0.0.1:8443' }", 'https listeners are not supported' },
    { "workers = '2'", 'workers must be a whole number from 1 to 256' },
    { 'workers = 0', 'workers must be a whole number from 1 to 256' },
    { 'workers = 257', 'workers must be a whole number from 1 to 256' },
    { 'workers = 1.5', 'workers must be a whole number from 1 to 256' },
    { 'backends = 5', 'backends must be a table; it is a number' },
    { "backends = { ['a b'] = 'http://127.0.0.1:9' }", "the name of a backend has letters.*'a b'" },
    { "backends = { 'http://127.0.0.1:9' }", "the name of a backend has letters.*'1'" },
    { 'backends = { shop = {} }', "backend 'shop' needs at least one address" },
    { 'backends = { shop = 7 }', "backend 'shop' must be a table; it is a number" },
    { 'backends = { shop = { 7 } }', 'an address must be a string; it is a number' },
    { "backends = { shop = 'ftp://127.0.0.1' }",
      'an address begins with http://, https:// or unix:' },
    { "backends = { shop = 'http://127.0.0.1:0' }", 'the port is out of range: 1 to 65535' },
    { "backends = { shop = 'http://127.0.0.1:65536' }", 'the port is out of range: 1 to 65535' },
    { "backends = { shop = 'http://u@127.0.0.1' }", 'an address has no user in it' },
    { "before = 'a.lua'", 'before must be a list; it is a string' },
    { "before = { 'none.lua' }", "script 'none.lua' can't be read" },
    { "timeout = 'soon'", 'timeout must be seconds %(a number%) or a text such as' },
    { 'timeout = true', 'timeout must be seconds.*it is a boolean' },
    { 'timeout = 0.0009', 'timeout must be from 0.001 to 86400 seconds' },
    { 'timeout = 86400.1', 'timeout must be from 0.001 to 86400 seconds' },
    { 'timeout = 0/0', 'timeout must be seconds' },
    { "timeout = '5 s'", 'timeout must be seconds' },
    { "timeout = '-5s'", 'timeout must be seconds' },
    { "timeout = '2w'", 'timeout must be seconds' },
    { "timeout = '2d'", 'timeout must be from 0.001 to 86400 seconds' },
    { "trusted = '10.0.0.0/8'", 'trusted must be a list; it is a string' },
    { "trusted = { '10.0.0.0/33' }", 'a number from 0 to 32 must follow the slash' },
    { "trusted = { 'fd00::/129' }", 'a number from 0 to 128 must follow the slash' },
    { "trusted = { 'intranet' }", "a network looks like '10.0.0.0/8'" },
    { 'limits = 5', 'limits must be a table; it is a number' },
    { "limits = { body = 'big' }", "body must be bytes %(a number%) or a text such as '64KB'" },
    { 'limits = { head = 255 }', 'head must be from 256 to 262144 bytes' },
    { "limits = { head = '257KB' }", 'head must be from 256 to 262144 bytes' },
    { 'limits = { fields = 101 }', 'fields must be a whole number from 1 to 100' },
    { 'limits = { url = 15 }', 'url must be from 16 to 131072 bytes' },
    { 'limits = { requests = 0 }', 'requests must be a whole number from 1 to' },
    { 'limits = { connections = 0 }', 'connections must be a whole number from 1 to 1000000' },
    { 'limits = { head_timeout = 0.009 }', 'head_timeout must be from 0.01 to 86400 seconds' },
    { "limits = { send_timeout = '2d' }", 'send_timeout must be from 0.01 to 86400 seconds' },
    { "limits = { body_rate = 'x' }", 'body_rate must be bytes' },
    { 'limits = { head_timout = 1 }', "unknown key 'head_timout'.*mean 'head_timeout'" },
    { 'limits = { body = -1 }', 'body must be from 0 to 33554431 bytes' },
    { "limits = { body = '32MB' }", 'body must be from 0 to 33554431 bytes' },
    { 'limits = { stuck = 0.099 }', 'stuck must be from 0.1 to 7200 seconds' },
    { 'limits = { stuck = 7200.1 }', 'stuck must be from 0.1 to 7200 seconds' },
    { 'limits = { worker_memory = 16777215 }', 'worker_memory must be from 16777216 to' },
    { 'limits = { script_cpu = 0 }', 'script_cpu must be from 0.001 to 3600 seconds' },
    { 'limits = { script_cpu = 3600.1 }', 'script_cpu must be from 0.001 to 3600 seconds' },
    { 'limits = { script_cpu = {} }', 'script_cpu must be seconds.*it is a table' },
    { 'limits = { script_memory = 1048575 }', 'script_memory must be from 1048576 to' },
    { "limits = { script_memory = '65GB', lua_memory = '64GB' }", 'script_memory must be from' },
    { "limits = { script_memory = '1MB', lua_memory = 8388607 }",
      'lua_memory must be from 8388608' },
    { "limits = { lua_memory = '65GB' }", 'lua_memory must be from 8388608 to 68719476736 bytes' },
    { "limits = { script_memory = '9MB', lua_memory = '8MB' }",
      'script_memory must not be above lua_memory' },
    { "log = 'stdout'", 'log must be a table; it is a string' },
    { 'log = { access = true }', 'access must be a string; it is a boolean' },
    { 'log = { access = 1 }', 'access must be a string; it is a number' },
    { "log = { level = 'wran' }", "level must be one of .*; did you mean 'warn'%?" },
    { 'log = { level = 3 }', "level must be one of 'debug', 'info', 'warn', 'error'" },
    { "debug = 'yes'", 'debug must be true or false; it is a string' },
    { "package_path = { 'x/?.lua' }", 'package_path must be a string; it is a table' },
    { 'reload = { guard = { errors = 0 } }', 'errors must be a number above 0, at most 1' },
    { 'reload = { guard = { errors = 1.1 } }', 'errors must be a number above 0, at most 1' },
    { 'reload = { guard = { window = 0.9 } }', 'window must be from 1 to 3600 seconds' },
    { 'reload = { gard = {} }', "unknown key 'gard'.*mean 'guard'" },
    { 'drain_timeout = -1', 'drain_timeout must be from 0 to 3600 seconds' },
    { 'drain_timeout = 3600.1', 'drain_timeout must be from 0 to 3600 seconds' },
    { 'drain_timeout = false', 'drain_timeout must be seconds' },
    { 'io_uring = 1', 'io_uring must be true or false; it is a number' },
  }
  for _, case in ipairs(wrong) do
    it('is refused, with its line: ' .. case[1], function()
      refused(with(case[1]), '^site%.lua:2: [^\n]*' .. case[2] .. '[^\n]*\n$')
    end)
  end

  local right = {
    "listen = { 'http://127.0.0.1:0', 'http://[::1]:65535/', 'http://0.0.0.0:80' }",
    'workers = 1', 'workers = 256', 'backends = {}', 'before = {}', 'before = { "a.lua" }',
    'timeout = 0.001', 'timeout = 86400', "timeout = '1d'", "timeout = '1ms'", "timeout = '0.5h'",
    "timeout = '1440m'", "timeout = '1.5s'", "trusted = { '10.0.0.0/0', '10.1.2.3/32', '::1/128' }",
    "trusted = { '10.1.2.3', 'fd00::/8' }", 'limits = {}', 'limits = { body = 0 }',
    'limits = { head = 256, fields = 1, url = 16, requests = 1, connections = 1, bodies = 0 }',
    "limits = { head = '256KB', fields = 100, url = '128KB', connections = 1000000 }",
    "limits = { head_timeout = '10ms', keepalive_timeout = '1d', send_rate = 0, body_rate = 0 }",
    'limits = { body = 33554431 }', "limits = { body = '1024B' }", "limits = { body = '0.5MB' }",
    "limits = { stuck = '100ms', worker_memory = '16MB' }", 'limits = { stuck = 7200 }',
    'limits = { script_cpu = 0.001 }', 'limits = { script_cpu = 3600 }',
    "limits = { script_memory = 1048576, lua_memory = 8388608 }",
    "limits = { script_memory = '64GB', lua_memory = 68719476736 }",
    "log = {}", 'log = { access = false }', "log = { access = 'stdout', level = 'debug' }",
    'reload = { guard = { errors = 1, window = 3600 } }', 'reload = { guard = {} }',
    'debug = true', "package_path = 'vendor/?.lua'", 'drain_timeout = 0', 'drain_timeout = 3600',
    'io_uring = true', 'io_uring = false',
  }
  for _, line in ipairs(right) do
    it('is accepted: ' .. line, function() accepted(with(line)) end)
  end

  it('must be there when it is routes', function()
    refused('return {}\n', '^site%.lua: a site needs routes\n$')
  end)
end)

describe('a key of a backend', function()
  local wrong = {
    { 'timeout = 0', 'timeout must be from 0.001' }, { "timeout = 'x'", 'timeout must be seconds' },
    { 'timeout = 86400.1', 'timeout must be from' },
    { 'connect_timeout = 0', 'connect_timeout must be from' },
    { 'connect_timeout = {}', 'connect_timeout must be seconds' },
    { 'first_byte_timeout = 0', 'first_byte_timeout must be from' },
    { 'first_byte_timeout = "1x"', 'first_byte_timeout must be seconds' },
    { 'idle_timeout = 0', 'idle_timeout must be from' },
    { 'idle_timeout = false', 'idle_timeout must be seconds' },
    { 'limit = -1', 'limit must be from 0 to 1073741824 bytes' },
    { 'limit = 1073741825', 'limit must be from 0 to 1073741824 bytes' },
    { "limit = '8mb'", 'limit must be bytes' },
    { 'head_limit = 1023', 'head_limit must be from 1024 to 1048576 bytes' },
    { 'head_limit = 1048577', 'head_limit must be from 1024 to 1048576 bytes' },
    { 'head_limit = {}', 'head_limit must be bytes' },
    { 'keepalive = -1', 'keepalive must be a whole number from 0 to 65535' },
    { 'keepalive = 65536', 'keepalive must be a whole number from 0 to 65535' },
    { "keepalive = '1'", 'keepalive must be a whole number' },
    { 'keepalive_timeout = -1', 'keepalive_timeout must be from 0' },
    { 'keepalive_timeout = 86400.1', 'keepalive_timeout must be from 0' },
    { "expect = '6xx'", "expect must be a status such as 200 or a class such as '2xx'" },
    { "expect = '20'", 'expect must be a status' }, { 'expect = 99', 'expect must be a status' },
    { 'expect = 600', 'expect must be a status' }, { 'expect = true', 'expect must be a status' },
    { "timeotu = 2", "unknown key 'timeotu' in backend 'shop'; did you mean 'timeout'%?" },
    { "balance = 'lest'", "balance must be one of 'round.robin', 'least'; did you mean" },
    { 'retries = -1', 'retries must be a whole number from 0 to 10' },
    { 'retries = 11', 'retries must be a whole number from 0 to 10' },
    { 'retry_budget = 101', 'retry_budget must be a whole number from 0 to 100' },
    { 'retry_budget = -1', 'retry_budget must be a whole number from 0 to 100' },
    { 'connections = 0', 'connections must be a whole number from 1 to 65535' },
    { 'connections = 65536', 'connections must be a whole number from 1 to 65535' },
    { 'queue = -1', 'queue must be a whole number from 0 to 65535' },
    { 'queue = 65536', 'queue must be a whole number from 0 to 65535' },
    { 'queue_timeout = 0', 'queue_timeout must be from 0.001' },
    { 'queue_timeout = 86400.1', 'queue_timeout must be from 0.001' },
    { 'lifetime = -1', 'lifetime must be from 0' },
    { "lifetime = '31d'", 'lifetime must be from 0 to 2.592e.06 seconds' },
    { 'eject = true', 'eject must be a table; it is a boolean' },
    { 'eject = { failures = 0 }', 'failures must be a whole number from 1 to 1000' },
    { 'eject = { failures = 1001 }', 'failures must be a whole number from 1 to 1000' },
    { 'eject = { time = 0 }', 'time must be from 0.001' },
    { 'eject = { most = 86400.1 }', 'most must be from 0.001' },
    { 'eject = { after = 1 }', "unknown key 'after' in eject" },
    { 'tls = true', 'tls must be a table; it is a boolean' },
    { "tls = {}", "tls is for addresses with https://; backend 'shop' has none" },
  }
  for _, case in ipairs(wrong) do
    it('is refused, with its line: ' .. case[1], function()
      refused(backend_with(case[1]), '^site%.lua:2: [^\n]*' .. case[2] .. '[^\n]*\n$')
    end)
  end

  it('is accepted at its bounds', function()
    for _, entry in ipairs { 'timeout = 0.001', "timeout = '1d'", 'connect_timeout = 0.001',
      'first_byte_timeout = 86400', 'idle_timeout = 0.001', 'limit = 0', "limit = '1GB'",
      'head_limit = 1024', "head_limit = '1MB'", 'keepalive = 0', 'keepalive = 65535',
      'keepalive_timeout = 0', "expect = '2xx'", 'expect = 200', "expect = '599'",
      "balance = 'least'", "balance = 'round-robin'", 'retries = 0', 'retries = 10',
      'retry_budget = 0', 'retry_budget = 100', 'connections = 1', 'connections = 65535',
      'queue = 0', 'queue = 65535', 'queue_timeout = 0.001', "queue_timeout = '1d'",
      'lifetime = 0', "lifetime = '30d'", 'eject = false', 'eject = {}',
      'eject = { failures = 1, time = 0.001, most = 0.001 }',
      "eject = { failures = 1000, time = '1d', most = '1d' }",
      "'https://127.0.0.1', tls = { verify = true, minimum = '1.2' }" } do
      accepted(backend_with(entry))
    end
  end)

  it('is refused beyond 64 addresses', function()
    local list = ("'http://127.0.0.1:9', "):rep(63)
    accepted(backend_with(list))
    refused(backend_with(list .. "'http://127.0.0.1:9'"), "backend 'shop' has more than 64")
  end)
end)

describe('a route', function()
  local wrong = {
    { "timeout = 0", 'timeout must be from 0.001' }, { 'timeout = {}', 'timeout must be seconds' },
    { "before = 'a.lua'", 'before must be a list' }, { 'before = { 7 }',
      'before must be a string' },
    { 'settings = 5', 'settings must be a table; it is a number' },
    { 'settings = { f = pairs }', 'values are strings, numbers, booleans.*a function' },
    { 'settings = { [true] = 1 }', 'keys are strings or numbers, this has a boolean' },
    { "jit = 'on'", 'jit must be true or false' },
    { "'b.lua'", "route 'GET /' has a third item" },
    { "timeot = 5", "unknown key 'timeot' in a route; did you mean 'timeout'%?" },
    { "backend = 'shop'", "route 'GET /' has a script and a backend" },
  }
  for _, case in ipairs(wrong) do
    it('is refused, with its line: ' .. case[1], function()
      refused(route_with(case[1]), '^site%.lua:3: [^\n]*' .. case[2] .. '[^\n]*\n$')
    end)
  end

  it('is accepted with all its keys', function()
    accepted(route_with("timeout = '1d', before = { 'a.lua' }, " ..
      "settings = { x = { 1, 'y', z = true } }, jit = false"))
    accepted(route_with 'jit = true, settings = {}, before = {}')
  end)

  local patterns = {
    { "'/a', 'a.lua'", "a route's pattern is 'METHOD /path'" },
    { "'GET a', 'a.lua'", "a route's pattern is 'METHOD /path'" },
    { "'GET  /a', 'a.lua'", "a route's pattern is 'METHOD /path'" },
    { "'get /a', 'a.lua'", "'get' is not a method" },
    { "'CONNECT /a', 'a.lua'", 'CONNECT is not' },
    { "'GET /{a...}/b', 'a.lua'", '{a...} must be the last' },
    { "'GET /{a}/{a}', 'a.lua'", '{a} stands twice' },
    { "'GET /x{a}', 'a.lua'", "'x{a}' is neither" },
    { "'GET /{1}', 'a.lua'", "'{1}' is neither" },
    { "'GET /{a..}', 'a.lua'", "'{a..}' is neither" },
    { "'GET /a/../b', 'a.lua'", 'can never match' },
    { "'GET /a//b', 'a.lua'", 'can never match' },
    { "'GET /a/%2e/b', 'a.lua'", 'can never match' },
    { "'GET /a%2', 'a.lua'", 'broken escape' },
    { "7, 'a.lua'", 'a route begins with its pattern' },
    { "'GET /a'", "route 'GET /a' needs a script" },
    { "'GET /a', 7", 'a script must be a string' },
    { "'GET /a', 'none.lua'", "script 'none.lua' can't be read" },
    { "'GET /a', '.'", "script '.' can't be read" },
  }
  for _, case in ipairs(patterns) do
    it('is refused when it is { ' .. case[1] .. ' }', function()
      refused('return {\n  routes = {\n    { ' .. case[1] .. ' },\n  },\n}\n',
        '^site%.lua:3: [^\n]*' .. case[2]:gsub('[%-%.%?]', '%%%0'))
    end)
  end

  it('may not have the shape of another one', function()
    local said = check [[
return {
  routes = {
    { 'GET /a/{id}', 'a.lua' },
    { 'POST /a/{id}', 'a.lua' },
    { 'GET /a/{name}', 'a.lua' },
    { 'GET /%61/{x}', 'a.lua' },
    { 'GET /b/{x...}', 'a.lua' },
    { 'GET /b/{y...}', 'a.lua' },
    { 'GET /b/{y}', 'a.lua' },
  },
}]]
    assert.equal([[
site.lua:5: route 'GET /a/{name}' has the same shape as 'GET /a/{id}' in line 3
site.lua:6: route 'GET /%61/{x}' has the same shape as 'GET /a/{id}' in line 3
site.lua:8: route 'GET /b/{y...}' has the same shape as 'GET /b/{x...}' in line 7
]], said)
  end)
end)

describe('what is not built', function()
  for _, line in ipairs { 'auth = {}', 'tls = {}' } do
    it('is an unknown key: ' .. line, function()
      refused(with(line), "^site%.lua:2: unknown key '" .. line:match '^%a+')
    end)
  end
end)

describe('problems', function()
  it('are all told at once, in the order of their lines', function()
    local said, status = check [==[
-- A comment with workers = 0 in it, and { a brace.
--[[ a long one
  workers = 'x', ]]
local function make(x) return { x, timeout = 1 } end
local text = [[
workers = 'no'
]]
return {
  workers = 'x', -- { not a table
  ['timeout'] = 'y',
  log = {
    level = 'loud', acess = 'stdout',
  },
  backends = {
    a = make('http://127.0.0.1:9'),
    b = {
      'http://127.0.0.1:9', "http://127.0.0.1:70000",
      limit = (function() if true then return 'x' end end)(),
    }; c = { 'gopher://x' },
  },
  debug = function() return { 1, { 2 } } end,
  routes = {
    { 'GET /' .. ('a'):rep(3), 'a.lua' },

    { 'GET /b', 'missing.lua', timeout = 'never', settings = {
      deep = { very = print == nil, worse = pairs } } },
  },
  'positional',
}]==]
    local lines = {}
    for line in said:gmatch '[^\n]+' do lines[#lines + 1] = line:match '^site%.lua:%d+: %S+ %S+' end
    assert.same({
      'site.lua:9: workers must', 'site.lua:10: timeout must', 'site.lua:12: unknown key',
      'site.lua:12: level must', "site.lua:17: 'http://127.0.0.1:70000': the",
      'site.lua:18: limit must', "site.lua:19: 'gopher://x': an", 'site.lua:21: debug must',
      'site.lua:25: timeout must', "site.lua:25: script 'missing.lua'",
      'site.lua:26: settings: values', 'site.lua:28: site.lua is',
    }, lines, said)
    assert.equal(1, status)
  end)

  it('name the nearest key that is known', function()
    refused(with 'worker = 2', "^site%.lua:2: unknown key 'worker'; did you mean 'workers'%?\n$")
    refused(with 'backend = {}', "unknown key 'backend'; did you mean 'backends'%?")
    refused(with 'limits = { boddy = 1 }', "unknown key 'boddy' in limits; did you mean 'body'%?")
    refused(with 'log = { acces = false }', "unknown key 'acces' in log; did you mean 'access'%?")
    refused(with 'xylophone = 1', "^site%.lua:2: unknown key 'xylophone'\n$")
  end)

  it('are told by run too, which then does not serve', function()
    local result = gate.command('run', { site = with 'workers = 0',
      scripts = { ['a.lua'] = SCRIPT } })
    assert.equal(1, result.status)
    assert.matches('site%.lua:2: workers must be', result.err)
    assert.is_nil(result.err:find('event=ready', 1, true))
  end)
end)

describe('site.lua', function()
  it('that is missing is named', function()
    local result = gate.run { 'check', '/nonexistent/site' }
    assert.equal(1, result.status)
    assert.equal("/nonexistent/site/site.lua: can't be read; " ..
      'a site is a folder with a file site.lua\n',
      result.err)
  end)

  it('with a mistake in its Lua is named with the line', function()
    refused('return {\n  routes = = 3,\n}\n', '^site%.lua:2: ')
    refused('local x\nlocal y = x.z\nreturn {}\n', "^site%.lua:2: attempt to index local 'x'")
    refused('local function f() error("no", 2) end\n\nf()\n', '^site%.lua:3: no\n$')
    refused('error { 1 }\n', '^site%.lua')
    refused('return 5\n', '^site%.lua: site%.lua must return a table; it returned a number\n$')
    refused('', '^site%.lua: site%.lua must return a table; it returned nothing\n$')
  end)

  it('that never ends is stopped, and so is one that is bytecode', function()
    refused('while true do end\n', '^site%.lua:1: still running after 2 seconds')
    refused('while true do pcall(function() while true do end end) end\n',
      'still running after 2 seconds')
    refused(string.dump(loadstring 'return {}'), 'bytecode is not read')
  end)

  it('can be built by loops and functions', function()
    accepted [[
      local routes = {}
      for _, name in ipairs { 'a', 'b' } do
        table.insert(routes, { ('GET /%s'):format(name), 'a.lua', timeout = math.max(1, 2) })
      end
      return { routes = routes }]]
  end)

  it('has no way out of it', function()
    for _, name in ipairs { 'io', 'os.execute', 'os.getenv', 'require', 'dofile', 'loadstring',
      'load', 'debug', 'package', 'ffi', 'getfenv', 'setfenv', 'string.dump', '_G' } do
      accepted('assert(' .. name .. " == nil)\nreturn { routes = { { 'GET /', 'a.lua' } } }\n")
    end
  end)
end)

describe('a script', function()
  local SITE = "return { routes = { { 'GET /', 'b.lua' }, { 'GET /a', 'a.lua' } } }\n"
  local function script(text, pattern)
    local said, status = check(SITE, { scripts = { ['a.lua'] = SCRIPT, ['b.lua'] = text } })
    assert.equal(1, status)
    assert.matches(pattern, said)
  end

  it('with a mistake is named with file and line when the site is read', function()
    script('return function(\n', '^b%.lua:%d: .*near')
    script('local x\nx.y = 1\n', "^b%.lua:2: attempt to index local 'x'")
    script('global = 1\nreturn function() end\n', '^b%.lua:1: .*global')
    script('return 5\n', 'b%.lua.*function')
    script('', 'b%.lua.*function')
    script('while true do end\n', 'b%.lua:1: ')
    script(string.dump(loadstring 'return 1'), 'b%.lua.*bytecode')
    script('local tg = require "tidegate"\n\ntg.backend "shop"\n',
      "^b%.lua:3: unknown backend 'shop': the site has no backends\n$")
    script("require 'none'\n", "^b%.lua:1: .*none")
  end)

  it('that names a backend which the site does not have is told which there are', function()
    local said =
      check("return { backends = { crm = 'http://127.0.0.1:9', old = 'http://127.0.0.1:9' },\n" ..
      "routes = { { 'GET /', 'b.lua' } } }",
      { scripts = { ['b.lua'] = "require('tidegate').backend 'crn'" } })
    assert.equal("b.lua:1: unknown backend 'crn'; the site has: crm, old\n", said)
  end)

  it('that is broken is named once, together with the others', function()
    local said = check([[return { routes = { { 'GET /1', 'b.lua' }, { 'GET /2', 'b.lua' },
      { 'GET /3', 'c.lua', before = { 'b.lua' } } } }]],
      { scripts = { ['b.lua'] = 'x = 1', ['c.lua'] = 'y = 1' } })
    local _, lines = said:gsub('\n', '')
    assert.equal(2, lines)
    assert.matches('^b%.lua:1:.*\nc%.lua:1:', said)
  end)
end)

describe('env and file', function()
  it('give what the environment and files hold', function()
    local tide = gate.serve {
      site = [[return { routes = { { 'GET /', 'a.lua', settings = {
        set = env 'TG_SPEC_SET', other = env('TG_SPEC_NOT_SET', 'otherwise'),
        key = file 'key.txt', empty = env('TG_SPEC_EMPTY', 'x') } } } }]],
      scripts = { ['a.lua'] = 'return function(req, route) return route.settings end' },
      files = { ['key.txt'] = 'line one\nline two\n' },
      env = { TG_SPEC_SET = 'there', TG_SPEC_EMPTY = '' },
    }
    assert.same({ set = 'there', other = 'otherwise', key = 'line one\nline two', empty = '' },
      tide:get('/'):json())
    tide:stop()
  end)

  it('that find nothing are problems with their lines', function()
    local said = check [[
return {
  backends = {
    shop = { 'http://127.0.0.1:9' .. env 'TG_SPEC_NOT_SET', timeout = 'x' },
  },
  routes = { { 'GET /', 'a.lua', settings = { key = file 'none.txt' } } },
}]]
    assert.matches("^site%.lua:3: the environment variable 'TG_SPEC_NOT_SET' is not set\n" ..
      'site%.lua:3: timeout must be [^\n]*\n' ..
      "site%.lua:5: file 'none%.txt' can't be read %(none%.txt%)\n$", said)
  end)

  it('give secrets that no log shows', function()
    local tide = gate.serve {
      site = [[return { routes = { { 'GET /{path...}', 'a.lua', settings = {
        token = env 'TG_SPEC_TOKEN', key = file 'key' } } } }]],
      scripts = { ['a.lua'] = [[
        local tg = require 'tidegate'
        return function(req, route)
          tg.log.info('used', { token = route.settings.token,
            key = 'the key is ' .. route.settings.key })
          if req.query.fail then error('with ' .. route.settings.token) end
          return 'ok'
        end]] },
      files = { key = 'open-sesame\n' }, env = { TG_SPEC_TOKEN = 't0ken-of-the-crm' },
      expect_errors = { 'event=script_error' },
    }
    assert.equal(200, tide:get('/at/t0ken-of-the-crm').status)
    assert.equal(500, tide:get('/?fail=1').status)
    tide:await_log 'event=script_error'
    tide:await_access(2)
    for _, text in ipairs { tide.log(), posix.read(tide.stdout) } do
      assert.is_nil(text:find('t0ken', 1, true))
      assert.is_nil(text:find('sesame', 1, true))
    end
    assert.matches('event=used key="the key is %*+" token=%*+', tide.log())
    tide:stop()
  end)
end)

describe('the command line', function()
  local function run(...) return gate.run { ... } end

  it('says what it is and how it is used', function()
    local version, help = run '--version', run '--help'
    assert.same({ 0, '' }, { version.status, version.err })
    assert.matches('^tidegate %d+%.%d+%.%d+\n$', version.out)
    assert.equal(0, help.status)
    assert.matches('^usage: tidegate COMMAND', help.out)
  end)

  it('refuses what it does not know with status 2', function()
    for _, case in ipairs {
      { { 'serve' }, "unknown command 'serve'" }, { { 'check', '--fast' },
        "unknown option '%-%-fast'" },
      { { 'check', '--port', '1' }, "unknown option '%-%-port'" },
      { { 'run', '--port' }, 'a port must follow' },
      { { 'run', '--port', 'http' }, "a port is a number from 0 to 65535, not 'http'" },
      { { 'run', '--port', '65536' }, 'a port is a number' },
      { { 'run', '--port', '-1' }, 'a port is a number' },
      { { 'run', '--port', '' }, 'a port is a number' },
      { { 'run', '--port', '8080x' }, 'a port is a number' },
      { { 'run', '--port', ' 80' }, 'a port is a number' },
      { { 'run', '--port', '+80' }, 'a port is a number' },
      { { 'check', 'a', 'b' }, "one site is enough; what is 'b'" },
      { {}, 'usage' }, { { '' }, 'unknown command' },
    } do
      local result = gate.run(case[1])
      assert.equal(2, result.status, table.concat(case[1], ' '))
      assert.equal('', result.out)
      assert.matches(case[2], result.err)
    end
  end)

  it('checks a site and says that all is well', function()
    local result = gate.command('check', { script = SCRIPT,
      backends = { a = { 'http://127.0.0.1:9' } } })
    assert.equal(0, result.status)
    assert.equal(result.folder .. ': 2 routes, 1 backends: all is well\n', result.out)
  end)

  it('checks that the names of backends can be resolved', function()
    local said, status = check [[return { backends = { crm = 'http://no-such-host.invalid' },
      routes = { { 'GET /', 'a.lua' } } }]]
    assert.equal(1, status)
    assert.matches("^site%.lua: backend 'crm': the name " ..
      "'no%-such%-host%.invalid' can't be resolved", said)
  end)

  it('shows the table of routes', function()
    local result = gate.command('routes', { scripts = { ['a.lua'] = SCRIPT }, routes = {
      { 'GET /a/{id}', 'a.lua', timeout = 5 }, { 'ANY /', 'a.lua', jit = true,
        before = { 'a.lua' } } } })
    assert.equal(0, result.status)
    assert.matches('^ROUTE +SCRIPT +POLICY\nGET /a/{id} +a%.lua +timeout=5s\n' ..
      'ANY / +a%.lua +timeout=10s jit before\n$', result.out)
  end)

  it('fails at once when the port is taken', function()
    local fd, port = posix.listen()
    for _, listen in ipairs { '127.0.0.1', '0.0.0.0' } do
      local before = posix.now()
      local result = gate.command('run', { site = { listen = { 'http://' .. listen .. ':' ..
        port } },
        routes = { { 'GET /', 'a.lua' } }, scripts = { ['a.lua'] = SCRIPT } })
      assert.equal(1, result.status)
      local said = "tidegate: can't listen on %s port %d: Address already in use\n"
      assert.equal(said:format(listen, port),
        result.err)
      assert.is_true(posix.now() - before < 5)
    end
    posix.close(fd)
  end)

  it('fails when the access log cannot be opened', function()
    local result = gate.command('run', { script = SCRIPT,
      site = { listen = { 'http://127.0.0.1:0' }, log = { access = '/nonexistent/log' } } })
    assert.equal(1, result.status)
    assert.equal("tidegate: the access log '/nonexistent/log' can't be opened: " ..
      'No such file or directory\n',
      result.err)
  end)
end)

describe('listeners', function()
  it('serve on every address, with IPv6 among them', function()
    local tide = gate.serve { script = SCRIPT, site = { listen = { 'http://127.0.0.1:1',
      'http://127.0.0.1:0', 'http://[::1]:0' } } }
    tide:await_log 'url=http://127[^\n]*\n.*url=http://127[^\n]*\n.*url=http://%[::1%]'
    local ports = {}
    for port in tide.log():gmatch 'url=http://127%.0%.0%.1:(%d+)' do ports[#ports + 1] =
      tonumber(port) end
    assert.equal(2, #ports)
    assert.equal(tide.port, ports[1])
    for _, port in ipairs(ports) do
      assert.equal('ok', client.request(port, { path = '/' }).body)
    end
    local v6 = tide.log():match 'url=http://%[::1%]:(%d+)'
    local curl = io.popen(("curl -s --max-time 5 'http://[::1]:%s/'"):format(v6))
    assert.equal('ok', curl:read '*a')
    curl:close()
    tide:stop()
  end)

  it('are shared by all workers', function()
    local tide = gate.serve { site = { workers = 4 }, script = [[
      local tg = require 'tidegate'
      local own = tg.uuid()
      return function() tg.sleep(0.02) return own end]] }
    local seen, count = {}, 0
    for _ = 1, 50 do
      local requests = {}
      for i = 1, 40 do requests[i] = { path = '/' } end
      for _, res in ipairs(tide:all(requests)) do
        if not seen[res.body] then count = count + 1 end
        seen[res.body] = true
      end
      if count == 4 then break end
    end
    assert.equal(4, count)
    assert.matches('event=ready[^\n]* workers=4 routes=2', tide.log())
    tide:stop()
  end)
end)
