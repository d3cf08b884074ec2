local client = require 'spec.support.client'
local http = require 'spec.support.http'
local literal = require 'spec.support.literal'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

describe('the fake backend', function()
  local shop

  setup(function()
    shop = upstream {
      ['/x'] = upstream.text('up\n'),
      ['POST /x'] = upstream.json { ok = true },
      ['/cut'] = 'HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\nup\n',
      ['/chunks'] = { 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab', 0.01,
        'c\r\n', http.chunked { 'de', 'f' } },
      ['/slow'] = { delay = 0.2, upstream.text('late') },
      ['/reset'] = { 'HTTP/1.1 200 OK\r\n', reset = true },
      ['/hang'] = 'hang',
      ['/own'] = function(request) return upstream.text(request.query .. ' ' .. request.body) end,
    }
  end)

  teardown(function() shop:stop() end)
  before_each(function() shop:forget() end)

  it('answers by path, and by method before path', function()
    assert.equal('up\n', client.request(shop.port, { path = '/x?q' }).body)
    assert.same({ ok = true }, client.request(shop.port, { method = 'POST', path = '/x' }):json())
    assert.equal(404, client.request(shop.port, { path = '/none' }).status)
  end)

  it('keeps a connection after a whole answer and closes it after a cut one', function()
    local connection = client.connect(shop.port)
    assert.equal(200, connection:get('/x').status)
    assert.equal('abcdef', connection:get('/chunks').body)
    local cut = connection:get('/cut')
    assert.is_false(cut.complete)
    assert.equal('closed', cut.ended)
    connection:close()
    assert.equal(1, shop:count('connect'))
  end)

  it('records what it was sent', function()
    client.request(shop.port, { method = 'PUT', path = '/own?a=1', body = 'text',
      headers = { ['X-Id'] = '7' } })
    local request = shop:requests()[1]
    assert.equal('PUT', request.method)
    assert.equal('/own', request.path)
    assert.equal('a=1', request.query)
    assert.equal('7', request.headers['x-id'])
    assert.equal('text', request.body)
  end)

  it('runs functions in the child', function()
    local res = client.request(shop.port, { method = 'POST', path = '/own?b', body = 'c' })
    assert.equal('b c', res.body)
  end)

  it('serves others while one waits', function()
    local slow, fast = { path = '/slow' }, { path = '/x' }
    local answers = client.all(shop.port, { slow, fast, slow })
    assert.equal('late', answers[1].body)
    assert.equal('up\n', answers[2].body)
    assert.is_true(answers[2].elapsed < 0.2 and answers[1].elapsed >= 0.2)
    assert.is_true(answers[3].elapsed < 0.4)
  end)

  it('tells of a client that went away', function()
    local connection = client.connect(shop.port)
    connection:send('GET /hang HTTP/1.1\r\nhost: x\r\n\r\n')
    shop:await('request')
    assert.equal(0, shop:count('abandoned'))
    connection:close()
    shop:await('abandoned')
  end)

  it('resets a connection', function()
    local connection = client.connect(shop.port)
    connection:send('GET /reset HTTP/1.1\r\nhost: x\r\n\r\n')
    local res, reason = connection:receive()
    assert.is_nil(res)
    assert.equal('reset', reason)
    connection:close()
  end)
end)

