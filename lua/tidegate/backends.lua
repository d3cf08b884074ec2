-- The backends of a site, checked.
local native, check, tls = ...

local concat, sort, insert = table.concat, table.sort, table.insert
local complain, absent, kind_of, duration, size =
  check.complain, check.absent, check.kind_of, check.duration, check.size
local number, text, one_of, record = check.number, check.text, check.one_of, check.record
local no_positions = check.no_positions

local function status_class(value, where, name)
  value = tostring(value)
  if not value:find('^[1-5]xx$') and not value:find('^[1-5]%d%d$') then
    return complain(where, "%s must be a status such as 200 or a class such as '2xx'", name)
  end
  return value
end

local eject_checks = {
  failures = number(1, 1000), time = duration(1, 86400e3), most = duration(1, 86400e3),
}

local function eject(value, where, name)
  if value == false then return false end
  no_positions(value, where, name)
  return record(value, where, name, eject_checks)
end

local backend_checks = {
  timeout = duration(1, 86400e3), connect_timeout = duration(1, 86400e3),
  first_byte_timeout = duration(1, 86400e3), idle_timeout = duration(1, 86400e3),
  keepalive_timeout = duration(0, 86400e3), keepalive = number(0, 65535),
  limit = size(0, 1073741824), head_limit = size(1024, 1048576), expect = status_class,
  lifetime = duration(0, 30 * 86400e3), connections = number(1, 65535), queue = number(0, 65535),
  queue_timeout = duration(1, 86400e3), balance = one_of('round-robin', 'least'), eject = eject,
  retries = number(0, 10), retry_budget = number(0, 100), tls = tls,
  host = one_of('backend', 'client'),
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
  if #value > 64 then complain(where, "backend '%s' has more than 64 addresses", name) end
  if type(value.tls) == 'table' and not concat(result.addresses, ' '):find('https://', 1, true) then
    complain(where .. '.tls', "tls is for addresses with https://; backend '%s' has none", name)
  end
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

return backends
