local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

-- A script that says which route took the request, and with what.
local SAY = [[
  local tg = require 'tidegate'
  return function(req, route)
    local names = {}
    for name in pairs(req.params) do names[#names + 1] = name end
    table.sort(names)
    local text = route[1]
    for _, name in ipairs(names) do text = text .. ' ' .. name .. '=' .. req.params[name] end
    return text
  end]]

local function serve(patterns, more)
  local opts = { scripts = { ['say.lua'] = SAY }, routes = {}, site = { workers = 1 } }
  for i, pattern in ipairs(patterns) do opts.routes[i] = { pattern, 'say.lua' } end
  for name, value in pairs(more or {}) do opts[name] = value end
  return gate.serve(opts)
end

local function head_of(target, method, host)
  return ('%s %s HTTP/1.1\r\n%sconnection: close\r\n\r\n'):format(method or 'GET', target,
    host or 'host: gate\r\n')
end

-- The status and the body that raw bytes of a request get.
local function status_of(tide, bytes)
  local text, how = tide:raw(bytes, 5)
  assert.not_equal('timeout', how)
  return tonumber(text:match '^HTTP/1%.1 (%d%d%d) '), text:match '\r\n\r\n(.*)$', text
end

describe('routes', function()
  local tide

  setup(function()
    tide = serve { 'GET /', 'GET /a/b', 'GET /a/{x}', 'GET /a/{x...}', 'GET /{x}/b',
      'POST /a/{x}/c',
      'GET /a/b/c', 'ANY /{rest...}', 'DELETE /a/b', 'ANY /any/{x}', 'GET /any/{y}',
      'GET /back/{x}/end', 'GET /back/{x...}', 'GET /back/lit/{y}', 'GET /slash', 'GET /slash/',
      'GET /%C3%A9t%C3%A9/{x}', 'FOO /custom' }
  end)
  teardown(function() tide:stop() end)

  local cases = {
    { '/', 'GET /' },
    { '/a/b', 'GET /a/b' },
    { '/a/z', 'GET /a/{x} x=z' },
    { '/a/', 'GET /a/{x...} x=' },
    { '/a/z/y', 'GET /a/{x...} x=z/y' },
    { '/a', 'ANY /{rest...} rest=a' },
    { '/z/b', 'GET /{x}/b x=z' },
    { '/a/b/c', 'GET /a/b/c' },
    { '/a/b/d', 'GET /a/{x...} x=b/d' },
    { '/any/1', 'GET /any/{y} y=1' },
    { '/back/lit/end', 'GET /back/lit/{y} y=end' },
    { '/back/lat/end', 'GET /back/{x}/end x=lat' },
    { '/back/lit/z/end', 'GET /back/{x...} x=lit/z/end' },
    { '/back/lit', 'GET /back/{x...} x=lit' },
    { '/slash', 'GET /slash' },
    { '/slash/', 'GET /slash/' },
    { '/slash//', 'GET /slash/' },
    { '/slash/.', 'GET /slash/' },
    { '/slash/./', 'GET /slash/' },
    { '/x/../slash', 'GET /slash' },
    { '/%73lash', 'GET /slash' },
    { '/a/%2e%2E/slash', 'GET /slash' },
    { '/../../slash', 'GET /slash' },
    { '/a/..', 'GET /' },
    { '//a//b', 'GET /a/b' },
    { '/a/x%2Fy', 'GET /a/{x} x=x/y' },
    { '/a/x%2fy/z', 'GET /a/{x...} x=x%2Fy/z' },
    { '/a/%252F', 'GET /a/{x} x=%2F' },
    { '/a/%25/%20', 'GET /a/{x...} x=%/ ' },
    { '/a/x+y', 'GET /a/{x} x=x+y' },
    { '/a/..%2fslash', 'GET /a/{x} x=../slash' },
    { '/%C3%A9t%C3%A9/%E6%97%A5', 'GET /%C3%A9t%C3%A9/{x} x=日' },
    { '/%F0%9F%8C%8A', 'ANY /{rest...} rest=🌊' },
    { '/a/b?c=/d', 'GET /a/b' },
    { '/a/b?', 'GET /a/b' },
    { '/?/a', 'GET /' },
    { "/a/!$&'()*+,;=:@~", "GET /a/{x} x=!$&'()*+,;=:@~" },
    { 'http://gate/a/b', 'GET /a/b' },
    { 'HTTP://GATE/a/b?q', 'GET /a/b' },
    { 'https://gate/a/b', 'GET /a/b' },
    { 'http://gate', 'GET /' },
    { 'http://gate?q', 'GET /' },
  }
  for _, case in ipairs(cases) do
    it('take ' .. case[1] .. ' by ' .. case[2], function()
      local status, body = status_of(tide, head_of(case[1]))
      assert.same({ 200, case[2] }, { status, body })
    end)
  end

  it('prefer the exact method to ANY, at the same path only', function()
    assert.equal('GET /any/{y} y=1', tide:get('/any/1').body)
    assert.equal('ANY /any/{x} x=1', tide:post('/any/1', '').body)
    assert.equal('DELETE /a/b', tide:request { method = 'DELETE', path = '/a/b' }.body)
  end)

  it('take a less specific path that has the method before 405 is given', function()
    assert.equal('POST /a/{x}/c x=b', tide:post('/a/b/c', '').body)
    assert.equal('ANY /{rest...} rest=a/b', tide:post('/a/b', '').body)
    assert.equal('ANY /{rest...} rest=slash', tide:request { method = 'PUT', path = '/slash' }.body)
  end)

  it('know any token as a method, and case counts', function()
    assert.equal('FOO /custom', tide:request { method = 'FOO', path = '/custom' }.body)
    assert.equal('ANY /{rest...} rest=custom', tide:request { method = 'foo',
      path = '/custom' }.body)
    assert.equal('ANY /{rest...} rest=slash', tide:request { method = 'get', path = '/slash' }.body)
  end)
end)

describe('a request that no route takes', function()
  local tide

  setup(function()
    tide = serve { 'GET /a', 'POST /a', 'PUT /a/{x}', 'DELETE /a/b', 'POST /only' }
  end)
  teardown(function() tide:stop() end)

  it('is a 404 when there is no such path', function()
    local res = tide:get('/b', { ['x-request-id'] = 'r-1' })
    assert.equal(404, res.status)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.same({ title = 'Not Found', status = 404, detail = 'no route has this path',
      id = 'r-1' },
      res:json())
    assert.equal(404, tide:request { method = 'OPTIONS', path = '/b' }.status)
    assert.equal(404, tide:get('/a/').status)
    assert.equal(404, tide:request { method = 'PUT', path = '/a/' }.status)
  end)

  it('is a 405 with Allow when the path has other methods', function()
    local res = tide:request { method = 'PATCH', path = '/a' }
    assert.equal(405, res.status)
    assert.equal('GET, HEAD, POST, OPTIONS', res.headers.allow)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.equal(405, res:json().status)
    assert.equal('Method Not Allowed', res:json().title)
    assert.equal('DELETE, PUT, OPTIONS', tide:get('/a/b').headers.allow)
    assert.equal(405, tide:request { method = 'get', path = '/a' }.status)
    assert.equal(405, tide:request { method = 'HEAD', path = '/only' }.status)
  end)

  it('is answered with Allow when it is OPTIONS', function()
    local res = tide:request { method = 'OPTIONS', path = '/a' }
    assert.equal(204, res.status)
    assert.equal('GET, HEAD, POST, OPTIONS', res.headers.allow)
    assert.is_nil(res.headers['content-length'])
    assert.equal('POST, OPTIONS', tide:request { method = 'OPTIONS', path = '/only' }.headers.allow)
  end)
end)

describe('HEAD', function()
  it('is answered by the route for GET, with its fields and without its body', function()
    local tide = gate.serve { routes = { { 'GET /', 'a.lua' }, { 'HEAD /own', 'own.lua' },
      { 'GET /own', 'a.lua' } }, scripts = {
      ['a.lua'] = "return function(req) return 'seventeen by ' .. req.method end",
      ['own.lua'] = "return function() return 'x' end" } }
    local connection = tide:connect()
    for _ = 1, 2 do
      local res = connection:request { method = 'HEAD', path = '/' }
      assert.same({ 200, '17', '' }, { res.status, res.headers['content-length'], res.body })
      assert.equal('text/plain; charset=utf-8', res.headers['content-type'])
    end
    local res = connection:request { method = 'HEAD', path = '/none' }
    assert.equal(404, res.status)
    assert.is_true(tonumber(res.headers['content-length']) > 10)
    assert.equal('1', connection:request({ method = 'HEAD',
      path = '/own' }).headers['content-length'])
    assert.equal('seventeen by GET', connection:get('/').body)
    connection:close()
    tide:stop()
  end)
end)

describe('a target', function()
  local tide
  setup(function() tide = serve { 'ANY /{x...}', 'GET /a' } end)
  teardown(function() tide:stop() end)

  local refused = {
    '/%00', '/a%00b', '/%0a', '/%0D', '/%1f', '/%7f', '/%', '/%4', '/%4g', '/%zz', '/a%', '/%2',
      '/%ff',
    '/%c0%af', '/%c0%ae%c0%ae/', '/%ed%a0%80', '/%f4%90%80%80', '/%e2%82', '/\128', '/caf\195\169',
      '/\255',
    'a', '', 'gate/a', 'ftp://gate/a', 'http:///a', 'http://', 'http://other/a', 'http://u@gate/a',
    'http://gate:80/a', 'http://gate:x/a', '*', '?a', 'file:///etc/passwd', '//\127', '/a?\128',
      '/a?b\127',
    '/a?\195\169',
  }
  for _, target in ipairs(refused) do
    local shown = target:gsub('[^ -~]', function(c) return ('\\x%02x'):format(c:byte()) end)
    it("is refused: '" .. shown .. "'", function()
      local status, body, text = status_of(tide, head_of(target))
      assert.equal(400, status)
      if #target > 0 and body:sub(1, 1) == '{' then
        assert.matches('content%-type: application/problem%+json', text:lower())
      end
    end)
  end

  it('is not taken when it is for CONNECT or is a star', function()
    for _, bytes in ipairs { head_of('gate:80', 'CONNECT'), head_of('*', 'OPTIONS'),
      head_of('/', 'CONNECT') } do
      local status = status_of(tide, bytes)
      assert.is_true(status == 400 or status == 405 or status == 501, 'it was ' .. tostring(status))
    end
  end)

  it('with a backslash or other odd characters stays in its segment', function()
    for _, case in ipairs { { '/a\\..\\b', 'a\\..\\b' }, { '/%5c..%5ca', '\\..\\a' },
      { '/..;/a', '..;/a' }, { '/a;x=1', 'a;x=1' }, { '/...', '...' },
      { '/a%23b', 'a#b' }, { '/a%3fb', 'a?b' } } do
      local status, body = status_of(tide, head_of(case[1]))
      assert.same({ 200, 'ANY /{x...} x=' .. case[2] }, { status, body })
    end
  end)

  it('may not be longer than the server reads, and says so', function()
    local status = status_of(tide, head_of('/' .. ('a'):rep(7000)))
    assert.equal(200, status)
    status = status_of(tide, head_of('/' .. ('a'):rep(500000)))
    assert.is_true(status == nil or status == 400 or status == 414 or status == 431)
    assert.equal(400, (status_of(tide, head_of(('/a'):rep(2000)))))
  end)
end)

describe('a request line', function()
  local tide
  setup(function() tide = serve { 'ANY /{x...}' } end)
  teardown(function() tide:stop() end)

  local refused = {
    'GET / HTTP/1.2\r\nhost: a\r\n\r\n', 'GET / HTTP/2.0\r\nhost: a\r\n\r\n', 'GET /\r\n\r\n',
    'GET / HTTP/0.9\r\nhost: a\r\n\r\n', 'GET /  HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET / / HTTP/1.1\r\nhost: a\r\n\r\n', ' GET / HTTP/1.1\r\nhost: a\r\n\r\n',
    'FOO{ / HTTP/1.1\r\nhost: a\r\n\r\n', 'G(T / HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n', 'GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET / HTTP/1.1x\r\nhost: a\r\n\r\n', 'GET / http/1.1\r\nhost: a\r\n\r\n',
    'GET / HTTP/1.1\nhost: a\n\n', 'GET / HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\n folded: 1\r\n\r\n', 'GET / HTTP/1.1\r\nhost: a\r\nx : 1\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\n: 1\r\n\r\n', 'GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n',
  }
  for _, bytes in ipairs(refused) do
    it('is refused: ' .. ('%q'):format(bytes):gsub('\\\n', '\\n'):gsub('%z', '\\0'), function()
      local text = tide:raw(bytes, 5)
      assert.is_true(text == '' or text:find '^HTTP/1%.1 400 ' ~= nil, text)
    end)
  end
end)

describe('the Host of a request', function()
  local tide
  setup(function()
    tide = gate.serve { script = "return function(req) return 'host ' .. req.host end" }
  end)
  teardown(function() tide:stop() end)

  local function ask(host) return status_of(tide, head_of('/', 'GET', host)) end

  local right = { 'gate', 'gate:80', 'GATE', '127.0.0.1', '127.0.0.1:8080', '[::1]', '[::1]:8080',
    'a.b-c_d',
    'gate:65535' }
  for _, host in ipairs(right) do
    it('may be ' .. host, function()
      local status, body = ask('host: ' .. host .. '\r\n')
      assert.same({ 200, 'host ' .. host }, { status, body })
    end)
  end

  local wrong = { '', 'a b', 'u@gate', 'u:p@gate', 'gate:', 'gate:65536', 'gate:x', 'gate:-1',
    'a/b', 'a?b',
    'a#b', 'a\0b', '[::1', '[zz]', '::1', '[::1]x', '"a"', 'a\\b', 'a%00', '%' }
  for _, host in ipairs(wrong) do
    it('may not be ' .. ('%q'):format(host):gsub('%z', '\\0'), function()
      assert.equal(400, (ask('host: ' .. host .. '\r\n')))
    end)
  end

  it('must be there once on HTTP/1.1', function()
    assert.equal(400, (ask ''))
    assert.equal(400, (ask 'host: a\r\nhost: a\r\n'))
    assert.equal(400, (ask 'host: a\r\nHost: b\r\n'))
    local status, body = status_of(tide, 'GET / HTTP/1.0\r\n\r\n')
    assert.same({ 200, 'host ' }, { status, body })
  end)

  it('may stand in the target, when both agree', function()
    local status, body = status_of(tide, head_of('http://shop.example:81/', 'GET',
      'host: SHOP.example:81\r\n'))
    assert.same({ 200, 'host shop.example:81' }, { status, body })
    assert.equal(400, (status_of(tide, head_of('http://shop.example/', 'GET', 'host: gate\r\n'))))
  end)
end)

describe('a protected prefix', function()
  -- Each spelling is sent as it stands; what is behind the gate must not be reached by any.
  local spellings = {
    '/admin', '/admin/', '/admin/x', '//admin/x', '/./admin/x', '/../admin/x', '/a/../admin/x',
    '/a/b/../../admin/x', '/%61dmin/x', '/%61%64%6d%69%6e/x', '/admin%2fx', '/admin%2Fx',
      '/admin/%2e/x',
    '/admin/../admin/x', '/%2e/admin/x', '/%2e%2e/admin/x', '/a/%2e%2e/admin/x', '/a/.%2e/admin/x',
    '/a/%2E./admin/x', '/admin//x', '/admin///x', '///admin/x', '/admin;a=b/x', '/admin/;/x',
      '/admin?/x',
    '/admin/x?y', '/admin/x#y', '/ADMIN/x', '/Admin/x', '/admin%00/x', '/%00admin/x',
      '/admin%20/x', '/admin./x',
    '/admin%2e/x', '/admin\\x', '/\\admin/x', '/a\\..\\admin/x', '/admin%5cx', '/%5cadmin/x',
      '/admin%252fx',
    '/%252e%252e/admin/x', '/a%2f../admin/x', '/a/..%2fadmin/x', '/a%2f..%2fadmin/x',
      '/..;/admin/x',
    '/a/..;/admin/x', '/%c0%ae%c0%ae/admin/x', '/%c0%afadmin/x', '/adm%C0%A9n/x', '/admin\t/x',
    '/%ef%bc%8fadmin/x', '/%u0061dmin/x', 'http://gate/admin/x', 'http://gate//admin/x',
      'HTTP://gate/%61dmin/x',
    'http://gate/../admin/x', 'http://other/admin/x', 'admin/x', '*/admin/x', '/admin/x/..',
      '/admin/x/../../admin/y',
    '/open/../admin/x', '/open/%2e%2e/admin/x', '/open/..%2fadmin/x', '/open/%2e%2e%2fadmin%2fx',
    '/open//../admin/x', '/open/./../admin/x', '/open/x/../../admin/x', '/%6fpen/../admin/x',
      '/admin%', '/admin/%zz',
    '/open/..\\admin/x', '/open/..%5cadmin/x', '/open/../../../../admin/x', '/open;/../admin/x',
  }

  it('is never passed by, however the path is written', function()
    assert.is_true(#spellings > 40)
    local vault = upstream { default = upstream.text 'the secret' }
    local open = upstream { default = upstream.text 'open' }
    local pass = [[
      local tg = require 'tidegate'
      local names = { tg.backend 'open', tg.backend 'vault' }
      return function(req, route)
        local which = route.settings.vault and 2 or 1
        return assert(names[which]:request { method = req.method, path = req.path }).body
      end]]
    local tide = gate.serve {
      scripts = { ['pass.lua'] = pass,
        ['guard.lua'] = "local tg = require 'tidegate'\n" ..
          "return function() return tg.problem(403, 'not for you') end" },
      routes = {
        { 'ANY /admin/{x...}', 'pass.lua', before = { 'guard.lua' }, settings = { vault = true } },
        { 'ANY /open/{x...}', 'pass.lua', settings = {} },
        { 'ANY /{x...}', 'pass.lua', settings = {} },
      },
      backends = { open = open, vault = vault },
    }
    local guarded, refused, passed = 0, 0, 0
    for _, target in ipairs(spellings) do
      for _, method in ipairs { 'GET', 'POST', 'HEAD', 'get' } do
        local status, body = status_of(tide, head_of(target, method))
        assert.is_nil(body and body:find('the secret', 1, true), target)
        if status == 403 then guarded = guarded + 1
        elseif status == 400 then refused = refused + 1
        else
          assert.equal(200, status, method .. ' ' .. target)
          passed = passed + 1
        end
      end
    end
    assert.equal(0, vault:count 'request')
    assert.equal(#spellings * 4, guarded + refused + passed)
    assert.is_true(guarded >= 100 and refused >= 20 and passed >= 20)
    for _, request in ipairs(open:requests()) do
      local decoded = request.path:gsub('%%(%x%x)', function(hex) return string.char(tonumber(hex,
        16)) end)
      assert.is_nil(request.path:find '^/admin/', request.path)
      assert.is_nil(request.path:find('//', 1, true), request.path)
      assert.is_nil((request.path .. '/'):find('/%.%.?/'), request.path)
      assert.is_nil(decoded:find '^/admin/' and not request.path:find('%2F', 1, true) or nil,
        request.path)
    end
    tide:stop()
    vault:stop()
    open:stop()
  end)
end)

describe('ten thousand routes', function()
  it('are all found', function()
    local site = { 'local routes = {}', 'for i = 1, 5000 do',
      "  routes[#routes + 1] = { ('GET /r/%d/{x}'):format(i), 'say.lua' }",
      "  routes[#routes + 1] = { ('GET /s%d/{y}/z/{rest...}'):format(i), 'say.lua' }", 'end',
      'return { routes = routes, workers = 1 }' }
    local tide = gate.serve { site = table.concat(site, '\n'), scripts = { ['say.lua'] = SAY } }
    local connection = client.connect(tide.port)
    for i = 1, 5000, 97 do
      assert.equal(('GET /r/%d/{x} x=7'):format(i), connection:get('/r/' .. i .. '/7').body)
      assert.equal(('GET /s%d/{y}/z/{rest...} rest=a/b y=7'):format(i),
        connection:get('/s' .. i .. '/7/z/a/b').body)
    end
    assert.equal(404, connection:get('/r/5001/7').status)
    assert.equal(404, connection:get('/s1/7/y').status)
    connection:close()
    tide:stop()
  end)
end)
