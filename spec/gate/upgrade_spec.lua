local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo/1\r\n' ..
  'x-a: 1\r\n\r\n'

-- Says everything back that comes; the upper case tells that it was there.
local function echo(request, connection)
  if request.headers.upgrade ~= 'echo/1' then return upstream.text 'no upgrade' end
  connection:send(SWITCH .. 'HELLO ')
  while true do
    if #connection.text > 0 then
      local bytes = connection.text
      connection.text = ''
      connection:send(bytes:upper())
      if bytes:find 'bye' then return { close = true } end
    else
      connection:sleep(0.005)
    end
  end
end

local OTHER = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n'

local ANSWERS = { ['/other'] = OTHER .. 'upgrade: h2c\r\n\r\n', ['/nothing'] = OTHER .. '\r\n',
  ['/more'] = OTHER .. 'upgrade: echo/1\r\nupgrade: h2c\r\n\r\n',
  ['/echo'] = echo, ['/plain'] = upstream.text 'plain',
  ['/unasked'] = SWITCH, ['/silent'] = { SWITCH, 30 },
  ['/flood'] = { SWITCH .. ('x'):rep(3 * 1024 * 1024), 30 } }

local HEAD = 'GET %s HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\n' ..
  'upgrade: %s\r\nsec-websocket-key: k\r\n\r\n'

local function play(route, site)
  local shop = upstream(ANSWERS)
  local entry = { 'ANY /{path...}', backend = 'shop' }
  for name, value in pairs(route or { upgrade = true }) do entry[name] = value end
  local all = { workers = 1 }
  for name, value in pairs(site or {}) do all[name] = value end
  local tide = gate.serve { backends = { shop = shop }, site = all, routes = { entry } }
  return tide, shop, function() tide:stop() shop:stop() end
end

local function open(tide, path, more)
  local c = tide:connect()
  c:send(HEAD:format(path, 'echo/1') .. (more or ''))
  return c
end

-- Reads until the text holds `what`.
local function await(c, what)
  local text = ''
  wait.eventually(function()
    text = text .. c:rest(0.01)
    return text:find(what, 1, true)
  end)
  return text
end

describe('a route with upgrade = true', function()
  it('becomes a tunnel, and nothing that was sent early is lost', function()
    local tide, shop, stop = play()
    local c = open(tide, '/echo', 'early ')
    local text = await(c, 'HELLO EARLY ')
    assert.matches('^HTTP/1.1 101 ', text)
    assert.matches('\r\n[Cc]onnection: upgrade\r\n', text)
    assert.matches('\r\nupgrade: echo/1\r\n', text)
    assert.matches('\r\nx%-a: 1\r\n', text)
    c:send 'more'
    await(c, 'MORE')
    local seen = shop:requests()[1]
    assert.same({ 'Upgrade', 'echo/1', 'k' }, { seen.headers.connection, seen.headers.upgrade,
      seen.headers['sec-websocket-key'] })
    c:send 'bye'
    local rest, how = c:rest(5)
    assert.same({ 'BYE', 'closed' }, { rest, how })
    c:close()
    assert.equal(101, tide:await_access(1)[1].status)
    stop()
  end)

  it('ends with its client', function()
    local tide, shop, stop = play()
    local before = tide:descriptors()
    for round = 1, 10 do
      local c = open(tide, '/echo')
      await(c, 'HELLO')
      if round % 2 == 0 then c:close() else c:reset() end
    end
    shop:await('abandoned', 10)
    wait.eventually(function() return tide:descriptors() <= before end)
    stop()
  end)

  it('ends when nothing has gone through it for a while', function()
    local tide, _, stop = play { upgrade = true, upgrade_timeout = 0.1 }
    local c = open(tide, '/silent')
    local text, how = c:rest(5)
    assert.matches('101', text)
    assert.equal('closed', how)
    stop()
  end)

  it('holds a fast side back for a slow one', function()
    local tide, _, stop = play()
    local before, list, text = tide:memory(), {}, {}
    for i = 1, 10 do list[i] = open(tide, '/flood') end
    for i = 1, 10 do text[i] = list[i]:rest(0.01) end
    assert.is_true(tide:memory() - before < 10 * 1024 * 1024)
    local parts, length = { text[1] }, #text[1]
    wait.eventually(function()
      parts[#parts + 1] = list[1]:rest(0.05)
      length = length + #parts[#parts]
      return length >= 3 * 1024 * 1024
    end, 60)
    assert.matches('^HTTP/1.1 101 .-\r\n\r\nx+$', table.concat(parts))
    for i = 1, 10 do list[i]:close() end
    stop()
  end)

  it('counts among the connections of its backend until it ends', function()
    local shop = upstream(ANSWERS)
    local tide = gate.serve { backends = { shop = { shop.url, connections = 1, queue = 0 } },
      site = { workers = 1 }, routes = { { 'ANY /{path...}', backend = 'shop', upgrade = true } } }
    local c = open(tide, '/echo')
    await(c, 'HELLO')
    local res = tide:get '/plain'
    assert.same({ 503, 'busy' }, { res.status, res:json().code })
    c:close()
    wait.eventually(function() return tide:get('/plain').status == 200 end)
    tide:stop()
    shop:stop()
  end)

  it('is an ordinary one for any other answer, and other requests', function()
    local tide, shop, stop = play()
    local c = open(tide, '/plain')
    assert.equal('plain', c:receive().body)
    assert.equal('plain', c:get('/plain').body)
    c:close()
    assert.is_nil(shop:requests()[2].headers.upgrade)
    stop()
  end)

  it('never asks for HTTP, nor for TLS', function()
    local tide, shop, stop = play()
    tide:raw(HEAD:format('/plain', 'h2c'), 0.2)
    for _, protocols in ipairs { 'H2C, echo/1', 'echo/1, h2c', 'HTTP/2.0', 'TLS/1.0', 'echo 1' } do
      tide:raw(HEAD:format('/plain', protocols), 0.1)
    end
    assert.equal(6, #shop:requests())
    for _, request in ipairs(shop:requests()) do assert.is_nil(request.headers.upgrade) end
    stop()
  end)

  it('switches to what was asked for only', function()
    local tide, _, stop = play()
    for _, path in ipairs { '/other', '/more', '/nothing' } do
      local text = tide:raw(HEAD:format(path, 'echo/1'), 0.2)
      assert.matches('^HTTP/1.1 502 .*"code":"protocol"', text, 1)
    end
    assert.matches('^HTTP/1.1 101 ', tide:raw(HEAD:format('/silent', 'a/1, Echo/1'), 0.2))
    stop()
  end)

  it('has its tunnels closed when the server stops', function()
    local tide, shop = play(nil, { drain_timeout = 0.2 })
    local c = open(tide, '/silent')
    await(c, '101')
    tide:stop()
    assert.is_true(c:closes(5))
    shop:stop()
  end)
end)

describe('a route without it', function()
  it('drops the fields, and an unasked 101 is an error', function()
    local tide, shop, stop = play {}
    local text = tide:raw(HEAD:format('/echo', 'echo/1'), 0.3)
    assert.matches('no upgrade', text)
    assert.is_nil(shop:requests()[1].headers.upgrade)
    local res = tide:get '/unasked'
    assert.same({ 502, 'protocol' }, { res.status, res:json().code })
    stop()
  end)
end)
