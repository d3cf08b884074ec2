-- tg.soap.client: WSDL documents of several styles against services that say what was sent.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local service = require 'spec.support.soap'
local upstream = require 'spec.support.upstream'

local SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/'

-- A WSDL document: `types`, then operations { name, input parts, output parts }, by style.
local function wsdl(opts)
  local messages, abstract, concrete = {}, {}, {}
  for _, o in ipairs(opts.operations) do
    local body = ('<soap:body use="%s" namespace="urn:rpc"/>'):format(o.use or 'literal')
    for kind, parts in pairs { In = o.input, Out = o.output } do
      messages[#messages + 1] = ('<message name="%s">%s</message>'):format(o.name .. kind, parts)
    end
    abstract[#abstract + 1] = ([[<operation name="%s"><documentation>Does
      %s.</documentation><input message="t:%sIn"/><output message="t:%sOut"/></operation>]])
      :format(o.name, o.name, o.name, o.name)
    concrete[#concrete + 1] = ([[<operation name="%s"><soap:operation soapAction="urn:%s"/>
      <input>%s</input><output>%s</output></operation>]]):format(o.name, o.name, body, body)
  end
  return ([[<definitions targetNamespace="urn:t" xmlns="http://schemas.xmlsoap.org/wsdl/"
      xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:t" xmlns:x="urn:x"
      xmlns:xs="http://www.w3.org/2001/XMLSchema">%s
    <types>%s</types>%s
    <portType name="P">%s</portType>
    <binding name="B" type="t:P">
      <soap:binding style="%s" transport="http://schemas.xmlsoap.org/soap/http"/>%s</binding>
    <service name="S"><port name="A" binding="t:B"><soap:address location="http://192.0.2.1/"/>
      </port></service></definitions>]]):format(opts.before or '', opts.types or '',
      table.concat(messages), table.concat(abstract), opts.style or 'document',
      table.concat(concrete))
end

local TYPES = [[<xs:schema targetNamespace="urn:x" elementFormDefault="qualified">
  <xs:element name="Add"><xs:complexType><xs:sequence><xs:element name="n" type="xs:int"
    maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="AddResponse"><xs:complexType><xs:sequence><xs:element name="sum" type="xs:int"/>
    </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Name" type="xs:string"/>
  <xs:element name="Oops"><xs:complexType><xs:sequence><xs:element name="codes" type="xs:int"
    maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Pair"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence>
  </xs:complexType></xs:schema>]]

local DOCUMENT = wsdl { types = TYPES, operations = {
  { name = 'Add', input = '<part name="p" element="x:Add"/>',
    output = '<part name="p" element="x:AddResponse"/>' },
  { name = 'Bare', input = '<part name="p" element="x:Name"/>',
    output = '<part name="p" element="x:Name"/>' },
  { name = 'Nothing', input = '', output = '' },
} }

local RPC = wsdl { style = 'rpc', types = TYPES, operations = {
  { name = 'Sum', input = '<part name="pair" type="x:Pair"/><part name="k" type="xs:boolean"/>',
    output = '<part name="result" type="xs:int"/>' },
} }

local function envelope(body, status)
  return upstream.xml(('<e:Envelope xmlns:e="%s" xmlns="urn:x"><e:Header><h>1</h></e:Header>'
    .. '<e:Body>%s</e:Body></e:Envelope>'):format(SOAP11, body), status)
end

local function script(client)
  return [[
    local tg = require 'tidegate'
    local client = tg.soap.client(]] .. client .. [[)
    local up = tg.backend 'up'
    return function(req)
      return assert(loadstring('local tg, client, up = ... ' .. req.body))(tg, client, up)
    end]]
end

local function check(files, client)
  return gate.command('check', { script = script(client or "'a.wsdl', { backend = 'up' }"),
    files = files, site = { backends = { up = { 'http://127.0.0.1:9' } } } })
end

