-- SOAP 1.1 and 1.2: envelopes around values, and what is in those that come back.
-- Called once per state; gives the table tg.soap.
local native, tg, sandbox, read_attachments = ...

local raise, fail, pairs = native.raise, native.soap_fail, sandbox.pairs
local insert, concat, sort = table.insert, table.concat, table.sort
local encode, decode = tg.xml.encode, tg.xml.decode

local WSA = 'http://www.w3.org/2005/08/addressing'
local OASIS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
local versions = {
  ['1.1'] = { uri = 'http://schemas.xmlsoap.org/soap/envelope/', type = 'text/xml; charset=utf-8' },
  ['1.2'] = { uri = 'http://www.w3.org/2003/05/soap-envelope',
    type = 'application/soap+xml; charset=utf-8' },
}

-- Options

local function set(names)
  local result = {}
  for name in names:gmatch '%S+' do result[name] = true end
  return result
end

local envelope_keys = set 'version header namespaces order security addressing action'
local parse_keys = set 'xml'
local call_keys = set [[version header namespaces order security addressing action path headers body
  xml timeout connect_timeout retries]]

local function options(name, opts, keys)
  if opts == nil then return {} end
  if type(opts) ~= 'table' then raise(('%s: the options are a table'):format(name)) end
  for key in pairs(opts) do
    if not keys[key] then raise(("%s: unknown option '%s'"):format(name, tostring(key))) end
  end
  return opts
end

local function version_of(name, opts)
  local version = versions[opts.version or '1.1']
  if not version then raise(("%s: version is '1.1' or '1.2'"):format(name)) end
  return version
end

-- Values to XML

-- A plain table has no order, and most services want one.
local function check_order(name, value, where)
  if type(value) ~= 'table' then return end
  local kind, children = getmetatable(value), 0
  local is_list = kind == 'array' or kind ~= 'ordered' and value[1] ~= nil
  for key, item in pairs(value) do
    local child = tostring(key)
    if not is_list and child:sub(1, 1) ~= '@' and child ~= '#text' then children = children + 1 end
    check_order(name, item, is_list and where or where .. '/' .. child)
  end
  if children > 1 and kind ~= 'ordered' then
    raise(("%s: the children of %s have no order: use tg.ordered, the option order, or XML text")
      :format(name, where))
  end
end

local function xml_text(name, what, text)
  local ok, err = decode(text, { output = '1GB', input = '1GB' })
  if ok == nil and err then raise(('%s: %s: %s'):format(name, what, err.message)) end
  return (text:gsub('^%s*<%?xml.-%?>%s*', ''))
end

local function element(name, key, value, opts)
  if not opts.order then check_order(name, value, key) end
  return encode({ [key] = value }, { namespaces = opts.namespaces, order = opts.order })
end

local function body_of(name, body, opts)
  if body == nil then return '' end
  if type(body) == 'string' then return xml_text(name, 'body', body) end
  local key, value
  if type(body) == 'table' then
    for k, v in pairs(body) do
      if key ~= nil then key, value = nil, nil break end
      key, value = k, v
    end
  end
  if type(key) ~= 'string' or getmetatable(body) == 'array' then
    raise(("%s: body is a table with one member, the element that is sent, or XML text")
      :format(name))
  end
  return element(name, key, value, opts)
end

local references = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }
local function escape(text) return (tostring(text):gsub('[&<>"]', references)) end

-- The header blocks of WS-Addressing: what is called, and which message this is.
local function addressing(name, opts)
  local given = opts.addressing
  if not given then return '' end
  if not opts.action then raise(('%s: addressing needs an action'):format(name)) end
  given = options(name .. ': addressing', given ~= true and given or nil, set 'to reply_to id')
  local parts = { ('<wsa:Action xmlns:wsa="%s">%s</wsa:Action>'):format(WSA, escape(opts.action)) }
  local function add(tag, text)
    insert(parts, ('<wsa:%s xmlns:wsa="%s">%s</wsa:%s>'):format(tag, WSA, text, tag))
  end
  add('MessageID', escape(given.id or 'urn:uuid:' .. tg.uuid()))
  if given.to then add('To', escape(given.to)) end
  if given.reply_to then
    add('ReplyTo', '<wsa:Address>' .. escape(given.reply_to) .. '</wsa:Address>')
  end
  return concat(parts)
