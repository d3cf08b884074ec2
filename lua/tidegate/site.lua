-- Reads a site strictly: runs site.lua, checks every key, and gives either a plain table that the
-- program takes over, or all problems at once, each with its line.
local native, folder, changes_text = ...

local read_file, sort, insert = native.read, table.sort, table.insert

local path = folder .. '/site.lua'
local secrets = {}
local changes = changes_text and loadstring('return ' .. changes_text)() or {}
local changed_env, addresses = changes.env or {}, changes.addresses
changes.env, changes.addresses = nil, nil
local check = native.library 'check' (native.library 'distance' ())
local find_lines = native.library 'lines' ()
local problem, complain, nearest, absent, kind_of =
  check.problem, check.complain, check.nearest, check.absent, check.kind_of
local duration, size, number, boolean, text =
  check.duration, check.size, check.number, check.boolean, check.text
local one_of, record, list_of, no_positions =
  check.one_of, check.record, check.list_of, check.no_positions

-- The parts of a site.

local function script(value, where, name)
  if not text(value, where, name) then return nil end
  local full = value:sub(1, 1) == '/' and value or folder .. '/' .. value
  if not read_file(full) then
    return complain(where, "script '%s' can't be read (%s)", value, full)
  end
  return value
end

local function listener(value, where)
  if not text(value, where, 'listen') then return nil end
  local message = native.listen(value)
  if message then return complain(where, "listen: '%s': %s", value, message) end
  return value
end

local admin_checks = { token = text }

