-- HTTP/1.1 messages as bytes: what specs send and what they read.
local http = {}

local Message = {}
Message.__index = Message

-- The value of a JSON body.
function Message:json() return require('cjson').decode(self.body) end

-- All values of a field, in order.
function Message:all(name)
  local values = {}
  for _, field in ipairs(self.fields) do
    if field[1]:lower() == name then values[#values + 1] = field[2] end
  end
  return values
end

local function read_fields(message, head)
  local values = {} -- by name: heads of 20 000 fields are read, too
  message.fields, message.headers = {}, {}
  for line in head:gmatch('\r\n([^\r\n]+)') do
    local name, value = line:match('^([^:]*):%s*(.-)%s*$')
    if name then
      local key = name:lower()
      values[key] = values[key] or {}
      table.insert(values[key], value)
      table.insert(message.fields, { name, value })
    end
  end
  for key, list in pairs(values) do message.headers[key] = table.concat(list, ', ') end
end

-- A chunked body: what it holds, where it ends; without an end when it is not all there.
local function unchunk(text, at)
  local parts = {}
  while true do
    local size, data = text:match('^(%x+)[^\r\n]*\r\n()', at)
    if not size then return table.concat(parts), nil end
    local n = tonumber(size, 16)
    if n == 0 then
      local after = text:match('^\r\n()', data) or text:match('^.-\r\n\r\n()', data)
      return table.concat(parts), after
    end
    parts[#parts + 1] = text:sub(data, data + n - 1)
    if text:sub(data + n, data + n + 1) ~= '\r\n' then return table.concat(parts), nil end
    at = data + n + 2
  end
end

-- Reads the body that begins at `at`: sets body, framed, complete; gives where the message ends.
local function read_body(message, text, at, none)
  local length = tonumber(message.headers['content-length'])
  local coding = message.headers['transfer-encoding']
  message.framed = none or length ~= nil or coding ~= nil
  local stop
  if none then
    message.body, stop = '', at
  elseif coding then
    message.body, stop = unchunk(text, at)
  elseif length then
    message.body = text:sub(at, at + length - 1)
    if #message.body == length then stop = at + length end
  else
    message.body = text:sub(at)
  end
  message.complete = stop ~= nil
  return stop
end

-- The response at the start of `text`, or nil while its head is not all there; interim ones (1xx)
-- are listed in `interim`. `rest` holds what follows a complete one.
function http.response(text, method)
  local at, interim = 1, {}
  while true do
    local first, head_end = text:find('\r\n\r\n', at, true)
    if not first then return nil end
    local head = text:sub(at, head_end - 2)
    local version, status, reason = head:match('^(HTTP/%S+) (%d%d%d) ?([^\r\n]*)')
    if not status then return nil, 'not HTTP: ' .. text:sub(1, 60) end
    local res = setmetatable({ version = version, status = tonumber(status), reason = reason,
      head = head, interim = interim }, Message)
    read_fields(res, head)
    if res.status >= 100 and res.status < 200 and res.status ~= 101 then
      interim[#interim + 1] = res
      at = head_end + 1
    else
      local none = method == 'HEAD' or res.status == 204 or res.status == 304
      local stop = read_body(res, text, head_end + 1, none)
      res.raw = stop and text:sub(1, stop - 1) or text
      res.rest = stop and text:sub(stop) or ''
      return res
    end
  end
end

-- The request at the start of `text`, or nil while it is not all there, and where it ends.
function http.request(text)
  local _, head_end = text:find('\r\n\r\n', 1, true)
  if not head_end then return nil end
  local head = text:sub(1, head_end - 2)
  local method, target, version = head:match('^(%S+) (.-) (HTTP/%S+)\r\n')
  local req = setmetatable({ method = method, target = target, version = version, head = head },
    Message)
  req.path, req.query = (target or ''):match('^([^?]*)%??(.*)$')
  read_fields(req, head)
  local bare = not req.headers['content-length'] and not req.headers['transfer-encoding']
  local stop = read_body(req, text, head_end + 1, bare)
  if not stop then return nil end
  req.raw = text:sub(1, stop - 1)
  return req, stop
end

local function append_fields(lines, headers)
  if headers[1] then
    for _, field in ipairs(headers) do lines[#lines + 1] = field[1] .. ': ' .. field[2] end
    return
  end
  local names = {}
  for name in pairs(headers) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = headers[name]
    for _, one in ipairs(type(value) == 'table' and value or { value }) do
      lines[#lines + 1] = name .. ': ' .. one
    end
  end
end

local function has(headers, wanted)
  for name, value in pairs(headers) do
    if type(name) == 'number' then name = value[1] end
    if name:lower() == wanted then return true end
  end
  return false
end

-- The bytes of a request: { method, path, headers (a map, or a list of pairs), body, version }.
function http.encode_request(req)
  local headers = req.headers or {}
  local lines = { (req.method or 'GET') .. ' ' .. req.path .. ' ' .. (req.version or 'HTTP/1.1') }
  if not has(headers, 'host') then lines[2] = 'host: gate' end
  append_fields(lines, headers)
  if req.body and not has(headers, 'content-length') and not has(headers, 'transfer-encoding') then
    lines[#lines + 1] = 'content-length: ' .. #req.body
  end
  return table.concat(lines, '\r\n') .. '\r\n\r\n' .. (req.body or '')
end

-- The bytes of a response: { status, reason, headers, body }, with its content-length.
function http.encode_response(res)
  local lines = { 'HTTP/1.1 ' .. (res.status or 200) .. ' ' .. (res.reason or 'Answer') }
  append_fields(lines, res.headers or {})
  local body = res.body or ''
  if not has(res.headers or {}, 'content-length') then
    lines[#lines + 1] = 'content-length: ' .. #body
  end
  return table.concat(lines, '\r\n') .. '\r\n\r\n' .. body
end

-- A body as chunks: http.chunked{ 'one', 'two' }.
function http.chunked(parts)
  local out = {}
  for _, part in ipairs(parts) do out[#out + 1] = ('%x\r\n%s\r\n'):format(#part, part) end
  return table.concat(out) .. '0\r\n\r\n'
end

return http
