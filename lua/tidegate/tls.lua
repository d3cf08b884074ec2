-- How a peer is spoken to by TLS: the `tls` of backends and of Redis, checked.
local native, check, folder = ...

local complain, text, boolean = check.complain, check.text, check.boolean
local one_of, record, no_positions = check.one_of, check.record, check.no_positions

-- A path relative to the site's folder; what stands in the file is checked with the rest of `tls`.
local function path_of_file(value, where, name)
  if not text(value, where, name) then return nil end
  return value:sub(1, 1) == '/' and value or folder .. '/' .. value
end

local function tls_name(value, where, name)
  if not text(value, where, name) then return nil end
  if not value:find('^[%w%.%-_:]+$') or #value > 253 then
    return complain(where, "%s must be the name or the IP address in the certificate; it is '%s'",
      name, value)
  end
  return value
end

local tls_checks = {
  ca = path_of_file, cert = path_of_file, key = path_of_file, name = tls_name,
  verify = boolean, minimum = one_of('1.2', '1.3'),
}

local function tls(value, where, name)
  local before = #check.problems
  no_positions(value, where, name)
  local result = record(value, where, name, tls_checks)
  if (result.cert == nil) ~= (result.key == nil) then
    complain(where, 'cert and key belong together: %s is missing', result.cert and 'key' or 'cert')
  end
  if #check.problems == before then
    local option, message = native.tls(result)
    if option then complain(where .. '.' .. option, '%s', message) end
  end
  return result
end

return tls
