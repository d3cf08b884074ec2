-- WSDL 1.1: which operations a service has, and what their messages are made of.
-- Called once per state; gives a function that reads a file of the site.
local native, tg, sandbox = ...

local raise, pairs, ipairs = native.raise, sandbox.pairs, ipairs
local insert, concat = table.insert, table.concat

local WSDL = 'http://schemas.xmlsoap.org/wsdl/'
local SOAP = {
  ['http://schemas.xmlsoap.org/wsdl/soap/'] = '1.1',
  ['http://schemas.xmlsoap.org/wsdl/soap12/'] = '1.2',
}
local PREFIXES = { w = WSDL, xs = 'http://www.w3.org/2001/XMLSchema' }
local LIMITS = { input = '8MB', depth = 256, elements = 100000, names = 100000 }

local references = { ['&'] = '&amp;', ['<'] = '&lt;', ['"'] = '&quot;' }
local function escape(text) return (text:gsub('[&<"]', references)) end

-- Elements of a WSDL document, with the place they stand at.

local function fail(at, message)
  raise(('%s:%d: %s'):format(at.file, at.node and at.node:line() or 1, message))
end

local function child_nodes(at, expression)
  local list = {}
  for _, node in ipairs(at.node:xpath(expression, PREFIXES)) do
    insert(list, { node = node, file = at.file, target = at.target })
  end
  return list
end

-- The QName in an attribute as '{namespace}name'; nil when there is none.
local function qname(at, attribute)
  local text = at.node:attribute(attribute)
  if not text then return nil end
  local prefix, name = text:match '^%s*([^:%s]+):([^:%s]+)%s*$'
  if not prefix then prefix, name = '', text:match '^%s*([^:%s]+)%s*$' end
  if not name then fail(at, ("'%s' is no name"):format(text)) end
  local uri = at.node:xpath(("string(namespace::*[name()='%s'])"):format(prefix:gsub("'", '')))
  if uri == '' and prefix ~= '' then
    fail(at, ("the prefix of '%s' is not declared"):format(text))
  end
  return ('{%s}%s'):format(uri, name)
end

local function names_of(list)
  local names = {}
  for name in pairs(list) do insert(names, name) end
  table.sort(names)
  return concat(names, ', ')
end

-- Reading a document, and those that it imports.

local function keep(all, kind, at)
  local name = at.node:attribute 'name'
  if not name then fail(at, ('a %s without a name'):format(kind)) end
  all[kind][('{%s}%s'):format(at.target, name)] = at
  at.name = name
end

local function read(all, path, from)
  if all.seen[path] then return end
  all.seen[path] = true
  local text, why = native.file_read(path)
  if not text then
    if from then fail(from, path .. ': ' .. why) end
    raise(path .. ': ' .. why)
  end
  local doc, err = tg.xml.parse(text, LIMITS)
  if not doc then raise(('%s:%d: %s'):format(path, err.line or 1, err.message)) end
  local root = doc:xpath('/w:definitions', PREFIXES)[1]
  if not root then
    if from and doc:xpath('/xs:schema', PREFIXES)[1] then return end
    local node = doc:xpath '/*'[1]
    raise(("%s:%d: the element is <%s>; a WSDL 1.1 document is wanted"):format(path, node:line(),
      node:name()))
  end
  local at = { node = root, file = path, target = root:attribute 'targetNamespace' or '' }
  for _, import in ipairs(child_nodes(at, 'w:import')) do
    local location = import.node:attribute 'location'
    local inner = location and native.file_path(path, location)
    if location and not inner then
      fail(import, ("'%s' is not a file in the site's folder; nothing else is opened")
        :format(location))
    end
    if inner then read(all, inner, import) end
  end
  for _, kind in ipairs { 'message', 'portType', 'binding', 'service' } do
    for _, inner in ipairs(child_nodes(at, 'w:' .. kind)) do keep(all, kind, inner) end
  end
end

-- Ports

-- The child of an element that is in one of the namespaces of SOAP bindings; and the version.
local function soap_child(at, name)
  for _, inner in ipairs(child_nodes(at, ("*[local-name()='%s']"):format(name))) do
    local version = SOAP[inner.node:namespace() or '']
    if version then return inner, version end
  end
end

local function resolve(all, kind, at, attribute)
  local name = qname(at, attribute)
  local found = name and all[kind][name]
  if not found then fail(at, ("there is no %s '%s'"):format(kind, name or '')) end
  return found
