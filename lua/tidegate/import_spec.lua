-- The specs of a site that `tidegate import` makes: each operation with a worked answer.
-- Called with what import_text.lua gives and the writer of JSON.
local text, pretty = ...

local insert, concat = table.insert, table.concat
local spec = {}

local helper = [[
-- Answers of a SOAP service, for the specs beside.
local soap = {}

local envelope = [=[
<soap:Envelope xmlns:soap="%s">
  <soap:Body>
%%s
  </soap:Body>
</soap:Envelope>
]=]

local function message(status, body)
  local headers = { ['content-type'] = '%s' }
  return { status = status, headers = headers, body = envelope:format(body) }
end

--- The answer with that body.
function soap.answer(body) return message(200, body) end

--- A fault with that text.
function soap.fault(words)
  return message(500, (%s):format(words))
end

return soap
]]

local FAULT_11 = [==[[[
    <soap:Fault>
      <faultcode>soap:Server</faultcode>
      <faultstring>%s</faultstring>
    </soap:Fault>]]]==]
local FAULT_12 = [==[[[
    <soap:Fault>
      <soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>
      <soap:Reason><soap:Text xml:lang="en">%s</soap:Text></soap:Reason>
    </soap:Fault>]]]==]

--- spec/soap.lua
function spec.helper(version)
  if version == '1.2' then
    return helper:format('http://www.w3.org/2003/05/soap-envelope',
      'application/soap+xml; charset=utf-8', FAULT_12)
  end
  return helper:format('http://schemas.xmlsoap.org/soap/envelope/', 'text/xml; charset=utf-8',
    FAULT_11)
end

-- Values as Lua writes them.

local function is_name(name)
  return name:find '^[%a_][%w_]*$' ~= nil and not ('and break do else elseif end false for function'
    .. ' goto if in local nil not or repeat return then true until while ')
    :find(name .. ' ', 1, true)
end

local function quote(value)
  if not value:find "[%c'\\]" then return "'" .. value .. "'" end
  return (('%q'):format(value):gsub('\\\n', '\\n'))
end

local literal

local function join(items, indent)
  if #items == 0 then return '{}' end
  local line = '{ ' .. concat(items, ', ') .. ' }'
  if #line + #indent <= 84 and not line:find('\n', 1, true) then return line end
  local inner = indent .. '  '
  return '{\n' .. inner .. concat(items, ',\n' .. inner) .. ',\n' .. indent .. '}'
end

function literal(value, indent)
  if type(value) == 'string' then return quote(value) end
  if type(value) ~= 'table' then return tostring(value) end
  if value.text and value[1] == nil then return value.text end -- a number with its digits
  local items = {}
  for _, item in ipairs(value) do
    if pretty.is_ordered(value) then
      local key = is_name(item[1]) and item[1] or '[' .. quote(item[1]) .. ']'
      insert(items, key .. ' = ' .. literal(item[2], indent .. '  '))
    else
      insert(items, literal(item, indent .. '  '))
    end
  end
  return join(items, indent)
end

-- XML on several lines, where there is nothing but elements in an element.
local function indented(xml)
  local out, depth = {}, 0
  local at = 1
  while at <= #xml do
    local tag, rest = xml:match('^(<[^>]*>)()', at)
    local words, behind = xml:match('^([^<]+)()', at)
    if tag then
      local closes, single = tag:sub(2, 2) == '/', tag:sub(-2) == '/>'
      if closes then depth = depth - 1 end
      local previous = out[#out] or ''
      local stays = closes and (previous:find '[^>]$' or out.opened)
      if #out > 0 and not stays then insert(out, '\n' .. ('  '):rep(depth)) end
      insert(out, tag)
      out.opened = not closes and not single
      if out.opened then depth = depth + 1 end
      at = rest
    else
      insert(out, words)
      out.opened = false
      at = behind
    end
  end
  return concat(out)
end

local function long_text(value)
  local level = ''
  while value:find(']' .. level .. ']', 1, true) do level = level .. '=' end
  return ('[%s[\n%s]%s]'):format(level, value, level)
end

-- Tests

local answer_test = [[
  it('gives the answer of the service as JSON', function()
    service:on('POST %s', soap.answer(ANSWER))
    local res = site:post('/%s'%s)
    assert.response(res).has.status(200)
    assert.response(res).has.%s%s
    assert.backend(service).was.called(1)
  end)
]]

local done_test = [[
  it('says that it is done', function()
    service:on('POST %s', soap.answer '')
    local res = site:post('/%s'%s)
    assert.response(res).has.status(204)
    assert.backend(service).was.called(1)
  end)
]]

local fault_test = [[
  it('gives a fault of the service as a problem', function()
    service:on('POST %s', soap.fault 'not today')
    local res = site:post('/%s'%s)
    assert.response(res).has.status(502)
    assert.response(res).has.json { detail = 'not today' }
  end)
]]

local invalid_test = [[
  it('refuses what the schema does not allow', function()
    local res = site:post('/%s', { json = { ['no such member'] = 1 } })
    assert.response(res).has.status(400)
    assert.backend(service).was.called(0)
  end)
]]

local pending_test = [[
  -- No example could be made: the schema asks for what only you know.
  pending 'gives the answer of the service as JSON'
]]

local function request_text(operation)
  if not operation.input then return '' end
  if type(operation.request) ~= 'table' or #operation.request == 0 then
    return ', { json = ' .. quote(pretty.write(operation.request)) .. ' }'
  end
  return ', { json = ' .. literal(operation.request, '    ') .. ' }'
end

local function argument(value)
  local written = literal(value, '    ')
  return written:find '^{' and ' ' .. written or '(' .. written .. ')'
end

local function tests(plan, operation)
  local path, list = text.route_path(operation.name), {}
  local known = not operation.input or operation.request ~= nil
  local request = known and request_text(operation)
  if not known or operation.output and operation.answer == nil then
    insert(list, pending_test)
  elseif operation.output then
    local is_table = type(operation.answer) == 'table'
    insert(list, answer_test:format(plan.path, path, request, is_table and 'json' or 'exact_json',
      argument(operation.answer)))
  else
    insert(list, done_test:format(plan.path, path, request))
  end
  if known then insert(list, fault_test:format(plan.path, path, request)) end
  if operation.is_object then insert(list, invalid_test:format(path)) end
  return concat(list, '\n')
end

--- spec/NAME_spec.lua
function spec.of(plan, operation)
  local lines = { "local test = require 'tidegate.test'", "local soap = require 'spec.soap'" }
  if operation.xml then
    local body = indented(operation.xml):gsub('\n', '\n    ')
    insert(lines, '\nlocal ANSWER = ' .. long_text('    ' .. body))
  end
  insert(lines, ('\ndescribe(%s, function()'):format(quote('POST /' .. operation.name)))
  insert(lines, '  local site = test.site()')
  insert(lines, ('  local service = site.backend.%s\n'):format(plan.name))
  insert(lines, tests(plan, operation) .. 'end)\n')
  return concat(lines, '\n')
end

return spec