describe('the reader of responses', function()
  it('takes interim responses apart', function()
    local hints = 'HTTP/1.1 103 Hints\r\na: b\r\n\r\n'
    local res = http.response(hints .. 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxrest')
    assert.equal(200, res.status)
    assert.equal('b', res.interim[1].headers.a)
    assert.equal('x', res.body)
    assert.equal('rest', res.rest)
  end)

  it('knows a chunked body that lacks its end', function()
    local head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    assert.is_false(http.response(head .. '2\r\nab\r\n').complete)
    assert.is_false(http.response(head .. '2\r\nab\r\n0\r\n').complete)
    assert.is_true(http.response(head .. '2\r\nab\r\n0\r\n\r\n').complete)
    assert.is_true(http.response(head .. '2\r\nab\r\n0\r\na: b\r\n\r\n').complete)
  end)

  it('joins repeated fields and keeps them apart too', function()
    local res = http.response('HTTP/1.1 204 No\r\nA: 1\r\na: 2\r\n\r\n')
    assert.equal('1, 2', res.headers.a)
    assert.same({ '1', '2' }, res:all('a'))
    assert.is_true(res.complete)
  end)

  it('refuses what is not HTTP', function()
    local res, reason = http.response('SSH-2.0-x\r\n\r\n')
    assert.is_nil(res)
    assert.matches('not HTTP', reason)
  end)
end)

describe('waiting', function()
  it('gives what came, and raises with the last reason', function()
    local n = 0
    assert.equal(3, wait.eventually(function() n = n + 1 return n >= 3 and n end))
    local well, reason = pcall(wait.eventually, function() error('not yet', 0) end, 0.02)
    assert.is_false(well)
    assert.matches('not yet', reason)
  end)
end)

describe('child processes', function()
  it('tell how they ended', function()
    local pid = posix.spawn({ '/bin/sh', '-c', 'exit 3' })
    assert.equal('exit 3', wait.eventually(function() return posix.ended(pid) end))
    pid = posix.spawn({ '/bin/sleep', '100' })
    assert.equal('signal 15', posix.stop(pid))
  end)

  it('are killed when they do not go', function()
    local folder = posix.folder()
    local stubborn = 'trap "" TERM; echo up; while :; do sleep 0.1; done'
    local pid = posix.spawn({ '/bin/sh', '-c', stubborn },
      { stdout = folder .. '/out' })
    wait.eventually(function() return posix.read(folder .. '/out') ~= '' end)
    assert.equal('signal 9', posix.stop(pid, 0.02))
    posix.remove(folder)
  end)
end)

describe('a literal', function()
  it('reads back as the value', function()
    local value = { 'a\nb"', { x = 1.5, ['y z'] = true }, list = { 1, 2 }, empty = {} }
    assert.same(value, assert(loadstring('return ' .. literal(value)))())
  end)
end)

describe('the gate of a spec', function()
  local gate = require 'spec.support.gate'
  local real = gate.program
  local folder

  -- A program that says it is ready and then waits for its end, as the shell text says.
  local function pretend(body)
    posix.write(folder .. '/program', '#!/bin/sh\n' .. body)
    os.execute('chmod +x ' .. folder .. '/program')
    gate.program = function() return folder .. '/program' end
  end

  local READY = 'trap "exit 0" TERM\n' ..
    'echo "time=x level=info event=ready url=http://127.0.0.1:1234" >&2\n'
  local LOOP = 'while :; do sleep 0.01; done\n'

  before_each(function() folder = posix.folder() end)
  after_each(function()
    gate.program = real
    posix.remove(folder)
  end)

  it('knows the port of the ready line and writes the site', function()
    pretend(READY .. 'cat "$2/site.lua" >&2\n' .. LOOP)
    local tide = gate.serve { script = '', site = { workers = 2 }, backends = { a = 'http://x' } }
    assert.equal(1234, tide.port)
    tide:await_log('%["workers"%] = 2')
    tide:await_log('"main.lua"')
    tide:stop()
  end)

  it('fails when the program does not start, and says why', function()
    pretend('echo no such site >&2; exit 2\n')
    local well, reason = pcall(gate.serve, { script = '' })
    assert.is_false(well)
    assert.matches('exit 2.*no such site', reason)
  end)

  it('fails when the program ends badly', function()
    pretend(READY:gsub('exit 0', 'exit 3') .. LOOP)
    local tide = gate.serve { script = '' }
    local well, reason = pcall(tide.stop, tide)
    assert.is_false(well)
    assert.matches('ended with exit 3', reason)
  end)

  it('fails on a line at error, unless it is expected', function()
    pretend(READY .. 'echo "level=error event=lost" >&2\n' .. LOOP)
    local tide = gate.serve { script = '' }
    tide:await_log('event=lost')
    local well, reason = pcall(tide.stop, tide)
    assert.is_false(well)
    assert.matches('unexpected: level=error event=lost', reason)
    tide = gate.serve { script = '', expect_errors = { 'event=lost' } }
    tide:await_log('event=lost')
    tide:stop()
  end)

  it('fails on the report of a sanitizer', function()
    pretend(READY .. 'echo "ERROR: AddressSanitizer: heap-use" >&2\n' .. LOOP)
    local tide = gate.serve { script = '' }
    tide:await_log('heap%-use')
    local well, reason = pcall(tide.stop, tide)
    assert.is_false(well)
    assert.matches('AddressSanitizer', reason)
  end)

  it('reads the access log', function()
    pretend(READY .. [[printf '{"status":200}\n{"sta']] .. '\n' .. LOOP)
    local tide = gate.serve { script = '' }
    assert.same({ { status = 200 } }, tide:await_access(1))
    tide:stop()
  end)

  it('runs a program to its end', function()
    pretend('echo "$1"; echo bad >&2; exit 4\n')
    local result = gate.run { 'check' }
    assert.same({ 4, 'check\n', 'bad\n' }, { result.status, result.out, result.err })
  end)
end)