end

-- All ports that speak SOAP over HTTP.
local function ports_of(all, opts)
  local list, others = {}, {}
  for _, service in pairs(all.service) do
    for _, port in ipairs(child_nodes(service, 'w:port')) do
      local name = port.node:attribute 'name' or ''
      local binding = resolve(all, 'binding', port, 'binding')
      local soap, version = soap_child(binding, 'binding')
      local transport = soap and soap.node:attribute 'transport'
      local wanted = (opts.service or service.name) == service.name and (opts.port or name) == name
      local http = transport == 'http://schemas.xmlsoap.org/soap/http'
        or transport == 'http://www.w3.org/2003/05/soap/bindings/HTTP/'
      others[name] = true
      if soap and http and wanted then
        insert(list, { name = name, service = service.name, at = port, binding = binding,
          soap = soap, version = version, type = resolve(all, 'portType', binding, 'type') })
      end
    end
  end
  table.sort(list, function(a, b)
    if a.version ~= b.version then return a.version < b.version end
    return a.service .. ' ' .. a.name < b.service .. ' ' .. b.name
  end)
  return list, others
end

-- The one that is meant: several are one when they differ in the version of SOAP only.
local function choose_port(all, path, opts)
  local list, others = ports_of(all, opts)
  if not list[1] then
    raise(("%s:1: there is no port%s%s that speaks SOAP over HTTP; ports: %s"):format(path,
      opts.port and (" '%s'"):format(opts.port) or '',
      opts.service and (" of service '%s'"):format(opts.service) or '', names_of(others)))
  end
  local chosen
  for _, port in ipairs(list) do
    if port.type.node:line() ~= list[1].type.node:line() or port.type.name ~= list[1].type.name then
      local names = {}
      for _, one in ipairs(list) do insert(names, one.name) end
      fail(port.at, ('several ports: say which one, port = … (%s)'):format(concat(names, ', ')))
    end
    if not chosen and (opts.version or port.version) == port.version then chosen = port end
  end
  if not chosen then fail(list[1].at, ('no port of SOAP %s'):format(opts.version)) end
  return chosen
end

-- Messages

local function parts_of(message)
  local list = {}
  for _, part in ipairs(child_nodes(message, 'w:part')) do
    insert(list, { at = part, name = part.node:attribute 'name' or '',
      element = qname(part, 'element'), type = qname(part, 'type') })
  end
  return list
end

-- Those of the list that soap:body names, all when it names none.
local function body_parts(list, body, headers)
  local names, chosen = body.node:attribute 'parts', {}
  local padded = names and ' ' .. names:gsub('%s+', ' ') .. ' '
  for _, part in ipairs(list) do
    local named = not names or padded:find(' ' .. part.name .. ' ', 1, true)
    if named and not headers[part.name] then insert(chosen, part) end
  end
  return chosen
end

-- The parts of the same message that are header blocks.
local function header_parts(at, message)
  local names = {}
  for _, header in ipairs(child_nodes(at, "*[local-name()='header']")) do
    local part = SOAP[header.node:namespace() or ''] and header.node:attribute 'part'
    if part and qname(header, 'message') == ('{%s}%s'):format(message.target, message.name) then
      names[part] = true
    end
  end
  return names
end

-- The element of an rpc message: a wrapper whose children are the parts.
local function rpc_element(model, at, name, namespace, parts)
  local inside = {}
  for _, part in ipairs(parts) do
    if not part.type then
      fail(part.at, ("part '%s' of an rpc message needs a type"):format(part.name))
    end
    local uri, type = part.type:match '^{(.*)}(.*)$'
    model.imports[namespace] = model.imports[namespace] or {}
    if uri ~= namespace then model.imports[namespace][uri] = true end
    insert(inside, ('<s:element name="%s" type="t:%s" xmlns:t="%s"/>'):format(part.name, type,
      escape(uri)))
  end
  local full = ('{%s}%s'):format(namespace, name)
  if not model.wrappers[full] then
    model.wrappers[full] = true
    model.texts[namespace] = (model.texts[namespace] or '') .. ('<s:element name="%s">'
      .. '<s:complexType><s:sequence>%s</s:sequence></s:complexType></s:element>')
      :format(name, concat(inside))
  end
  return full, at
end

