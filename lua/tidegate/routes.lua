-- The routes of a site, checked.
local native, check, script, caching, codec, self_test = ...

local concat, sort, insert = table.concat, table.sort, table.insert
local problem, complain, line_of, nearest, absent =
  check.problem, check.complain, check.line_of, check.nearest, check.absent
local kind_of, duration, boolean, text =
  check.kind_of, check.duration, check.boolean, check.text
local one_of, record, list, list_of = check.one_of, check.record, check.list, check.list_of

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
  backend = text, path = text, host = one_of('backend', 'client'), upgrade = boolean,
  upgrade_timeout = duration(1, 86400e3), cache = caching.route,
  xml = codec.xml, json = codec.json, self_test = function(value) return value end,
}

-- What says how a route without a script passes its requests on.
local passing_keys = { 'path', 'host', 'upgrade', 'upgrade_timeout' }

-- '/v2/{path...}' as texts and places of the pattern's segments.
local function rewriting(value, where, parsed)
  local places, parts = {}, {}
  for i, segment in ipairs(parsed.segments) do
    if segment.name then places[segment.name] = i end
  end
  if value:sub(1, 1) ~= '/' then return complain(where, "path must begin with '/'") end
  if value:find('{}', 1, true) then return complain(where, 'path: {} has no name') end
  if value:find '[^!-~]' or value:find '[?#]' then
    return complain(where, "path has a character that must be escaped, or a query")
  end
  for plain, braced in (value .. '{}'):gmatch '([^{}]*)(%b{})' do
    local name, dots = braced:match '^{([%a_][%w_]*)(%.*)}$'
    if plain ~= '' then insert(parts, { text = plain }) end
    if braced ~= '{}' then
      local place = name and places[name]
      if not place then
        return complain(where, "path: the pattern has no %s%s", braced,
          nearest(name or '', places))
      end
      local rest = parsed.segments[place].kind == 'rest'
      if dots ~= '' and not (rest and dots == '...') then
        return complain(where, "path: %s is not how the pattern writes it", braced)
      end
      insert(parts, { segment = place })
    end
  end
  local without = value:gsub('%b{}', '')
  if without:find '[{}]' then return complain(where, "path: '%s' has a brace too many", value) end
  return parts
end

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
  local before = #check.problems
  local result = record(value, where, name, route_checks)
  if type(value[1]) ~= 'string' then
    return complain(where, "a route begins with its pattern, such as 'GET /path'")
  end
  local parsed = pattern(value[1], where .. '.1')
  if value[2] == nil and value.backend == nil then
    complain(where, "route '%s' needs a script, or a backend to pass its requests to", value[1])
  elseif value[2] ~= nil and value.backend ~= nil then
    complain(where .. '.backend',
      "route '%s' has a script and a backend; one of them answers: a script can call the other",
      value[1])
  elseif value[2] == nil then
    if parsed and result.path then
      result.parts = rewriting(result.path, where .. '.path', parsed)
    end
  elseif value[2] ~= absent then
    result.script = script(value[2], where .. '.2', 'a script')
  end
  for _, key in ipairs { 'xml', 'json' } do
    if value.backend ~= nil and value[key] ~= nil then
      complain(where .. '.' .. key, "%s is for routes that have a script", key)
    end
  end
  for _, key in ipairs(passing_keys) do
    if value.backend == nil and value[key] ~= nil then
      complain(where .. '.' .. key, "%s is for routes that have a backend instead of a script", key)
    end
  end
  if value[3] ~= nil then complain(where .. '.3',
    "route '%s' has a third item; it has a pattern and a script", value[1]) end
  if result.self_test ~= nil then
    result.self_test = self_test(value.self_test, where .. '.self_test', 'self_test', value[1],
      parsed)
  end
  result.passes = value[2] == nil
  result.parsed, result.pattern, result.line = parsed, value[1], line_of(where)
  result.well = #check.problems == before
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

return routes
