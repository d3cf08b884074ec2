-- The self_test of a route, checked: a request that is made ready, and what must come back.
local check = ...

local concat, sort = table.concat, table.sort
local complain, kind_of, text, duration = check.complain, check.kind_of, check.text, check.duration
local record, list_of, absent = check.record, check.list_of, check.absent

local function status(value, where)
  if type(value) == 'number' and value >= 200 and value <= 599 and value % 1 == 0 then
    return { value, value }
  end
  local class = type(value) == 'string' and value:match '^([2-5])xx$'
  if class then return { class * 100, class * 100 + 99 } end
  return complain(where, "status must be a number from 200 to 599, or a class such as '2xx'")
end

local function headers(value, where, name)
  local lines = {}
  if type(value) ~= 'table' then
    return complain(where, '%s must be a table; it is %s', name, kind_of(value))
  end
  for field, item in pairs(value) do
    local at = where .. '.' .. tostring(field)
    if type(field) ~= 'string' or not field:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      complain(at, "'%s' is not the name of a header field", tostring(field))
    elseif field:lower():find '^content%-length$' or field:lower():find '^transfer%-encoding$' or
      field:lower() == 'connection' then
      complain(at, '%s is set by the program', field)
    elseif item == absent then -- env has complained
      lines.broken = true
    elseif type(item) ~= 'string' or item:find '[%c\127]' then
      complain(at, '%s must be a string without control characters', field)
    else
      lines[#lines + 1] = field .. ': ' .. item .. '\r\n'
      if field:lower() == 'host' then lines.host = true end
    end
  end
  sort(lines)
  return lines
end

local function contains(value, where, name)
  if type(value) == 'string' then value = { value } end
  return list_of(text)(value, where, name)
end

local checks = {
  path = text, method = text, headers = headers, body = text, status = status,
  contains = contains, timeout = duration(10, 60e3),
}

-- `parsed` is the route's pattern, which a test without a path stands for.
return function(value, where, name, pattern, parsed)
  if value == true then value = {} end
  if type(value) == 'string' then value = { path = value } end
  local before = #check.problems
  check.no_positions(value, where, name)
  local result = record(value, where, name, checks)
  if #check.problems > before or not parsed then return nil end
  local path, method = result.path, result.method or parsed.method
  if not path then
    path = pattern:match ' (/%S*)$'
    if path:find '[{}]' then
      return complain(where, "self_test needs a path such as '/customers/7', for the pattern has "
        .. 'parameters')
    end
  end
  if path:sub(1, 1) ~= '/' or path:find '[^!-~]' or path:find '#' then
    return complain(where .. '.path', "path must begin with '/', and what is not ASCII be escaped")
  end
  if method == 'ANY' then method = 'GET' end
  if not method:find '^[A-Z][A-Z%-]*$' then
    return complain(where .. '.method', "'%s' is not a method; methods are upper case", method)
  end
  local fields, body = result.headers or {}, result.body or ''
  if not fields.host then fields[#fields + 1] = 'host: localhost\r\n' end
  if body ~= '' then fields[#fields + 1] = 'content-length: ' .. #body .. '\r\n' end
  local wanted = result.status or { 200, 299 }
  return {
    method = method, path = path,
    request = ('%s %s HTTP/1.1\r\n%sconnection: close\r\n\r\n%s'):format(method, path,
      concat(fields), body),
    least = wanted[1], most = wanted[2], contains = result.contains or {},
    timeout = result.timeout or 5e3,
  }
end
