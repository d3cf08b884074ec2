local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local tls = require 'spec.support.tls'

if not tls.available() then
  pending 'backends over TLS: node or openssl is missing'
  return
end

local SCRIPT = [[
local tg = require 'tidegate'
local shop = tg.backend 'shop'
return function(req)
  local res, err = shop:request { method = req.method, path = req.path, body = req.body }
  if not res then return { code = err.code, http = err.http, message = err.message } end
  if req.path ~= '/' then return { status = res.status, length = #res.body,
    md5 = tg.hash.md5(res.body) } end
  return tg.response { body = res.body }
end]]

local folder, server, good

local function serve(address, options, more)
  local backend = { address }
  if options then backend.tls = options end
  for name, value in pairs(more or {}) do backend[name] = value end
  return gate.serve { script = SCRIPT, backends = { shop = backend }, site = { workers = 1 } }
end

-- What one call of `address` gives.
local function call(address, options, more)
  local tide = serve(address, options, more)
  local said = tide:get('/'):json()
  tide:stop()
  return said
end

local function fails(message, address, options, more)
  local said = call(address, options, more)
  assert.same({ 'tls', 502 }, { said.code, said.http }, said.message)
  assert.matches(message, said.message)
end

describe('a backend over TLS', function()
  setup(function()
    folder = posix.folder()
    tls.ca(folder .. '/ca')
    tls.ca(folder .. '/other', 'another CA')
    tls.certificate(folder .. '/good', folder .. '/ca', 'localhost', 'DNS:localhost,IP:127.0.0.1')
    server = tls.server(folder .. '/good')
    good = { ca = folder .. '/ca.pem' }
  end)
  teardown(function()
    server:stop()
    posix.remove(folder)
  end)

  it('is asked by name, over the newest version, for http/1.1', function()
    local said = call(server.named, good)
    assert.same({ 'localhost', 'TLSv1.3', 'http/1.1', 'localhost:' .. server.port },
      { said.name, said.version, said.alpn, said.host })
  end)

  it('is checked by address when it is one, and not asked for it', function()
    assert.equal('', call(server.url, good).name)
  end)

  it('may be of another name than its address', function()
    assert.equal('localhost', call(server.url, { ca = good.ca, name = 'localhost' }).name)
    fails('hostname mismatch', server.url, { ca = good.ca, name = 'example.com' })
    fails('IP address mismatch', server.named, { ca = good.ca, name = '127.0.0.2' })
  end)

  it('is refused when its CA is not known, and is not asked then', function()
    fails('CA that is not known', server.named)
    fails('CA that is not known', server.named, { ca = folder .. '/other.pem' })
  end)

  it('is refused when its certificate has expired', function()
    tls.certificate(folder .. '/old', folder .. '/ca', 'localhost', 'DNS:localhost', -1)
    local old = tls.server(folder .. '/old')
    fails('has expired', old.named, good)
    old:stop()
  end)

  it('goes unchecked only when the site says so, which is logged', function()
    local tide = serve(server.named, { verify = false })
    assert.equal('localhost', tide:get('/'):json().name)
    assert.matches('level=warn [^\n]*event=tls_unverified backend=shop', tide.log())
    tide:stop()
  end)

  it('that has only TLS 1.1 is refused; minimum refuses 1.2 too', function()
    local eleven = tls.server(folder .. '/good', { options = { minVersion = 'TLSv1',
      maxVersion = 'TLSv1.1', ciphers = 'DEFAULT:@SECLEVEL=0' } })
    fails('protocol version', eleven.named, good)
    eleven:stop()
    local twelve = tls.server(folder .. '/good', { options = { maxVersion = 'TLSv1.2' } })
    assert.equal('TLSv1.2', call(twelve.named, good).version)
    fails('protocol version', twelve.named, { ca = good.ca, minimum = '1.3' })
    twelve:stop()
  end)

  it('that speaks plain HTTP is refused', function()
    local fd, port = posix.listen()
    local pid = posix.fork(function()
      while true do
        posix.poll({ [fd] = 'r' }, 10)
        local conn = posix.accept(fd)
        if conn then
          posix.poll({ [conn] = 'r' }, 10)
          posix.send(conn, 'HTTP/1.1 400 Bad Request\r\n\r\n')
          posix.close(conn)
        end
      end
    end, fd)
    fails('does not answer with TLS', 'https://localhost:' .. port, good)
    posix.stop(pid)
    posix.close(fd)
  end)

  it('that asks for a certificate gets it', function()
    tls.certificate(folder .. '/client', folder .. '/ca', 'the gate')
    for _, version in ipairs { 'TLSv1.2', 'TLSv1.3' } do
      local strict = tls.server(folder .. '/good', { ca = folder .. '/ca.pem', ask = true,
        options = { maxVersion = version } })
      assert.equal('the gate', call(strict.named, { ca = good.ca, cert = folder .. '/client.pem',
        key = folder .. '/client.key' }).peer)
      local said = call(strict.named, good)
      assert.is_truthy(said.code == 'tls' or said.code == 'reset', said.code)
      strict:stop()
    end
  end)

  it('is spoken to again over the same connection, then by the same session', function()
    for _, version in ipairs { 'TLSv1.2', 'TLSv1.3' } do
      local one = tls.server(folder .. '/good', { options = { maxVersion = version } })
      local tide = serve(one.named, good)
      for i = 1, 5 do
        local said = tide:get('/'):json()
        assert.same({ 1, i, false }, { said.connection, said.requests, said.reused })
      end
      assert.equal(3, tide:get('/close'):json().length)
      local said = tide:get('/'):json()
      assert.same({ 2, 1, true }, { said.connection, said.requests, said.reused }, version)
      tide:stop()
      one:stop()
    end
  end)

  it('sends and receives much', function()
    local tide = serve(server.named, good)
    for _ = 1, 3 do
      local said = tide:get('/big'):json()
      assert.same({ 5242880, '5af2d394cad7f4da580d09442059670c' }, { said.length, said.md5 })
    end
    assert.equal(3000000, tide:post('/', ('x'):rep(3000000)):json().bytes)
    assert.equal(6, tide:get('/trickle'):json().length)
    assert.equal(0, tide:post('/', ''):json().bytes)
    tide:stop()
  end)

  it('that is cut without a goodbye has not said all', function()
    local tide = serve(server.named, good)
    assert.equal(9, tide:get('/end'):json().length)
    local said = tide:get('/cut'):json()
    assert.same({ 'protocol', 502 }, { said.code, said.http })
    assert.matches('cut short', said.message)
    tide:stop()
  end)

  it('is told of problems at the check, at their line', function()
    posix.write(folder .. '/torn.pem', 'no certificate')
    local cases = {
      { "ca = '/nowhere/ca.pem'", "ca: '/nowhere/ca%.pem': it can't be read" },
      { "ca = '" .. folder .. "/torn.pem'", 'ca: ' },
      { "cert = '" .. folder .. "/good.pem'", 'cert and key belong together: key is missing' },
      { "key = '" .. folder .. "/good.key'", 'cert and key belong together: cert is missing' },
      { ("cert = '%s/good.pem', key = '%s/other.key'"):format(folder, folder), 'key: .*mismatch' },
      { ("cert = '%s/torn.pem', key = '%s/good.key'"):format(folder, folder), 'cert: ' },
      { "minimum = '1.1'", "minimum must be one of '1.2', '1.3'" },
      { "name = 'a b'", 'name must be' }, { 'verify = 1', 'verify must be true or false' },
      { 'cipher = 1', "unknown key 'cipher' in tls" },
    }
    for _, case in ipairs(cases) do
      local result = gate.command('check', { scripts = { ['a.lua'] = 'return function() end' },
        site = "return {\n routes = { { 'GET /', 'a.lua' } },\n backends = { shop = {" ..
          "'https://127.0.0.1',\n tls = {\n " .. case[1] .. " } } } }" })
      assert.equal(1, result.status)
      assert.matches('site%.lua:[45]: [^\n]*' .. case[2], result.err)
    end
    local result = gate.command('check', { scripts = { ['a.lua'] = 'return function() end' },
      site = "return { routes = { { 'GET /', 'a.lua' } }, backends = { shop = {" ..
        "'http://127.0.0.1',\n tls = { verify = true } } } }" })
    assert.matches('site%.lua:2: tls is for addresses with https://', result.err)
  end)

  it('may have its files in the folder of the site', function()
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = { server.named, tls = { ca = 'tls/ca.pem' } } },
      files = { ['tls/ca.pem'] = posix.read(folder .. '/ca.pem') } }
    assert.equal('localhost', tide:get('/'):json().name)
    tide:stop()
  end)
end)
