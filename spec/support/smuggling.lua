-- Requests as smugglers send them, by the thousand: known tricks, changed at random, and a strict
-- reading of what they are.
local smuggling = {}

local TOKEN = "^[!#$%%&'*+%-.^_`|~%w]+$"

-- ---- what they are

local function has_control(text) return text:find '[%z\1-\8\10-\31\127]' ~= nil end

local function trim(text) return text:match '^[ \t]*(.-)[ \t]*$' end

-- Method and fields of a head, and what stands behind it; nil and 'bad' or 'more'.
local function read_head(bytes)
  local head, rest = bytes:match '^(.-)\r\n\r\n(.*)$'
  if not head then return nil, 'more' end
  if head:gsub('\r\n', ''):find '[\r\n]' then return nil, 'bad' end
  local line, lines = head:match '^([^\r]*)(.*)$'
  local method, target, version = line:match '^([^ ]+) ([^ ]+) HTTP/1%.([01])$'
  if not target or not method:find(TOKEN) then return nil, 'bad' end
  local fields = {}
  for field in lines:gmatch '\r\n([^\r]*)' do
    local name, value = field:match '^([^:]*):(.*)$'
    if not name or not name:find(TOKEN) or has_control(value) then return nil, 'bad' end
    name = name:lower()
    fields[name] = fields[name] or {}
    table.insert(fields[name], trim(value))
  end
  return { method = method, version = version, fields = fields }, rest
end

