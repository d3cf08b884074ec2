-- Reads a site strictly: runs site.lua, checks every key, and gives either a plain table that the
-- program takes over, or all problems at once, each with its line.
local native, folder, find_lines = ...

local open, concat, sort, insert = io.open, table.concat, table.sort, table.insert

local path = folder .. '/site.lua'
local problems, secrets = {}, {}

local function problem(line, format, ...)
  insert(problems, { line = line or 0, order = #problems, text = format:format(...) })
end

local lines = {}

-- The line of a key, or of the nearest table around it that has one.
local function line_of(where)
  while where do
    if lines[where] then return lines[where] end
    where = where:match('^(.*)%.[^.]*$')
  end
end

local function complain(where, format, ...)
  problem(line_of(where), format, ...)
  return nil
end

-- A name with a slip in it.

local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local swap = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
      diagonal = row[j]
      row[j] = math.min(swap, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

local function nearest(name, known)
  local best, least
  for other in pairs(known) do
    if type(other) == 'string' then
      local d = distance(name, other)
      if d <= 3 and d < #other and (not least or d < least or d == least and other < best) then
        best, least = other, d
      end
    end
  end
  return best and ("; did you mean '%s'?"):format(best) or ''
end

-- What stands for a value that is missing and has been complained of already.
local absent = {}
setmetatable(absent, { __concat = function() return absent end })

local function kind_of(value) return value == nil and 'nothing' or 'a ' .. type(value) end

-- Checks: each takes the value and where it stands, and gives the value in its final form, or nil.

local units_of_time = { ms = 1, s = 1e3, m = 60e3, h = 3600e3, d = 86400e3 }
local units_of_size = { B = 1, KB = 1024, MB = 1048576, GB = 1073741824 }

local function with_unit(value, units, factor)
  if type(value) == 'number' then return value * factor end
  local digits, unit = tostring(value):match('^(%d+%.?%d*)(%a+)$')
  return digits and units[unit] and tonumber(digits) * units[unit]
end

local function duration(least, most)
  return function(value, where, name)
    local ms = with_unit(value, units_of_time, 1e3)
    if not ms or ms ~= ms then
      return complain(where,
        "%s must be seconds (a number) or a text such as '250ms', '2s', '5m', '1h'; it is %s",
        name, kind_of(value))
    end
    if ms < least or ms > most then
      return complain(where, '%s must be from %g to %g seconds', name, least / 1e3, most / 1e3)
    end
    return math.floor(ms)
  end
end

local function size(least, most)
  return function(value, where, name)
    local bytes = with_unit(value, units_of_size, 1)
    if not bytes or bytes ~= bytes then
      return complain(where,
        "%s must be bytes (a number) or a text such as '64KB', '8MB'; it is %s",
        name, kind_of(value))
    end
    if bytes < least or bytes > most then
      return complain(where, '%s must be from %d to %d bytes', name, least, most)
    end
    return math.floor(bytes)
  end
end

local function number(least, most)
  return function(value, where, name)
    if type(value) ~= 'number' or value ~= math.floor(value) or value < least or value > most then
      return complain(where, '%s must be a whole number from %d to %d', name, least, most)
    end
    return value
  end
end

local function boolean(value, where, name)
  if type(value) ~= 'boolean' then
    return complain(where, '%s must be true or false; it is %s', name, kind_of(value))
  end
  return value
end

local function text(value, where, name)
  if type(value) ~= 'string' then
    return complain(where, '%s must be a string; it is %s', name, kind_of(value))
  end
  return value
end

local function one_of(...)
  local choices, names = {}, {}
  for i = 1, select('#', ...) do
    choices[select(i, ...)] = true
    names[i] = "'" .. select(i, ...) .. "'"
  end
  return function(value, where, name)
    if not choices[value] then
      return complain(where, '%s must be one of %s%s', name, concat(names, ', '),
        type(value) == 'string' and nearest(value, choices) or '')
    end
    return value
  end
end

-- A table whose keys are all known; `checks` maps them to checks. Positions are left to the caller.
local function record(value, where, name, checks)
  local result = {}
  if type(value) ~= 'table' then
    complain(where, '%s must be a table; it is %s', name, kind_of(value))
    return result
  end
  local keys = {}
  for key in pairs(value) do
    if type(key) == 'string' then insert(keys, key) end
  end
  sort(keys)
  for _, key in ipairs(keys) do
    local at = where == '' and key or where .. '.' .. key
    if not checks[key] then
      complain(at,
        "unknown key '%s'%s%s",
        key, name == 'site.lua' and '' or ' in ' .. name, nearest(key, checks))
    elseif value[key] ~= absent then
      result[key] = checks[key](value[key], at, key)
    end
  end
  return result
end

local function list(value, where, name, check)
  local result = {}
  if type(value) ~= 'table' then
    complain(where, '%s must be a list; it is %s', name, kind_of(value))
    return result
  end
  for key in pairs(value) do
    if type(key) ~= 'number' then
      complain(where .. '.' .. tostring(key),
        "%s is a list, it can't have the key '%s'", name, tostring(key))
    end
  end
  for i, item in ipairs(value) do
    if item ~= absent then
      local checked = check(item, where .. '.' .. i, name)
      if checked ~= nil then insert(result, checked) end
    end
  end
  return result
end

local function list_of(check)
  return function(value, where, name) return list(value, where, name, check) end
end

local function no_positions(value, where, name)
  if type(value) == 'table' and value[1] ~= nil then
    complain(where == '' and '1' or where .. '.1',
      "%s is a table with names, it can't have items in a row", name)
  end
end

-- The parts of a site.

local function script(value, where, name)
  if not text(value, where, name) then return nil end
  local full = value:sub(1, 1) == '/' and value or folder .. '/' .. value
  local file = open(full, 'rb')
  if not file or not file:read(0) and file:seek('end') ~= 0 then
    return complain(where, "script '%s' can't be read (%s)", value, full)
  end
  file:close()
  return value
end

local function listener(value, where)
  if not text(value, where, 'listen') then return nil end
  local message = native.listen(value)
  if message then return complain(where, "listen: '%s': %s", value, message) end
  return value
end

local function network(value, where)
  if not text(value, where, 'trusted') then return nil end
  local message = native.network(value)
  if message then return complain(where, "trusted: '%s': %s", value, message) end
  return value
end

local function status_class(value, where, name)
  value = tostring(value)
  if not value:find('^[1-5]xx$') and not value:find('^[1-5]%d%d$') then
    return complain(where, "%s must be a status such as 200 or a class such as '2xx'", name)
  end
  return value
end

local backend_checks = {
  timeout = duration(1, 86400e3), connect_timeout = duration(1, 86400e3),
  first_byte_timeout = duration(1, 86400e3), idle_timeout = duration(1, 86400e3),
  keepalive_timeout = duration(0, 86400e3), keepalive = number(0, 65535),
  limit = size(0, 1073741824), head_limit = size(1024, 1048576), expect = status_class,
}

local function address(value, where)
  if not text(value, where, 'an address') then return nil end
  local message = native.address(value)
  if message then return complain(where, "'%s': %s", value, message) end
  return value
end

local function backend(value, where, name)
  if type(value) == 'string' then value = { value } end
  local result = record(value, where, ("backend '%s'"):format(name), backend_checks)
  result.addresses = {}
  if type(value) ~= 'table' then return result end
  for i, item in ipairs(value) do
    if item ~= absent then insert(result.addresses, address(item, where .. '.' .. i)) end
  end
  if value[1] == nil then complain(where, "backend '%s' needs at least one address", name) end
  return result
end

local function backends(value, where)
  local result, names = {}, {}
  if type(value) ~= 'table' then
    complain(where, 'backends must be a table; it is %s', kind_of(value))
    return result
  end
  for name in pairs(value) do
    if type(name) ~= 'string' or not name:find('^[%a_][%w_%-]*$') or #name > 63 then
      complain(where .. '.' .. tostring(name),
        "the name of a backend has letters, digits, '_' and '-', at most 63; this one is '%s'",
        tostring(name))
    else
      insert(names, name)
    end
  end
  sort(names)
  for _, name in ipairs(names) do
    local checked = backend(value[name], where .. '.' .. name, name)
    checked.name = name
    insert(result, checked)
  end
  return result
end

-- 'GET /customers/{id}' taken apart; its shape tells which routes are alike.
local function pattern(value, where)
  local method, rest = value:match('^(%S+) (/%S*)$')
  if not method then
    return complain(where, "a route's pattern is 'METHOD /path', this one is '%s'", value)
  end
  if not method:find('^[A-Z][A-Z%-]*$') then
    return complain(where,
      "'%s' is not a method; methods are upper case, ANY stands for all", method)
  end
  if method == 'CONNECT' then return complain(where, 'CONNECT is not for a proxy of this kind') end
  local segments, shape, names = {}, { method }, {}
  for segment in (rest .. '/'):sub(2):gmatch('([^/]*)/') do
    local name, dots = segment:match('^{([%a_][%w_]*)(%.*)}$')
    if segments[#segments] and segments[#segments].kind == 'rest' then
      return complain(where, "'%s': {%s...} must be the last", value, segments[#segments].name)
    end
    if name and (dots == '' or dots == '...') then
      if names[name] then return complain(where, "'%s': {%s} stands twice", value, name) end
      names[name] = true
      insert(segments, { kind = dots == '' and 'param' or 'rest', name = name })
      insert(shape, dots == '' and '{}' or '{...}')
    elseif segment:find('[{}]') then
      return complain(where,
        "'%s': '%s' is neither {name}, {name...} nor plain text", value, segment)
    else
      insert(segments, { kind = 'literal', text = segment })
    end
  end
  -- What stands literally is normalised as a request's path will be.
  local plain = rest:gsub('{[^}]*}', '~')
  local normal, message = native.path(plain)
  if not normal then return complain(where, "'%s': %s", value, message) end
  if #normal ~= #segments then
    return complain(where,
      "'%s' can never match: paths lose '.', '..' and '//' before they are matched", value)
  end
  for i, segment in ipairs(segments) do
    if segment.kind == 'literal' then
      if segment.text == '' and i < #segments or segment.text == '.' or segment.text == '..' then
        return complain(where,
          "'%s' can never match: paths lose '.', '..' and '//' before they are matched", value)
      end
      segment.text = normal[i]
      insert(shape, i + 1, '=' .. normal[i])
    end
  end
  if #segments > 256 then return complain(where, "'%s' has more than 256 segments", value) end
  return { method = method, segments = segments, shape = concat(shape, '/') }
end

local function plain_values(value, where, name)
  local kind = type(value)
  if kind == 'table' then
    for key, item in pairs(value) do
      if type(key) ~= 'string' and type(key) ~= 'number' then
        complain(where, '%s: keys are strings or numbers, this has a %s', name, type(key))
      elseif item ~= absent then
        plain_values(item, where .. '.' .. key, name)
      end
    end
  elseif kind ~= 'string' and kind ~= 'number' and kind ~= 'boolean' then
    complain(where,
      '%s: values are strings, numbers, booleans and tables of them, this is %s',
      name, kind_of(value))
  end
  return value
end

local function settings(value, where, name)
  if type(value) ~= 'table' then
    return complain(where, '%s must be a table; it is %s', name, kind_of(value))
  end
  return plain_values(value, where, name)
end

local route_checks = {
  timeout = duration(1, 86400e3), jit = boolean, before = list_of(script), settings = settings,
}

-- The route's table as the text of a Lua expression, for the states that run its scripts.
local function write(value)
  if type(value) == 'number' then return ('%.17g'):format(value) end
  if type(value) == 'string' then return ('%q'):format(value) end
  if type(value) ~= 'table' then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do
    if item ~= absent then insert(parts, '[' .. write(key) .. ']=' .. write(item)) end
  end
  sort(parts)
  return '{' .. concat(parts, ',') .. '}'
end

local function route(value, where, name)
  if type(value) ~= 'table' then
    return complain(where,
      "a route is a table such as { 'GET /path', 'script.lua' }; this is %s", kind_of(value))
  end
  local before = #problems
  local result = record(value, where, name, route_checks)
  if type(value[1]) ~= 'string' then
    return complain(where, "a route begins with its pattern, such as 'GET /path'")
  end
  local parsed = pattern(value[1], where .. '.1')
  if value[2] == nil then
    complain(where, "route '%s' needs a script", value[1])
  elseif value[2] ~= absent then
    result.script = script(value[2], where .. '.2', 'a script')
  end
  if value[3] ~= nil then complain(where .. '.3',
    "route '%s' has a third item; it has a pattern and a script", value[1]) end
  result.parsed, result.pattern, result.line = parsed, value[1], line_of(where)
  result.well = #problems == before
  if result.well then result.table = write(value) end
  return parsed and result
end

local function routes(value, where)
  local result = list(value, where, 'a route', route)
  local shapes = {}
  for _, item in ipairs(result) do
    local other = shapes[item.parsed.shape]
    if other then
      problem(item.line,
        "route '%s' has the same shape as '%s' in line %d",
        item.pattern, other.pattern, other.line or 0)
    end
    shapes[item.parsed.shape] = shapes[item.parsed.shape] or item
  end
  return result
end

local limit_checks = {
  body = size(0, 33554431), script_cpu = duration(1, 3600e3),
  script_memory = size(1048576, 68719476736), lua_memory = size(8388608, 68719476736),
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

local site_checks = {
  listen = list_of(listener), workers = number(1, 256),
  codec_threads = number(1, 64), backends = backends, routes = routes,
  limits = part('limits', limit_checks), log = part('log', log_checks),
  timeout = duration(1, 86400e3), before = list_of(script), trusted = list_of(network),
  debug = boolean, package_path = text, drain_timeout = duration(0, 3600e3),
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
  local value = os.getenv(name)
  if value ~= nil then return secret(value) end
  if otherwise ~= nil then return otherwise end
  problem(debug.getinfo(2, 'l').currentline, "the environment variable '%s' is not set", name)
  return absent
end

local function file(name)
  if type(name) ~= 'string' then error("file takes a path: file 'path'", 2) end
  local full = name:sub(1, 1) == '/' and name or folder .. '/' .. name
  local handle = open(full, 'rb')
  local content = handle and handle:read('*a')
  if handle then handle:close() end
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
  local until_clock = os.clock() + 5
  debug.sethook(function()
    if os.clock() < until_clock then return end
    local line = debug.getinfo(2, 'l').currentline
    stopped = stopped or ('%s:%d: still running after 5 seconds'):format(path, line)
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

local function read()
  local handle = open(path, 'rb')
  local source = handle and handle:read('*a')
  if handle then handle:close() end
  if not source then
    problem(nil, "can't be read; a site is a folder with a file site.lua")
    return nil
  end
  local value = run(source)
  if not value then return nil end
  lines = find_lines(source)
  no_positions(value, '', 'site.lua')
  local site = record(value, '', 'site.lua', site_checks)
  if value.routes == nil then problem(nil, 'a site needs routes') end
  local limits = site.limits or {}
  if (limits.script_memory or 67108864) > (limits.lua_memory or 268435456) then
    complain('limits', 'script_memory must not be above lua_memory')
  end
  return site
end

local site = read() or {}
sort(problems, function(a, b)
  if a.line ~= b.line then return a.line < b.line end
  return a.order < b.order
end)
site.secrets = secrets
return site, problems