-- What one message of an operation is in a body: the element's name; nil for an empty body.
local function message_of(all, model, operation, direction, style, wrapper)
  local abstract = child_nodes(operation.abstract, 'w:' .. direction)[1]
  local concrete = child_nodes(operation.at, 'w:' .. direction)[1]
  if not abstract then return nil, true end
  local message = resolve(all, 'message', abstract, 'message')
  local at = concrete or abstract
  local body = concrete and soap_child(concrete, 'body')
  if not body then
    local mime = concrete and #concrete.node:xpath ".//*[local-name()='multipartRelated']" > 0
    fail(at, mime and 'messages with attachments (mime:multipartRelated) are not supported'
      or ("the %s of '%s' has no soap:body"):format(direction, operation.name))
  end
  if body.node:attribute 'use' == 'encoded' then
    fail(body, ("'%s' is encoded (use=\"encoded\"): only literal messages are supported")
      :format(operation.name))
  end
  local parts = body_parts(parts_of(message), body, header_parts(concrete, message))
  if style == 'rpc' then
    return rpc_element(model, body, wrapper, body.node:attribute 'namespace' or message.target,
      parts)
  end
  if #parts > 1 then
    fail(body, ("the %s of '%s' has %d parts in its body; a document has one"):format(direction,
      operation.name, #parts))
  end
  if parts[1] and not parts[1].element then
    fail(parts[1].at, ("part '%s' of a document needs an element"):format(parts[1].name))
  end
  return parts[1] and parts[1].element
end

-- The operation of the port type; they are listed once.
local function find_abstract(port, name, at)
  if not port.abstract then
    port.abstract = {}
    for _, abstract in ipairs(child_nodes(port.type, 'w:operation')) do
      port.abstract[abstract.node:attribute 'name' or ''] = abstract
    end
  end
  return port.abstract[name] or fail(at, ("the port type has no operation '%s'"):format(name))
end

local function read_operation(all, model, port, at)
  local soap = soap_child(at, 'operation')
  local operation = { name = at.node:attribute 'name' or '', at = at }
  operation.abstract = find_abstract(port, operation.name, at)
  local style = soap and soap.node:attribute 'style' or port.soap.node:attribute 'style'
    or 'document'
  local one_way
  operation.action = soap and soap.node:attribute 'soapAction' or ''
  operation.style = style
  operation.input = message_of(all, model, operation, 'input', style, operation.name)
  operation.output, one_way = message_of(all, model, operation, 'output', style,
    operation.name .. 'Response')
  operation.one_way = one_way == true
  local words = operation.abstract.node:xpath('string(w:documentation)', PREFIXES)
  operation.documentation = words ~= '' and words:gsub('%s+', ' '):match '^ ?(.-) ?$' or nil
  return operation
end

-- Schemas that hold the wrappers of rpc messages.
local function wrapper_schemas(model)
  local list = {}
  for namespace, elements in pairs(model.texts) do
    local imports = {}
    for uri in pairs(model.imports[namespace] or {}) do
      if uri ~= PREFIXES.xs then
        insert(imports, ('<s:import namespace="%s"/>'):format(escape(uri)))
      end
    end
    table.sort(imports)
    insert(list, ('<s:schema xmlns:s="%s"%s>%s%s</s:schema>'):format(PREFIXES.xs,
      namespace ~= '' and (' targetNamespace="%s"'):format(escape(namespace)) or '',
      concat(imports), elements))
  end
  table.sort(list)
  return list
end

-- { operations, by name; names, in order; port, service, version; address, as it is; schemas }
return function(path, opts)
  local all = { seen = {}, message = {}, portType = {}, binding = {}, service = {} }
  read(all, path)
  local port = choose_port(all, path, opts)
  local model = { texts = {}, imports = {}, wrappers = {} }
  local address = soap_child(port.at, 'address')
  local result = { operations = {}, names = {}, port = port.name, service = port.service,
    version = port.version, address = address and address.node:attribute 'location' }
  for _, at in ipairs(child_nodes(port.binding, 'w:operation')) do
    local name = at.node:attribute 'name' or ''
    if result.operations[name] then fail(at, ("a second operation '%s'"):format(name)) end
    if not opts.operations or opts.operations[name] then
      result.operations[name] = read_operation(all, model, port, at)
      insert(result.names, name)
    end
  end
  for name in pairs(opts.operations or {}) do
    if not result.operations[name] then
      fail(port.binding, ("there is no operation '%s'"):format(name))
    end
  end
  result.schemas = wrapper_schemas(model)
  return result
end