describe('tg.soap.client', function()
  local up, tide

  local function serve(files, client)
    tide = gate.serve { script = script(client or "'a.wsdl', { backend = 'up', path = '/s' }"),
      files = files, backends = { up = up }, site = { workers = 1 } }
  end

  local function run(lua) return tide:post('/', lua) end

  before_each(function()
    up = upstream { ['POST /s'] = envelope '<AddResponse> <sum> 7 </sum></AddResponse>' }
  end)
  after_each(function()
    if tide then tide:stop() end
    tide = nil
    up:stop()
  end)

  it('writes a message by the schema and reads the answer by it', function()
    serve { ['a.wsdl'] = DOCUMENT }
    assert.same({ sum = 7 }, run 'return (client:Add { n = { 3, 4 } })':json())
    local seen = up:requests()[1]
    assert.equal('"urn:Add"', seen.headers.soapaction)
    assert.truthy(seen.body:find('<soap:Body><n1:Add xmlns:n1="urn:x"><n1:n>3</n1:n><n1:n>4</n1:n>'
      .. '</n1:Add></soap:Body>', 1, true), seen.body)
    assert.same({ 'AddResponse', 200 }, run [[
      local _, more = client:Add { n = { 1 } }
      return { more.name, more.response.status }]]:json())
    assert.truthy(run "return tg.text(select(2, client:Add { n = { 1 } }).header)".body
      :find('<h>1</h></e:Header>', 1, true))
  end)

  it('lists its operations, and says which are not there', function()
    serve { ['a.wsdl'] = DOCUMENT }
    local list = run 'return client:operations()':json()
    assert.same({ name = 'Add', action = 'urn:Add', input = '{urn:x}Add', style = 'document',
      output = '{urn:x}AddResponse', documentation = 'Does Add.' }, list[1])
    assert.equal(3, #list)
    assert.truthy(run "return select(2, pcall(function() return client.Sub end))".body
      :find("there is no operation 'Sub'; there are: Add, Bare, Nothing", 1, true))
    assert.truthy(run "return select(2, pcall(client.Add, {}))".body
      :find('called with a colon', 1, true))
  end)

  it('refuses a value that the schema does not allow, before anything is sent', function()
    serve { ['a.wsdl'] = DOCUMENT }
    local res = run "return tg.problem(select(2, client:Add { n = { 'x' } }))"
    assert.equal(400, res.status)
    assert.equal('json: .n[0]: "x" is not a value of xs:int', res:json().detail)
    assert.equal(0, #up:requests())
  end)

  it('refuses an answer that is not valid', function()
    for body, expected in pairs {
      ['<AddResponse><sum>x</sum></AddResponse>'] = '"x" is not a value of xs:int',
      ['<AddResponse/>'] = "'AddResponse' ends too early; expected: 'sum'",
      ['<Name>x</Name>'] = "the element is 'Name', not 'AddResponse'",
      [''] = 'the body has 0 elements instead of one',
      ['<AddResponse><sum>1</sum></AddResponse><x/>'] = 'the body has 2 elements',
    } do
      up:stop()
      up = upstream { ['POST /s'] = envelope(body) }
      serve { ['a.wsdl'] = DOCUMENT }
      local res = run 'return tg.problem(select(2, client:Add { n = { 1 } }))'
      assert.equal(502, res.status)
      assert.truthy(res:json().detail:find(expected, 1, true), expected .. ': ' .. res.body)
      tide:stop()
      tide = nil
    end
  end)

  it('gives faults, with a detail by the schema', function()
    up:stop()
    up = upstream { ['POST /s'] = envelope([[<e:Fault><faultcode>e:Server</faultcode>
      <faultstring>no</faultstring><detail><Oops><codes>5</codes></Oops></detail></e:Fault>]],
      500) }
    serve { ['a.wsdl'] = DOCUMENT }
    assert.same({ code = 'e:Server', message = 'no', detail = { codes = { 5 } }, status = 500,
      backend = 'up' }, run [[
      local value, fault = client:Add { n = { 1 } }
      return { code = fault.code, message = fault.message, detail = fault.detail.Oops,
        status = fault.status, backend = fault.backend, value = value }]]:json())
  end)

  it('speaks bare documents, and empty ones', function()
    up:stop()
    up = upstream { ['POST /s'] = envelope '<Name>a&amp;b</Name>' }
    serve { ['a.wsdl'] = DOCUMENT }
    assert.equal('a&b', run "return tg.text((client:Bare 'x<y'))".body)
    assert.truthy(up:requests()[1].body:find('<n1:Name xmlns:n1="urn:x">x&lt;y</n1:Name>', 1, true))
    assert.equal('true', run "return tg.text(tostring((client:call('Nothing'))))".body)
    assert.truthy(up:requests()[2].body:find('<soap:Body></soap:Body>', 1, true))
  end)

  it('speaks rpc', function()
    up:stop()
    up = upstream { ['POST /s'] = envelope [[<r:SumResponse xmlns:r="urn:rpc">
      <result xmlns="">9</result></r:SumResponse>]] }
    serve { ['a.wsdl'] = RPC }
    assert.same({ result = 9 }, run 'return (client:Sum { k = true, pair = { a = 4 } })':json())
    local sent = up:requests()[1].body
    assert.truthy(sent:find '<pair><n%d:a>4</n%d:a></pair><k>true</k></n%d:Sum>', sent)
    assert.truthy(sent:find('"urn:rpc"', 1, true), sent)
  end)

  it('reads messages with attachments', function()
    local xop = [[<Name><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include"
      href="cid:a%40b"/></Name>]]
    local envelope_text = ('<e:Envelope xmlns:e="%s" xmlns="urn:x"><e:Body>%s</e:Body>'
      .. '</e:Envelope>'):format(SOAP11, xop)
    local message = '--q\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <r>\r\n'
      .. '\r\n' .. envelope_text .. '\r\n--q\r\ncontent-id: <a@b>\r\n\r\n\0\r\n--x\255\r\n--q--\r\n'
    local function answer(body)
      up:stop()
      up = upstream { ['POST /s'] = ('HTTP/1.1 200 OK\r\ncontent-type: multipart/related; '
        .. 'type="application/xop+xml"; start="<r>"; boundary=q\r\ncontent-length: %d\r\n\r\n%s')
        :format(#body, body) }
      if tide then tide:stop() end
      serve { ['a.wsdl'] = DOCUMENT }
    end
    answer(message)
    assert.same({ 'AA0KLS14/w==', 7, 0 }, run [[
      local value, more = client:Bare 'x'
      return { value, #more.attachments['a@b'], more.attachments['a@b']:byte() }]]:json())
    assert.equal('AA0KLS14/w==', run [[
      local value = tg.soap.call(up, { path = '/s', body = { a = '' } })
      return tg.text(tostring(value))]].body)
    for from, to in pairs { ['--q--'] = '', ['<a@b>'] = '<c>', ['content%-id'] = 'x: y\r\n'
      .. 'content-transfer-encoding: quoted-printable\r\ncontent-id' } do
      answer((message:gsub(from, to)))
      assert.equal(502, run "return tg.problem(select(2, client:Bare 'x'))".status, from)
    end
  end)

  it('reads what a WSDL document imports', function()
    local main = wsdl { operations = { { name = 'Add', input = '<part name="p" element="x:Add"/>',
      output = '<part name="p" element="x:AddResponse"/>' } },
      before = '<import namespace="urn:x" location="in/types.wsdl"/>' }
    serve { ['a.wsdl'] = main, ['in/types.wsdl'] = [[<definitions targetNamespace="urn:x"
      xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"><types>
      <xs:schema targetNamespace="urn:x"><xs:include schemaLocation="../x.xsd"/></xs:schema></types>
      </definitions>]], ['x.xsd'] = (TYPES:gsub('<xs:schema',
      '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:x="urn:x"', 1)) }
    assert.same({ sum = 7 }, run 'return (client:Add { n = { 3, 4 } })':json())
  end)

  it('refuses while it loads what it can not do, with file and line', function()
    assert.equal(0, check { ['a.wsdl'] = DOCUMENT }.status)
    local function refuses(files, expected, client)
      if type(files) == 'string' then files = { ['a.wsdl'] = files } end
      local result = check(files, client)
      assert.equal(1, result.status, expected)
      assert.truthy(result.err:find(expected, 1, true), expected .. ': ' .. result.err)
    end
    local two = DOCUMENT:gsub('</portType>', '</portType><portType name="Q"/><binding name="C" '
      .. 'type="t:Q"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/></binding>')
      :gsub('<service name="S">', '%0<port name="Z" binding="t:C"/>')
    refuses(two, 'several ports: say which one, port = … (A, Z)')
    assert.equal(0, check({ ['a.wsdl'] = two }, "'a.wsdl', { backend = 'up', port = 'A' }").status)
    refuses(DOCUMENT, "no port 'X'", "'a.wsdl', { backend = 'up', port = 'X' }")
    refuses(DOCUMENT, "there is no operation 'X'",
      "'a.wsdl', { backend = 'up', operations = { 'X' } }")
    refuses(DOCUMENT, "unknown option 'pot'", "'a.wsdl', { backend = 'up', pot = 1 }")
    refuses(DOCUMENT, "backend = 'name' is wanted", "'a.wsdl'")
    refuses(DOCUMENT, "is not a file in the site's folder", "'../a.wsdl', { backend = 'up' }")
    refuses((RPC:gsub('use="literal"', 'use="encoded"')), "a.wsdl:")
    refuses((RPC:gsub('use="literal"', 'use="encoded"')), "'Sum' is encoded")
    refuses((DOCUMENT:gsub('element="x:Name"', 'element="x:None"')), "no element '{urn:x}None'")
    refuses((DOCUMENT:gsub('element="x:Name"', 'type="xs:string"')), 'a document needs an element')
    refuses((DOCUMENT:gsub('message="t:BareIn"', 'message="t:No"')), "no message '{urn:t}No'")
    refuses((DOCUMENT:gsub('"t:BareIn"', '"q:No"')), "the prefix of 'q:No' is not declared")
    refuses((DOCUMENT:gsub('<types>', '<import location="http://127.0.0.1:9/a.wsdl"/>%0')),
      'nothing else is opened')
    refuses('<description xmlns="http://www.w3.org/ns/wsdl"/>', 'the element is <description>')
    refuses('<!DOCTYPE d [<!ENTITY e "x">]><d>&e;</d>', 'a.wsdl:1: ')
    refuses({}, 'a.wsdl: there is no such file')
  end)
end)

describe('a client of services written by others', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end

  for file, name in pairs { ['server.js'] = 'soap', ['strong.js'] = 'strong-soap' } do
  it('talks to the server of npm ' .. name, function()
    local port, stop = service.start(file)
    local tide = gate.serve { files = { ['stock.wsdl'] = posix.read 'spec/soap/stock.wsdl' },
      backends = { up = { 'http://127.0.0.1:' .. port, timeout = 10 } },
      script = script "'stock.wsdl', { backend = 'up', path = '/stock' }" }
    assert.same({ level = { { item = 'tea', count = 12 } } },
      tide:post('/', "return (client:Levels { item = { 'tea' } })"):json())
    if file == 'server.js' then
      assert.same({ 'soap:Client', 'gold' }, tide:post('/', [[
        local _, fault = client:Levels { item = { 'gold' } }
        return { fault.code, fault.detail.item }]]):json())
    end
    tide:stop()
    stop()
  end)
  end
end)
