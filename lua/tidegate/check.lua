-- Checks of the tables in site.lua: each takes a value and where it stands, and gives it in its
-- final form, or nil. What is wrong is noted with its line, and all of it is told at once.
local distance = ...

local concat, sort, insert = table.concat, table.sort, table.insert

local problems = {}

local function problem(line, format, ...)
  insert(problems, { line = line or 0, order = #problems, text = format:format(...) })
end

-- By the path of a key: 'backends.crm.timeout'.
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

local units_of_time = { ms = 1, s = 1e3, m = 60e3, h = 3600e3, d = 86400e3 }
local units_of_size = { B = 1, KB = 1024, MB = 1048576, GB = 1073741824 }

-- A check of a number, or a text with a unit, between two bounds. `units` are worth so many of the
-- smallest one; a number without a unit stands for so many of them as `factor` says.
local function measure(units, factor, form, range)
  return function(value, where, name, least, most)
    local digits, unit = tostring(value):match('^(%d+%.?%d*)(%a+)$')
    local n = type(value) == 'number' and value * factor
      or units[unit] and tonumber(digits) * units[unit]
    if not n or n ~= n then
      return complain(where, '%s must be %s; it is %s', name, form, kind_of(value))
    end
    if n < least or n > most then
      return complain(where, '%s must be from ' .. range, name, least / factor, most / factor)
    end
    return math.floor(n)
  end
end

local check_time = measure(units_of_time, 1e3,
  "seconds (a number) or a text such as '250ms', '2s', '5m', '1h'", '%g to %g seconds')
local check_size = measure(units_of_size, 1,
  "bytes (a number) or a text such as '64KB', '8MB'", '%d to %d bytes')

-- In milliseconds.
local function duration(least, most)
  return function(value, where, name) return check_time(value, where, name, least, most) end
end

-- In bytes.
local function size(least, most)
  return function(value, where, name) return check_size(value, where, name, least, most) end
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

return {
  problems = problems, set_lines = function(found) lines = found end, problem = problem,
  complain = complain, nearest = nearest, absent = absent, kind_of = kind_of, line_of = line_of,
  duration = duration, size = size, number = number, boolean = boolean, text = text,
  one_of = one_of, record = record, list = list, list_of = list_of, no_positions = no_positions,
}
