-- The caching of a site and of its routes, checked.
local native, check, tls = ...

local insert = table.insert
local complain, kind_of = check.complain, check.kind_of
local duration, size, boolean = check.duration, check.size, check.boolean
local record, list, list_of, no_positions =
  check.record, check.list, check.list_of, check.no_positions

local function redis_url(value, where)
  if type(value) ~= 'string' then
    return complain(where, 'redis must be an address such as redis://host:6379; it is %s',
      kind_of(value))
  end
  local message = native.redis(value)
  -- not the address itself: it may have a password in it
  if message then return complain(where, 'redis: %s', message) end
  return value
end

local function sentinel_url(value, where)
  if type(value) ~= 'string' then
    return complain(where, 'sentinels must be addresses such as redis://host:26379; this is %s',
      kind_of(value))
  end
  local message = native.sentinel(value)
  if message then return complain(where, 'sentinels: %s', message) end
  return value
end

local function sentinels(value, where, name)
  local urls = list(value, where, name, sentinel_url)
  if type(value) == 'table' and (#value < 1 or #value > 16) then
    complain(where, 'sentinels: 1 to 16 addresses are needed')
  end
  return urls
end

local function prefix(value, where, name)
  if type(value) ~= 'string' or not value:find '^[%w_.:-]+$' or #value > 63 then
    return complain(where, "%s must be 1 to 63 letters, digits and '_.:-'", name)
  end
  return value
end

local redis_checks = {
  url = redis_url, tls = tls, prefix = prefix, timeout = duration(1, 1e3),
  connect_timeout = duration(1, 60e3), lock = duration(10, 60e3), sentinels = sentinels,
}

local function has_tls(result)
  for _, url in ipairs { result.url, unpack(result.sentinels or {}) } do
    if url:lower():find '^rediss://' then return true end
  end
  return false
end

-- With sentinels the host of the url is a name that they know.
local function check_master(url, where)
  local host = url:match '^%a+://[^/]*@([^/]*)' or url:match '^%a+://([^/]*)'
  if not host or host:find '[:%[]' then
    complain(where .. '.url',
      'redis: with sentinels the url is redis://NAME, where NAME is that of the master')
  end
end

local function redis(value, where, name)
  if type(value) == 'string' then value = { url = value } end
  no_positions(value, where, name)
  local result = record(value, where, name, redis_checks)
  if type(value) ~= 'table' then return result end
  if value.url == nil then complain(where, 'redis: url is missing') end
  if result.sentinels and result.url then check_master(result.url, where) end
  if value.tls ~= nil and result.url and not has_tls(result) then
    complain(where .. '.tls', 'tls is for addresses with rediss://')
  end
  return result.url and result
end

local site_checks = {
  memory = size(1048576, 1099511627776), object = size(1024, 1073741824), redis = redis,
}

local function site(value, where, name)
  no_positions(value, where, name)
  local result = record(value, where, name, site_checks)
  local memory, object = result.memory or 67108864, result.object or 1048576
  if object > memory then
    complain(where, 'cache: object (%d bytes) must not be above memory (%d bytes)', object, memory)
  end
  return result
end

local any_time = duration(0, 366 * 86400e3)

local stale_checks = { healthy = any_time, sick = any_time, retry = duration(1, 86400e3) }

local function stale(value, where, name)
  if type(value) ~= 'table' then
    local ms = any_time(value, where, name)
    return ms and { healthy = ms }
  end
  no_positions(value, where, name)
  return record(value, where, name, stale_checks)
end

local function field_name(value, where, name)
  if type(value) ~= 'string' or not value:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    return complain(where, '%s: a name of a header is expected, this is %s', name,
      type(value) == 'string' and "'" .. value .. "'" or kind_of(value))
  end
  return value:lower()
end

-- What a part of a key may be: alone, or with something behind the colon.
local alone = { path = true, host = true, query = true, body = true }

local function named(kind, rest, where)
  if kind == 'header' then return field_name(rest, where, 'key') end
  if kind == 'query' or kind == 'cookie' then
    if rest ~= '' then return rest end
    return complain(where, "key: a name must follow '%s:'", kind)
  end
  if kind == 'body' then
    if rest:sub(1, 1) == '/' and not rest:find '~[^01]' and not rest:find '~$' then return rest end
    return complain(where, "key: a JSON pointer such as '/order/id' must follow 'body:'")
  end
  local message = native.xpath(rest)
  if message then return complain(where, "key: '%s': %s", rest, message) end
  return rest
end

local kinds = { header = true, query = true, cookie = true, body = true, xpath = true }

local function part(value, where, name)
  if type(value) ~= 'string' then
    return complain(where, '%s must be a list of strings; this is %s', name, kind_of(value))
  end
  if alone[value] then return { kind = value } end
  local kind, rest = value:match '^(%a+):(.*)$'
  if not kinds[kind] then
    return complain(where, "key: '%s' is none of path, host, query, query:NAME, header:NAME, " ..
      'cookie:NAME, body, body:/json/pointer, xpath:EXPRESSION', value)
  end
  local rest_checked = named(kind, rest, where)
  return rest_checked and { kind = kind, name = rest_checked }
end

local function key(value, where, name)
  local parts = list(value, where, name, part)
  if type(value) == 'table' and next(value) == nil then
    complain(where, 'key: at least one part is needed')
  end
  return parts
end

local cacheable = { GET = true, HEAD = true, POST = true, QUERY = true }

local function method(value, where, name)
  if not cacheable[value] then
    return complain(where, "%s: what answers '%s' is not kept; GET, HEAD, POST and QUERY are",
      name, tostring(value))
  end
  return value
end

local function status(value, where, name)
  local text = tostring(value)
  if not text:find '^[2-5]xx$' and not text:find '^[2-5]%d%d$' then
    return complain(where, "%s must be statuses such as 404 or classes such as '2xx'", name)
  end
  return text
end

local route_checks = {
  ttl = any_time, stale = stale, stale_if_error = any_time, key = key,
  vary = list_of(field_name), methods = list_of(method), status = list_of(status),
  shared = boolean,
}

local function route(value, where, name)
  if value == 'http' then return value end
  if type(value) ~= 'table' then
    return complain(where, "%s must be a table, or 'http'; it is %s", name, kind_of(value))
  end
  no_positions(value, where, name)
  local result = record(value, where, name, route_checks)
  local times = result.stale or {}
  if result.stale_if_error and times.sick then
    complain(where .. '.stale_if_error',
      'stale_if_error and stale.sick say the same: one is enough')
  end
  result.healthy, result.retry = times.healthy, times.retry
  result.sick = times.sick or result.stale_if_error
  result.stale, result.stale_if_error = nil, nil
  for _, name_of_field in ipairs(result.vary or {}) do
    result.key = result.key or { { kind = 'host' }, { kind = 'path' }, { kind = 'query' } }
    insert(result.key, { kind = 'header', name = name_of_field })
  end
  return result
end

return { site = site, route = route }