end

local function iso(seconds) return os.date('!%Y-%m-%dT%H:%M:%SZ', math.floor(seconds)) end

-- WS-Security: who asks, and how long that is to be believed.
local function security(name, opts)
  local given = opts.security
  if not given then return '' end
  options(name .. ': security', given, set 'username password type timestamp')
  local now, parts = tg.time(), {}
  if given.timestamp then
    local life = given.timestamp == true and 300 or given.timestamp
    insert(parts, ('<wsu:Timestamp><wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires>'
      .. '</wsu:Timestamp>'):format(iso(now), iso(now + life)))
  end
  if given.username then
    local password, kind, more = given.password or '', 'PasswordText', ''
    if given.type == 'digest' then
      local nonce = tg.hash.sha256(tg.uuid(), { format = 'raw' }):sub(1, 16)
      local created = iso(now)
      password = tg.hash.sha1(nonce .. created .. password, { format = 'base64' })
      kind = 'PasswordDigest'
      more = ('<wsse:Nonce EncodingType="%ssoap-message-security-1.0#Base64Binary">%s</wsse:Nonce>'
        .. '<wsu:Created>%s</wsu:Created>'):format(OASIS, tg.base64.encode(nonce), created)
    elseif given.type ~= nil and given.type ~= 'text' then
      raise(("%s: the type of a password is 'text' or 'digest'"):format(name))
    end
    insert(parts, ('<wsse:UsernameToken><wsse:Username>%s</wsse:Username><wsse:Password '
      .. 'Type="%susername-token-profile-1.0#%s">%s</wsse:Password>%s</wsse:UsernameToken>')
      :format(escape(given.username), OASIS, kind, escape(password), more))
  end
  return ('<wsse:Security xmlns:wsse="%swssecurity-secext-1.0.xsd" '
    .. 'xmlns:wsu="%swssecurity-utility-1.0.xsd" soap:mustUnderstand="1">%s</wsse:Security>')
    :format(OASIS, OASIS, concat(parts))
end

-- The application's own header blocks, in the order of their names unless they have another.
local function header_of(name, header, opts)
  if header == nil then return '' end
  if type(header) == 'string' then return xml_text(name, 'header', header) end
  if type(header) ~= 'table' then
    raise(('%s: header is a table of elements, or XML text'):format(name))
  end
  local keys, parts = {}, {}
  for key in pairs(header) do insert(keys, key) end
  if getmetatable(header) ~= 'ordered' then sort(keys) end
  for _, key in ipairs(keys) do insert(parts, element(name, key, header[key], opts)) end
  return concat(parts)
end

-- The envelope around a body that is XML text already.
local function wrap(name, body, opts)
  local version = version_of(name, opts)
  local header = addressing(name, opts) .. security(name, opts) ..
    header_of(name, opts.header, opts)
  if header ~= '' then header = '<soap:Header>' .. header .. '</soap:Header>' end
  return ('<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="%s">%s<soap:Body>%s'
    .. '</soap:Body></soap:Envelope>'):format(version.uri, header, body)
end

local function envelope(name, body, opts)
  return wrap(name, body_of(name, body, opts), opts)
end

-- XML to values

local function text_of(value)
  if type(value) == 'table' then
    if value[1] ~= nil then value = value[1] end
    if type(value) == 'table' then value = value['#text'] end
  end
  return type(value) == 'string' and value or nil
end

