-- HTTP/1.1 as the specs' clients and backends speak it: messages to bytes and back.
local concat, insert = table.concat, table.insert

local http = {}

-- Names in any case; `fields:all(name)` gives a list, a repeated one is joined with ', '.
local Fields = {}

local function find(fields, name)
  local found = {}
  for _, field in ipairs(rawget(fields, 'list')) do
    if field[1]:lower() == name:lower() then insert(found, field[2]) end
  end
  return found
end

function Fields.__index(fields, name)
  if name == 'all' then return find end
  if type(name) ~= 'string' then return nil end
  local found = find(fields, name)
  if #found > 0 then return concat(found, ', ') end
end

function Fields.__newindex() error("what was sent can't be changed", 2) end

function http.fields(list) return setmetatable({ list = list }, Fields) end

-- Headers as a spec writes them to a list of pairs, in order of their names.
local function list_of(headers)
  local names, list = {}, {}
  for name in pairs(headers or {}) do insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = headers[name]
    for _, one in ipairs(type(value) == 'table' and value or { value }) do
      insert(list, { name, tostring(one) })
    end
  end
  return list
end

local function has(list, name)
  for _, field in ipairs(list) do
    if field[1]:lower() == name then return true end
  end
  return false
end

-- The fields of a message; those given by name are added unless they are there.
function http.head(headers, added)
  local list = list_of(headers)
  for _, field in ipairs(added) do
    if not has(list, field[1]) then insert(list, field) end
  end
  return list
end

function http.bytes(first, list, body)
  local lines = { first }
  for _, field in ipairs(list) do insert(lines, field[1] .. ': ' .. field[2]) end
  return concat(lines, '\r\n') .. '\r\n\r\n' .. (body or '')
end

function http.unescape(text)
  return (text:gsub('%%(%x%x)', function(hex) return string.char(tonumber(hex, 16)) end))
end

function http.escape(text)
  return (text:gsub('[^%w%-%._~]', function(c) return ('%%%02X'):format(c:byte()) end))
end

-- name=value&… as a table; the first of a repeated name counts, as for scripts.
function http.query(text)
  local values = {}
  for pair in (text or ''):gmatch '[^&]+' do
    local name, value = pair:match '^([^=]*)=?(.*)$'
    name = http.unescape((name:gsub('%+', ' ')))
    if values[name] == nil then values[name] = http.unescape((value:gsub('%+', ' '))) end
  end
  return values
end

-- The same the other way, in order of the names.
function http.query_text(values)
  local names, parts = {}, {}
  for name in pairs(values) do insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = values[name]
    for _, one in ipairs(type(value) == 'table' and value or { value }) do
      insert(parts, http.escape(name) .. '=' .. http.escape(tostring(one)))
    end
  end
  return concat(parts, '&')
end

-- Readers: feed one bytes until it gives the message; what follows it stays for the next.

local Reader = {}
Reader.__index = Reader

-- `is_response`: of a response; `bare`: of one to HEAD.
function http.reader(is_response, bare)
  return setmetatable({ rest = '', is_response = is_response, bare = bare }, Reader)
end

local function parse_head(text)
  local first, fields = text:match '^([^\r\n]*)\r\n(.*)$'
  local list = {}
  for line in (fields or ''):gmatch '([^\r\n]+)\r\n' do
    local name, value = line:match '^([^:]+):%s*(.-)%s*$'
    if not name then return nil end
    insert(list, { name, value })
  end
  return first, http.fields(list)
end

local function has_no_body(self, status)
  return self.bare or status == 204 or status == 304
end

local function begin_message(self, head)
  local first, headers = parse_head(head)
  local message = { headers = headers, pieces = {}, size = 0 }
  if not first then return false end
  if self.is_response then
    local version, status, reason = first:match '^HTTP/(1%.%d) (%d%d%d) ?(.*)$'
    if not version then return false end
    message.version, message.status, message.reason = version, tonumber(status), reason
    if message.status < 200 then return true end
  else
    message.method, message.target, message.version = first:match '^(%S+) (%S+) HTTP/(1%.%d)$'
    if not message.method then return false end
  end
  if has_no_body(self, message.status) then
    message.length = 0
  elseif (headers['transfer-encoding'] or ''):lower():find 'chunked' then
    message.chunked = true
  else
    message.length = tonumber(headers['content-length'] or not self.is_response and 0 or nil)
  end
  self.message = message
  return true
end

local function finish(self)
  local message = self.message
  message.body = concat(message.pieces)
  message.pieces, self.message = nil, nil
  return message
end

local function take(message, piece)
  insert(message.pieces, piece)
  message.size = message.size + #piece
end

-- Of a chunked body; the message when it is whole.
local function read_chunks(self)
  while true do
    local size, at = self.rest:match '^(%x+)[^\r\n]*\r\n()'
    if not size then return nil end
    size = tonumber(size, 16)
    if size == 0 then
      local stop = self.rest:find('\r\n', at, true) == at and at + 1
        or select(2, self.rest:find('\r\n\r\n', at, true))
      if not stop then return nil end
      self.rest = self.rest:sub(stop + 1)
      return finish(self)
    end
    if #self.rest < at + size + 1 then return nil end
    take(self.message, self.rest:sub(at, at + size - 1))
    self.rest = self.rest:sub(at + size + 2)
  end
end

local function read_body(self)
  local message = self.message
  if message.chunked then return read_chunks(self) end
  local left = message.length and message.length - message.size or #self.rest
  take(message, self.rest:sub(1, left))
  self.rest = self.rest:sub(left + 1)
  if message.size == message.length then return finish(self) end
end

-- The message when it is whole; nil and a sentence when it is none.
function Reader:feed(bytes)
  local message = self.message
  if message and self.rest == '' and not message.chunked and
    (not message.length or message.size + #bytes < message.length) then
    take(message, bytes) -- a piece of a long body is not looked at
    return nil
  end
  self.rest = self.rest .. bytes
  while not self.message do
    local stop = self.rest:find('\r\n\r\n', 1, true)
    if not stop then return nil end
    local head = self.rest:sub(1, stop + 1)
    self.rest = self.rest:sub(stop + 4)
    if not begin_message(self, head) then return nil, 'that is no HTTP: ' .. head end
  end
  return read_body(self)
end

-- The connection has ended: the message that ends with it, or nil and what is missing.
function Reader:close()
  local message = self.message
  if not message then return nil, 'the connection was closed without a response' end
  if message.chunked or message.length then
    return nil, ('the response was cut short after %d bytes of its body'):format(message.size)
  end
  return finish(self)
end

return http