-- An address alone, or { address, token = 'secret' }.
local function admin(value, where)
  if type(value) == 'string' then value = { value } end
  local result = record(value, where, 'admin', admin_checks)
  if type(value) ~= 'table' or value[1] == absent then return nil end
  if type(value[1]) ~= 'string' then
    return complain(where, "admin needs an address: 'http://127.0.0.1:9090' or 'unix:admin.sock'")
  end
  if result.token and (#result.token < 8 or result.token:find('[^!-~]')) then
    return complain(where, 'the token of admin has at least 8 characters, none of them a space')
  end
  local message = native.admin(value[1], folder, value.token ~= nil)
  if message then return complain(where, "admin: '%s': %s", value[1], message) end
  result.address = value[1]
  return result
end

local function network(value, where)
  if not text(value, where, 'trusted') then return nil end
  local message = native.network(value)
  if message then return complain(where, "trusted: '%s': %s", value, message) end
  return value
end

local tls = native.library 'tls' (native, check, folder)
local backends = native.library 'backends' (native, check, tls)
local caching = native.library 'caching' (native, check, tls)
local codec = native.library 'codec' (check)
local self_test = native.library 'self_test' (check)
local routes = native.library 'routes' (native, check, script, caching, codec, self_test)

local limit_checks = {
  body = size(0, 33554431), script_cpu = duration(1, 3600e3),
  script_memory = size(1048576, 68719476736), lua_memory = size(8388608, 68719476736),
  head = size(256, 262144), fields = number(1, 100), url = size(16, 131072),
  head_timeout = duration(10, 86400e3), keepalive_timeout = duration(10, 86400e3),
  body_timeout = duration(10, 86400e3), body_rate = size(0, 1073741824),
  send_timeout = duration(10, 86400e3), send_rate = size(0, 1073741824),
  requests = number(1, 1000000000), connections = number(1, 1000000),
  bodies = size(0, 1099511627776), worker_memory = size(16777216, 1099511627776),
  stuck = duration(100, 7200e3),
}

local log_checks = {
  access = function(value, where, name)
    if value == false then return false end
    return text(value, where, name)
  end,
  level = one_of('debug', 'info', 'warn', 'error'),
}

local function part(name, checks)
  return function(value, where)
    no_positions(value, where, name)
    return record(value, where, name, checks)
  end
end

local function share(value, where, name)
  if type(value) ~= 'number' or not (value > 0 and value <= 1) then
    return complain(where, '%s must be a number above 0, at most 1', name)
  end
  return value
end

local reload_checks = {
  guard = part('guard', { errors = share, window = duration(1e3, 3600e3) }), specs = boolean,
  specs_timeout = duration(100, 600e3),
}

local site_checks = {
  listen = list_of(listener), admin = admin, workers = number(1, 256), backends = backends,
  routes = routes, xml = codec.xml, json = codec.json, codec_threads = number(1, 64),
  limits = part('limits', limit_checks), log = part('log', log_checks),
  timeout = duration(1, 86400e3), before = list_of(script), trusted = list_of(network),
  reload = part('reload', reload_checks), debug = boolean, package_path = text,
  drain_timeout = duration(0, 3600e3), cache = caching.site, io_uring = boolean,
}

-- What site.lua itself may use.

-- Logs escape quotes, backslashes and control characters: what stands between them is masked too.
local function secret(value)
  if #value >= 4 then insert(secrets, value) end
  if value:find '[%c"\\]' then
    for piece in value:gmatch '[^%c"\\]+' do
      if #piece >= 8 then insert(secrets, piece) end
    end
  end
  return value
end

local function env(name, otherwise)
  if type(name) ~= 'string' then
    error("env takes the name of an environment variable: env 'NAME'", 2)
  end
  local value = changed_env[name] or os.getenv(name)
  if value ~= nil then return secret(value) end
  if otherwise ~= nil then return otherwise end
  problem(debug.getinfo(2, 'l').currentline, "the environment variable '%s' is not set", name)
  return absent
end

local function file(name)
  if type(name) ~= 'string' then error("file takes a path: file 'path'", 2) end
  local full = name:sub(1, 1) == '/' and name or folder .. '/' .. name
  local content = read_file(full)
  if content then return secret((content:gsub('\r?\n$', ''))) end
  problem(debug.getinfo(2, 'l').currentline, "file '%s' can't be read (%s)", name, full)
  return absent
end

-- Set when site.lua has run for too long: then no pcall may swallow the end.
local stopped

local function passed_on(...)
  if stopped then error(stopped, 0) end
  return ...
end

local function environment()
  local names = { pcall = function(...) return passed_on(pcall(...)) end }
  for _, name in ipairs { 'assert', 'error', 'ipairs', 'next', 'pairs', 'select', 'tonumber',
    'tostring', 'type', 'unpack' } do names[name] = _G[name] end
  for _, name in ipairs { 'string', 'table', 'math', 'bit' } do
    local copy = {}
    for key, value in pairs(_G[name]) do copy[key] = value end
    names[name] = copy
  end
  names.string.dump = nil
  names.os = { getenv = nil, date = os.date, time = os.time, clock = os.clock }
  names.env, names.file = env, file
  return names
end

-- Errors of Lua say file:line: themselves; take the line out of them.
local function problem_of_lua(message)
  message = tostring(message)
  local line, rest = message:match('^[^\n]-:(%d+): (.*)$')
  problem(tonumber(line), '%s', rest or message)
end

local function run(source)
  if source:byte() == 27 then
    return problem(1, 'bytecode is not read')
  end
  local chunk, message = loadstring(source, '@' .. path)
  if not chunk then return problem_of_lua(message) end
  setfenv(chunk, environment())
  local until_cpu = native.cpu() + 2 -- of this thread: others serve meanwhile
  debug.sethook(function()
    if native.cpu() < until_cpu then return end
    local line = debug.getinfo(2, 'l').currentline
    stopped = stopped or ('%s:%d: still running after 2 seconds of CPU time'):format(path, line)
    error(stopped, 0)
  end, '', 100000)
  local ok, result = pcall(chunk)
  debug.sethook()
  if not ok then return problem_of_lua(result) end
  if type(result) ~= 'table' then
    return problem(nil, 'site.lua must return a table; it returned %s', kind_of(result))
  end
  return result
end

-- What a spec wants to be different. A list takes the place of a list; names are merged.
local function change(value, changed)
  for key, new in pairs(changed) do
    local old = value[key]
    if type(old) == 'table' and type(new) == 'table' and new[1] == nil then
      change(old, new)
    else
      value[key] = new
    end
  end
end

-- A gate for specs in real time: at a port of its own, with other addresses for its backends, and
-- without what it would share with the one that is served.
local function set_apart(value)
  value.listen, value.admin, value.workers = { 'http://127.0.0.1:0' }, nil, 1
  local level = type(value.log) == 'table' and value.log.level
  value.log = { access = false, level = level == 'debug' and level or 'info' }
  if type(value.cache) == 'table' then value.cache.redis = nil end
  for name, list in pairs(addresses) do
    local backend = type(value.backends[name]) == 'table' and value.backends[name] or {}
    for i = 1, math.max(#backend, #list) do backend[i] = list[i] end
    backend.tls = nil
    value.backends[name] = backend
  end
end

local function read()
  local source = read_file(path)
  if not source then
    problem(nil, "can't be read; a site is a folder with a file site.lua")
    return nil
  end
  local value = run(source)
  if not value then return nil end
  change(value, changes)
  if addresses then set_apart(value) end
  check.set_lines(find_lines(source))
  no_positions(value, '', 'site.lua')
  local site = record(value, '', 'site.lua', site_checks)
  if value.routes == nil then problem(nil, 'a site needs routes') end
  local names = {}
  for _, item in ipairs(site.backends or {}) do names[item.name] = true end
  for _, item in ipairs(site.routes or {}) do
    if item.passes and item.backend and not names[item.backend] then
      problem(item.line, "route '%s': there is no backend '%s'%s", item.pattern, item.backend,
        nearest(item.backend, names))
    end
  end
  local limits = site.limits or {}
  if (limits.script_memory or 67108864) > (limits.lua_memory or 268435456) then
    complain('limits', 'script_memory must not be above lua_memory')
  end
  return site
end

local site = read() or {}
sort(check.problems, function(a, b)
  if a.line ~= b.line then return a.line < b.line end
  return a.order < b.order
end)
site.secrets = secrets
return site, check.problems