-- A fault of either version as an error table.
local function fault_of(fault)
  if type(fault) ~= 'table' then fault = {} end
  local code, subcode, text, actor, detail = fault.faultcode, nil, fault.faultstring,
    fault.faultactor, fault.detail
  if fault.Code ~= nil then
    local inner = fault.Code.Subcode
    code, subcode = fault.Code.Value, type(inner) == 'table' and inner.Value or nil
    text, actor, detail = type(fault.Reason) == 'table' and fault.Reason.Text,
      fault.Role or fault.Node, fault.Detail
  end
  local message = text_of(text)
  local shown = message ~= '' and message or 'the service answered with a fault'
  local err = fail('fault', shown)
  err.code, err.string = text_of(code) or 'fault', message
  err.subcode, err.actor, err.detail = text_of(subcode), text_of(actor), detail
  return err
end

-- What the decoded value of an envelope holds: { name, value, header, fault }, or nil and an error.
local function open(value)
  local inside = type(value) == 'table' and value.Envelope
  if type(inside) ~= 'table' or inside.Body == nil then
    return nil, fail('parse', 'this is not a SOAP envelope')
  end
  local found, body, count = { header = inside.Header }, inside.Body, 0
  if type(body) ~= 'table' then return found end
  if body.Fault ~= nil then
    found.fault = fault_of(body.Fault)
    return found
  end
  for key, item in pairs(body) do
    if key:sub(1, 1) ~= '@' and key ~= '#text' then
      count, found.name, found.value = count + 1, key, item
    end
  end
  if count > 1 then found.name, found.value = nil, body end
  return found
end

local function reading(name, opts)
  local how = { namespaces = 'strip' }
  for key, value in pairs(options(name .. ': xml', opts.xml, setmetatable({}, {
    __index = function() return true end }))) do
    how[key] = value
  end
  return how
end

local soap = {}

function soap.envelope(body, opts)
  return envelope('tg.soap.envelope', body, options('tg.soap.envelope', opts, envelope_keys))
end

function soap.parse(text, opts)
  opts = options('tg.soap.parse', opts, parse_keys)
  local value, err = decode(text, reading('tg.soap.parse', opts))
  if value == nil then return nil, err end
  return open(value)
end

-- Calls

local function fields(opts)
  local version, headers = version_of('tg.soap.call', opts), {}
  for key, value in pairs(opts.headers or {}) do headers[key:lower()] = value end
  local action = opts.action or ''
  if action:find '["\r\n\\]' then raise "tg.soap.call: action can't have quotes" end
  headers['content-type'] = version.type
  if version ~= versions['1.2'] then
    headers.soapaction = '"' .. action .. '"'
  elseif action ~= '' then
    headers['content-type'] = ('%s; action="%s"'):format(version.type, action)
  end
  return headers
end

-- A response that is no envelope: its status says more than that it can't be read.
local function fail_answer(res, err)
  if res.status >= 200 and res.status < 300 then return err end
  err = fail('status', ('answered %d without a SOAP envelope'):format(res.status))
  err.status, err.response = res.status, res
  return err
end

function soap.call(backend, opts)
  opts = options('tg.soap.call', opts, call_keys)
  local text = envelope('tg.soap.call', opts.body, opts)
  local res, err = backend:post(opts.path or '/', { body = text, headers = fields(opts),
    timeout = opts.timeout, connect_timeout = opts.connect_timeout, retries = opts.retries })
  if not res then
    if err.code ~= 'status' or not err.response then return nil, err end
    res = err.response
  end
  local value, wrong, found
  local inlined, attachments = read_attachments(res)
  if inlined then
    value, wrong = decode(inlined, reading('tg.soap.call', opts))
  elseif inlined == nil then
    wrong = attachments
  else
    value, wrong = res:xml(reading('tg.soap.call', opts))
  end
  if value ~= nil then found, wrong = open(value) end
  if found and not found.fault then
    return found.value, { name = found.name, header = found.header, response = res,
      attachments = attachments }
  end
  wrong = found and found.fault or fail_answer(res, wrong)
  wrong.backend = tostring(backend):match "^backend '(.*)'$"
  if found then wrong.status, wrong.response = res.status, res end
  return nil, wrong
end

-- For soap_client.lua, which takes it away.
soap.parts = { wrap = wrap, fields = fields, fault = fault_of, attachments = read_attachments }

return soap
