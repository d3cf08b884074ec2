-- Patterns of rules: which calls they mean.
local http, raise = ...

local insert, concat = table.insert, table.concat

local patterns = {}

-- 'GET /customers/{id}?limit=5' in parts; path segments and query are compared decoded.

local function segments_of(path)
  local list = {}
  for segment in path:gmatch '[^/]+' do insert(list, segment) end
  if path:sub(-1) == '/' and path ~= '/' then insert(list, '') end
  return list
end

function patterns.parse(pattern)
  local method, target = pattern:match '^(%u+) (/%S*)$'
  if not method then
    raise(("a rule begins with a method and a path, as in 'GET /orders/{id}', not '%s'"):format(
      pattern))
  end
  local path, query = target:match '^([^?]*)%??(.*)$'
  local parsed = { text = pattern, method = method, segments = segments_of(path),
    query = http.query(query) }
  for i, segment in ipairs(parsed.segments) do
    local name, dots = segment:match '^{([%w_]+)(%.*)}$'
    if name and dots == '...' and i == #parsed.segments then
      parsed.rest = name
    elseif name and dots == '' then
      parsed.segments[i] = { name = name }
    else
      parsed.segments[i] = http.unescape(segment)
    end
  end
  if parsed.rest then parsed.segments[#parsed.segments] = nil end
  return parsed
end

-- What the names of the pattern stand for, or nil.
function patterns.match(pattern, call)
  if pattern.method ~= 'ANY' and pattern.method ~= call.method then return nil end
  local given, params = segments_of(call.path), {}
  if #given < #pattern.segments or (#given > #pattern.segments and not pattern.rest) then
    return nil
  end
  for i, wanted in ipairs(pattern.segments) do
    local value = http.unescape(given[i])
    if type(wanted) == 'table' then
      params[wanted.name] = value
    elseif wanted ~= value then
      return nil
    end
  end
  for name, value in pairs(pattern.query) do
    if call.query[name] ~= value then return nil end
  end
  if pattern.rest then
    params[pattern.rest] = http.unescape(concat(given, '/', #pattern.segments + 1))
  end
  return params
end

return patterns
