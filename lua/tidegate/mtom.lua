-- Messages with attachments: multipart/related as XOP has it, made one XML text again.
-- Called once per state; gives a function from a response to its XML.
local native, tg = ...

local fail = native.soap_fail

local XOP = { x = 'http://www.w3.org/2004/08/xop/include' }
local PARTS = 1000 -- of a message

-- A parameter of a field such as Content-Type.
local function parameter(field, name)
  local rest = (';' .. field):lower():find(';%s*' .. name .. '%s*=')
  if not rest then return nil end
  local text = (';' .. field):sub(rest)
  return text:match '^;%s*[%w-]+%s*=%s*"([^"]*)"' or text:match '^;%s*[%w-]+%s*=%s*([^%s;"]+)'
end

local function fields_of(head)
  local fields = {}
  local lines = head:gsub('\r\n[ \t]+', ' ') .. '\r\n'
  for name, value in lines:gmatch '([^:\r\n]+):[ \t]*([^\r\n]*)\r\n' do
    fields[name:lower()] = value
  end
  return fields
end

-- The parts between boundaries, each { fields, bytes }; or nil and why.
local function split(body, boundary)
  local parts, line = {}, '\r\n--' .. boundary
  local text = '\r\n' .. body
  local _, at = text:find(line, 1, true)
  while at do
    if text:sub(at + 1, at + 2) == '--' then return parts end
    local begin = text:match('^[ \t]*\r\n()', at + 1)
    local first = text:find(line, begin and begin - 2 or at, true)
    if not begin or not first or #parts == PARTS then break end
    local blank, head_end = text:find('\r\n\r\n', begin - 2, true)
    if not blank or blank > first then break end
    parts[#parts + 1] = { fields = fields_of(text:sub(begin, blank + 1)),
      bytes = text:sub(head_end + 1, first - 1) }
    at = first + #line - 1
  end
  return nil
end

local function decoded(part)
  local encoding = (part.fields['content-transfer-encoding'] or 'binary'):lower()
  if encoding == 'binary' or encoding == '8bit' or encoding == '7bit' then return part.bytes end
  if encoding ~= 'base64' then return nil end
  return (tg.base64.decode((part.bytes:gsub('%s+', ''))))
end

local function id_of(part) return (part.fields['content-id'] or ''):match '^%s*<?([^>]*)>?%s*$' end

-- Each Include becomes the base64 of the attachment that it names.
local function inline(text, attachments, charset)
  local doc, err = tg.xml.parse(text, { charset = charset })
  if not doc then return nil, err end
  for _, include in ipairs(doc:xpath('//x:Include', XOP)) do
    local id = (include:attribute 'href' or ''):match '^cid:(.*)$'
    local bytes = id and attachments[tg.unescape(id)]
    if not bytes then
      return nil, fail('parse', 'an attachment that is not there: ' .. (id or '?'))
    end
    doc:set('(//x:Include)[1]/..', tg.base64.encode(bytes), XOP)
  end
  return doc:xml()
end

-- Whether the response has attachments: its XML text with them in it, and a table of their bytes by
-- Content-ID. Gives nothing for other responses, and nil and an error for one that is broken.
return function(res)
  local kind = res.headers['content-type'] or ''
  if not kind:lower():find '^%s*multipart/related' then return false end
  local boundary = parameter(kind, 'boundary')
  local parts = boundary and boundary ~= '' and split(res.body, boundary)
  if not parts or not parts[1] then
    return nil, fail('parse', 'multipart/related that can not be taken apart')
  end
  local start = (parameter(kind, 'start') or ''):match '^<?([^>]*)>?$'
  local root, attachments = parts[1], {}
  for _, part in ipairs(parts) do
    local id, bytes = id_of(part), decoded(part)
    if not bytes then return nil, fail('parse', 'an attachment in an unknown encoding') end
    part.bytes = bytes
    if start ~= '' and id == start then root = part end
    if id ~= '' then attachments[id] = bytes end
  end
  attachments[id_of(root)] = nil
  local text, err = inline(root.bytes, attachments, parameter(root.fields['content-type'] or '',
    'charset'))
  if not text then return nil, err end
  return text, attachments
end