local function read_chunks(bytes)
  local parts, at = {}, 1
  while true do
    local line, next_at = bytes:match('^([^\r]*)\r\n()', at)
    if not line then return nil, bytes:find('\r', at, true) and 'bad' or 'more' end
    local digits, more = line:match '^(%x+)(.*)$'
    if not digits or #digits > 15 or has_control(more) or more:find '^[^;]' then
      return nil, 'bad'
    end
    local size = tonumber(digits, 16)
    at = next_at
    if size == 0 then break end
    if #bytes < at + size + 1 then return nil, 'more' end
    if bytes:sub(at + size, at + size + 1) ~= '\r\n' then return nil, 'bad' end
    parts[#parts + 1] = bytes:sub(at, at + size - 1)
    at = at + size + 2
  end
  while true do
    local line, next_at = bytes:match('^([^\r]*)\r\n()', at)
    if not line then return nil, bytes:find('\r', at, true) and 'bad' or 'more' end
    at = next_at
    if line == '' then return table.concat(parts), bytes:sub(at) end
    if has_control(line) then return nil, 'bad' end
  end
end

local function read_body(request, rest)
  local fields = request.fields
  local codings, lengths = fields['transfer-encoding'] or {}, fields['content-length'] or {}
  local hosts = fields.host or {}
  if #codings + #lengths > 1 or #hosts > 1 or (#hosts == 0 and request.version == '1') then
    return nil, 'bad'
  end
  for _, expected in ipairs(fields.expect or {}) do
    if #codings + #lengths > 0 and expected:lower() ~= '100-continue' then return nil, 'bad' end
  end
  if codings[1] then
    if codings[1]:lower() ~= 'chunked' or request.version == '0' then return nil, 'bad' end
    return read_chunks(rest)
  elseif lengths[1] then
    local length = lengths[1]:find '^%d+$' and tonumber(lengths[1])
    if not length or length >= 2 ^ 60 then return nil, 'bad' end
    if #rest < length then return nil, 'more' end
    return rest:sub(1, length), rest:sub(length + 1)
  end
  return '', rest
end

local function ends_connection(request)
  local keeps = request.version == '1'
  for option in (table.concat(request.fields.connection or {}, ',') .. ','):gmatch '([^,]*),' do
    option = trim(option:lower())
    if option == 'close' then return true end
    keeps = keeps or option == 'keep-alive'
  end
  return not keeps
end

-- The requests that the bytes are, { method, body } each, and how they end: 'close', 'more' when
-- something is missing, 'bad' when what follows is no request that all read alike.
function smuggling.read(bytes)
  local list = {}
  while true do
    local request, rest = read_head((bytes:gsub('^\r\n', '')))
    if not request then return list, rest end
    request.body, rest = read_body(request, rest)
    if not request.body then return list, rest end
    list[#list + 1] = request
    if ends_connection(request) then return list, 'close' end
    bytes = rest
  end
end

-- ---- how they are made

local CODINGS = { 'chunked', 'xchunked', 'chunked, identity', 'identity, chunked', 'gzip, chunked',
  '"chunked"', 'chunked;q=1', '\vchunked', 'chunked\0', '\r\n chunked', 'CHUNKED', 'cow', '' }
local NAMES = { 'Transfer-Encoding', 'Transfer-Encoding ', ' Transfer-Encoding',
  'transfer_encoding', 'X: y\nTransfer-Encoding', 'X: y\rTransfer-Encoding',
  'Transfer-Encoding\0', 'X-Transfer-Encoding',
  'Connection: Transfer-Encoding\r\nTransfer-Encoding' }
local LENGTHS = { '%d', '0', '+%d', '-%d', '0x%x', '%d, %d', ' %d ', '0%d', '%d\0', '%d\v', '%d.0',
  '18446744073709551616', '4294967296', '_%d', '' }
local CHUNKS = { '%x', '0x%x', '%x ', ' %x', '+%x', '-%x', '%x;a=b', '%x;\n', '%x\0', '_%x', '%xg',
  '00000000000000000%x', '1000000000000000%x', '%x\r', '%x;a="\r\n' }
local FIELDS = { 'Connection: close', 'Connection: keep-alive', 'Connection: Content-Length, Host',
  'Expect: 100-continue', 'Expect: x', 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings',
  'Upgrade: websocket\r\nConnection: Upgrade', 'Host: b', 'X: y\r\n z', ': y', 'X : y',
  'TE: trailers', 'Content-Length: 5', 'Trailer: Content-Length', 'X_Forwarded_For: 6.6.6.6',
  'Keep-Alive: 5', 'Connection: close\r\nConnection: keep-alive', 'Connection: close, keep-alive' }
local METHODS = { 'POST', 'GET', 'HEAD', 'PUT', 'OPTIONS', 'DELETE', 'post', 'X' }
local BYTES = { '\r', '\n', '\0', ' ', '\t', '\v', ':', ',', ';', '\r\n', '\n\n', '\127', '\255',
  '"', '0', '-', '+', '_', '\r\n ', '\r\n\r\n' }

local function one_of(list) return list[math.random(#list)] end

-- Some of the forms of a body of `body`, whose framing is wrong in one way or in none.
local function framed(body)
  local coding = one_of(NAMES) .. ': ' .. one_of(CODINGS) .. '\r\n'
  local length = 'Content-Length: ' .. one_of(LENGTHS):gsub('%%([dx])',
    function(form) return ('%' .. form):format(#body) end) .. '\r\n'
  local chunk = one_of(CHUNKS):format(#body)
  return one_of {
    length .. '\r\n' .. body,
    length .. length .. '\r\n' .. body,
    coding .. '\r\n0\r\n\r\n' .. body,
    length .. coding .. '\r\n0\r\n\r\n' .. body,
    coding .. length .. '\r\n' .. chunk .. '\r\n' .. body .. '\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n' .. chunk .. '\r\n' .. body .. '\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n' .. ('%x'):format(#body) .. '\r\n' .. body ..
      '\r\n0\r\nContent-Length: 9\r\n\r\n',
    '\r\n' .. body,
  }
end

local function change(bytes)
  local at, what = math.random(#bytes + 1), math.random(3)
  local byte = one_of(BYTES)
  if what == 1 then return bytes:sub(1, at - 1) .. byte .. bytes:sub(at) end
  if what == 2 then return bytes:sub(1, at - 1) .. bytes:sub(at + 1) end
  return bytes:sub(1, at - 1) .. byte .. bytes:sub(at + #byte)
end

-- Bytes to send, for paths that begin with `path`. What they hide has a path of its own; behind
-- them stand good requests that say close.
function smuggling.make(path)
  local hidden = 'GET ' .. path .. '/hidden HTTP/1.1\r\nHost: a\r\n\r\n'
  local version = math.random(8) == 1 and '0' or '1'
  local field = math.random(2) == 1 and one_of(FIELDS) .. '\r\n' or ''
  local bytes = one_of(METHODS) .. ' ' .. path .. '/seen HTTP/1.' .. version ..
    '\r\nHost: a\r\n' .. field .. framed(hidden)
  for _ = 1, math.random(0, 2) do bytes = change(bytes) end
  local last = 'GET ' .. path .. '/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  return bytes .. last:rep(9)
end

return smuggling
