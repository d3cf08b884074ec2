local gate = require 'spec.support.gate'
local service = require 'spec.support.soap'
local upstream = require 'spec.support.upstream'

local SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/'
local SOAP12 = 'http://www.w3.org/2003/05/soap-envelope'

local function reply(body, version, status)
  return upstream.xml(('<e:Envelope xmlns:e="%s"><e:Body>%s</e:Body></e:Envelope>')
    :format(version or SOAP11, body), status)
end

-- A route that runs the Lua text in its request's body; what it returns is the answer.
local function serve(backends)
  return gate.serve { backends = backends, site = { workers = 1 }, script = [[
    local tg = require 'tidegate'
    local up = tg.backend 'up'
    return function(req)
      return assert(loadstring('local tg, up = ... ' .. req.body))(tg, up)
    end]] }
end

describe('tg.soap.call', function()
  local up, tide

  setup(function()
    up = upstream {
      ['POST /price'] = reply [[<p:GetResponse xmlns:p="urn:p"><p:price>34.50</p:price>
        </p:GetResponse>]],
      ['POST /v12'] = reply('<Got/>', SOAP12),
      ['POST /fault'] = reply([[<e:Fault><faultcode>e:Server</faultcode><faultstring>no &amp; no
        </faultstring><faultactor>urn:a</faultactor><detail><why>7</why></detail></e:Fault>]],
        SOAP11, 500),
      ['POST /fault12'] = reply([[<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>
        <e:Value>x:Bad</e:Value></e:Subcode></e:Code>
        <e:Reason><e:Text xml:lang="en">wrong</e:Text></e:Reason>
        <e:Detail><i>1</i></e:Detail></e:Fault>]], SOAP12, 400),
      ['POST /html'] = upstream.text('<h1>down', 503),
      ['POST /odd'] = upstream.xml '<a/>',
      ['POST /cut'] = upstream.xml '<e:Envelope xmlns:e="urn:x"><e:Body>',
    }
    tide = serve { up = { up.url, expect = '2xx' } }
  end)
  teardown(function()
    tide:stop()
    up:stop()
  end)

  local function run(lua) return tide:post('/', lua) end

  it('wraps a value, calls, and unwraps the answer', function()
    local res = run [[
      local value, more = tg.soap.call(up, { path = '/price', action = 'urn:p#Get',
        namespaces = { p = 'urn:p' }, body = { ['p:Get'] = { ['p:id'] = '7 & 8' } } })
      return { price = value.price, name = more.name, status = more.response.status }]]
    assert.same({ price = '34.50', name = 'GetResponse', status = 200 }, res:json())
    local seen = up:requests()[1]
    assert.equal('text/xml; charset=utf-8', seen.headers['content-type'])
    assert.equal('"urn:p#Get"', seen.headers.soapaction)
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="' .. SOAP11 ..
      '"><soap:Body><p:Get xmlns:p="urn:p"><p:id>7 &amp; 8</p:id></p:Get></soap:Body>' ..
      '</soap:Envelope>',
      seen.body)
  end)

  it('speaks 1.2, where the action is part of the content type', function()
    up:forget()
    assert.equal('""', run [[
      return tg.json((tg.soap.call(up, { path = '/v12', version = '1.2', action = 'urn:a',
        body = '<?xml version="1.0"?><a/>', headers = { ['X-Tenant'] = 't' } })))]].body)
    local seen = up:requests()[1]
    assert.same({ 'application/soap+xml; charset=utf-8; action="urn:a"', 't' },
      { seen.headers['content-type'], seen.headers['x-tenant'] })
    assert.is_nil(seen.headers.soapaction)
    assert.truthy(seen.body:find('<soap:Body><a/></soap:Body>', 1, true))
    assert.truthy(seen.body:find(SOAP12, 1, true))
  end)

  it('gives faults of both versions as errors', function()
    assert.same({ code = 'e:Server', string = 'no & no', actor = 'urn:a', detail = { why = '7' },
      status = 500, backend = 'up', http = 502, text = 'up: no & no (e:Server)' }, run([[
      local value, fault = tg.soap.call(up, { path = '/fault', body = { a = '' } })
      return { code = fault.code, string = fault.string, actor = fault.actor, value = value,
        detail = fault.detail, status = fault.status, backend = fault.backend, http = fault.http,
        text = tostring(fault) }]]):json())
    local wanted = { code = 'e:Sender', subcode = 'x:Bad', string = 'wrong', detail = { i = '1' } }
    assert.same(wanted, run([[
      local _, fault = tg.soap.call(up, { path = '/fault12', version = '1.2', body = { a = '' } })
      return { code = fault.code, subcode = fault.subcode, string = fault.string,
        detail = fault.detail }]]):json())
    local res = run [[
      local _, fault = tg.soap.call(up, { path = '/fault', body = { a = '' } })
      return tg.problem(fault)]]
    assert.same({ 502, 'no & no', 'e:Server' },
      { res.status, res:json().detail, res:json().code })
    res = run "return tg.try(tg.soap.call(up, { path = '/fault', body = { a = '' } }))"
    assert.equal(502, res.status)
  end)

  it('tells apart what is no envelope', function()
    for path, expected in pairs {
      ['/html'] = { 'status', 'answered 503 without a SOAP envelope' },
      ['/odd'] = { 'parse', 'this is not a SOAP envelope' },
      ['/cut'] = { 'parse', 'the document ends too early' },
    } do
      local said = run(([[
        local _, err = tg.soap.call(up, { path = '%s', body = { a = '' } })
        return { err.code, err.message }]]):format(path)):json()
      assert.equal(expected[1], said[1])
      assert.truthy(said[2]:find(expected[2], 1, true), said[2])
    end
  end)

  it('wants an order of children, and one element', function()
    for lua, message in pairs {
      ["{ body = { a = { b = 1, c = { 2 } } } }"] = 'the children of a have no order',
      ["{ body = { a = { b = { { x = 1, y = 2 } } } } }"] = 'the children of a/b have no order',
      ["{ body = { a = 1, b = 2 } }"] = 'body is a table with one member',
      ["{ body = { 1 } }"] = 'body is a table with one member',
      ["{ body = 7 }"] = 'body is a table with one member',
      ["{ body = '<a>' }"] = 'body: xml: line 1',
      ["{ body = { ['p:a'] = 1 } }"] = 'not be well-formed',
      ["{ vesion = '1.1' }"] = "unknown option 'vesion'",
      ["{ version = '2' }"] = "version is '1.1' or '1.2'",
      [ [[{ action = 'a"b' }]] ] = "action can't have quotes",
      ["{ addressing = true }"] = 'addressing needs an action',
      ["{ security = { type = 'x', username = 'u' } }"] = "is 'text' or 'digest'",
      ["{ headers = 'x' }"] = 'bad argument',
    } do
      local body = run('return select(2, pcall(tg.soap.call, up, ' .. lua .. '))').body
      if lua:find 'headers' then
        assert.truthy(#body > 0)
      else
        assert.truthy(body:find(message, 1, true), lua .. ' gave ' .. body)
      end
    end
    assert.truthy(run [[
      return tg.soap.envelope({ a = { c = 1, b = { 2, 3 }, ['@i'] = 4 } },
        { order = { 'b', 'c' } })]]
      .body:find('<a i="4"><b>2</b><b>3</b><c>1</c></a>', 1, true))
    assert.truthy(run [[
      return tg.soap.envelope({ a = tg.ordered { { 'c', 1 }, { 'b', 2 } } })]]
      .body:find('<a><c>1</c><b>2</b></a>', 1, true))
  end)

  it('writes header blocks: its own, of WS-Addressing and of WS-Security', function()
    local text = run([[
      return tg.soap.envelope(nil, { action = 'urn:a', addressing = { to = 'urn:t&', id = 'urn:i' },
        header = { ['p:h'] = { ['@a'] = '1', ['#text'] = 'x' } },
        namespaces = { p = 'urn:p' },
        security = { username = 'u', password = '<', timestamp = 60 } })]]).body
    for _, part in ipairs { '>urn:a</wsa:Action>', '>urn:i</wsa:MessageID>', '>urn:t&amp;</wsa:To>',
      '<wsse:Username>u</wsse:Username>', '#PasswordText">&lt;</wsse:Password>', '<wsu:Expires>',
      '<p:h xmlns:p="urn:p" a="1">x</p:h>', '<soap:Body></soap:Body>' } do
      assert.truthy(text:find(part, 1, true), part .. ' is not in ' .. text)
    end
  end)
end)

describe('tg.soap.parse', function()
  it('takes an envelope apart', function()
    local tide = serve { up = 'http://127.0.0.1:9' }
    local wanted = { name = 'R', value = { n = 7, list = { { x = 'a' } } }, token = 't' }
    assert.same(wanted, tide:post('/', ([[
      local found = tg.try(tg.soap.parse('<s:Envelope xmlns:s="%s"><s:Header><t>t</t></s:Header>' ..
        '<s:Body><m:R xmlns:m="urn:m"><n>7</n><list><x>a</x></list></m:R></s:Body></s:Envelope>',
        { xml = { numbers = 'safe', force_array = { '//list' } } }))
      return { name = found.name, value = found.value, token = found.header.t }]])
      :format(SOAP11)):json())
    assert.same({ 'parse' }, tide:post('/', [[
      local _, err = tg.soap.parse('<a/>')
      return { err.code }]]):json())
    tide:stop()
  end)
end)

describe('a service of npm soap', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end
  local tide, stop_service

  setup(function()
    local port
    port, stop_service = service.start()
    tide = serve { up = { 'http://127.0.0.1:' .. port, timeout = 10 } }
  end)
  teardown(function()
    tide:stop()
    stop_service()
  end)

  it('is called with values, and its faults are errors', function()
    local CALL = [[
      local value, err = tg.soap.call(up, { path = '/stock', action = 'urn:example:stock#Levels',
        namespaces = { s = 'urn:example:stock' },
        body = { ['s:LevelsRequest'] = { ['s:item'] = %s } },
        xml = { force_array = { '//level' }, numbers = 'safe' } })
      return { level = value and value.level, code = err.code, string = err.string }]]
    local levels = { { item = 'tea', count = 12 }, { item = 'salt & "pepper"', count = 0 } }
    local res = tide:post('/', CALL:format [[{ 'tea', 'salt & "pepper"' }]])
    assert.same({ level = levels }, res:json())
    assert.same({ code = 'soap:Client', string = 'no such item: <<gold>>' },
      tide:post('/', CALL:format "'<gold>'"):json())
  end)

  it('believes the digest of a password that has a time and a nonce', function()
    local CALL = [[
      local value, err = tg.soap.call(up, { path = '/secure', action = 'urn:example:stock#Levels',
        namespaces = { s = 'urn:example:stock' },
        body = { ['s:LevelsRequest'] = { ['s:item'] = 'tea' } },
        security = { username = 'ada & co', password = '%s', type = 'digest', timestamp = 60 } })
      return { count = value and value.level.count, failed = value == nil }]]
    assert.same({ count = '12', failed = false }, tide:post('/', CALL:format 'open sesame'):json())
    assert.is_true(tide:post('/', CALL:format 'open'):json().failed)
  end)
end)
