-- What backends send, byte by byte, and what becomes of it.
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'

local SCRIPT = [[
local tg = require 'tidegate'
local shop = tg.backend 'shop'
return function(req)
  local res, err = shop:request { method = req.method, path = req.path, body = req.body }
  if not res then return { code = err.code, http = err.http, message = err.message } end
  local fields = {}
  for name in pairs(res.headers) do fields[#fields + 1] = name:lower() end
  table.sort(fields)
  return { status = res.status, body = res.body, fields = table.concat(fields, ' ') }
end]]

local OK = 'HTTP/1.1 200 OK\r\n'
local CHUNKED = OK .. 'transfer-encoding: chunked\r\n\r\n'
local TAIL = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'

-- name, what is sent (a table may end with close or reset), what the script sees: a body, a table
-- of what it sees, or a code with a part of its message.
local rows = {
  -- Whole responses.
  { '100 then 200', 'HTTP/1.1 100 Continue\r\n\r\n' .. OK .. 'content-length: 2\r\n\r\nok', 'ok' },
  { '50 times 100', ('HTTP/1.1 100 Continue\r\n\r\n'):rep(50) .. OK ..
    'content-length: 2\r\n\r\nok', 'ok' },
  { '100 times 103', ('HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n'):rep(100) .. OK ..
    'content-length: 2\r\n\r\nok', { body = 'ok', fields = 'content-length' } },
  { '101 times 103', ('HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n'):rep(101) .. OK ..
    'content-length: 2\r\n\r\nok', 'protocol: too many interim responses' },
  { 'trailers', CHUNKED .. '2\r\nok\r\n0\r\nx-sum: 7\r\nset-cookie: a=b\r\n\r\n',
    { body = 'ok', fields = 'transfer-encoding' } },
  { 'chunk extensions', CHUNKED .. '2;a=b\r\nok\r\n0;c\r\n\r\n', 'ok' },
  { 'a body up to a clean end', { OK .. '\r\nok', close = true }, 'ok' },
  { '128 fields', OK .. ('x: y\r\n'):rep(127) .. 'content-length: 2\r\n\r\nok', 'ok' },
  { '129 fields', OK .. ('x: y\r\n'):rep(128) .. 'content-length: 2\r\n\r\nok',
    'protocol: too many header fields' },
  { '304 without a condition', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    { status = 304, body = '' } },
  { '204 with a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody',
    { status = 204, body = '' } },
  { '304 with a body', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\nbody',
    { status = 304, body = '' } },
  { 'HEAD with a body', OK .. 'content-length: 4\r\n\r\nbody', { status = 200, body = '' },
    method = 'HEAD' },
  { 'fields that mean nothing here', OK .. 'x: \r\ny:z\r\nz:\t w \t\r\ncontent-length: 2\r\n\r\nok',
    'ok' },
  -- Cut short.
  { 'nothing', { close = true }, 'reset: closed the connection without a response' },
  { 'a reset', { reset = true }, 'reset: ' },
  { 'half a head', { OK .. 'content-le', close = true }, 'protocol: head .* cut short' },
  { 'a head without its end', { OK .. 'content-length: 2\r\n', close = true },
    'protocol: head .* cut short' },
  { 'chunks cut at a boundary', { CHUNKED .. '3\r\nabc\r\n', close = true },
    'protocol: last chunk is missing' },
  { 'chunks cut before the first', { CHUNKED, close = true }, 'protocol: last chunk is missing' },
  { 'chunks cut in the middle', { CHUNKED .. '3\r\na', close = true },
    'protocol: last chunk is missing' },
  { 'chunks cut behind the last', { CHUNKED .. '3\r\nabc\r\n0\r\n', close = true },
    'protocol: last chunk is missing' },
  { 'a length cut', { OK .. 'content-length: 30\r\n\r\nabc', close = true },
    'protocol: fewer bytes' },
  { 'a length cut by a reset', { OK .. 'content-length: 30\r\n\r\nabc', 0.05, reset = true },
    'protocol: cut short' },
  { 'a body up to a reset', { OK .. '\r\nhalf', 0.05, reset = true }, 'protocol: cut short' },
  -- Framing that can be read in two ways.
  { 'two lengths', OK .. 'content-length: 3\r\ncontent-length: 10\r\n\r\nabc',
    'protocol: Content%-Length twice' },
  { 'a list of lengths', OK .. 'content-length: 3, 3\r\n\r\nabc', 'protocol: not a number' },
  { 'a length and chunks', OK .. 'content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n' ..
    '3\r\nabc\r\n0\r\n\r\n', 'protocol: both Content%-Length and Transfer%-Encoding' },
  { 'chunks and a length', OK .. 'transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n' ..
    '3\r\nabc\r\n0\r\n\r\n', 'protocol: both Content%-Length and Transfer%-Encoding' },
  { 'gzip, chunked', OK .. 'transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'protocol: other than chunked' },
  { 'chunked, chunked', OK .. 'transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'protocol: other than chunked' },
  { 'chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'protocol: in HTTP/1.0' },
  { 'a length of 5x', OK .. 'content-length: 5x\r\n\r\nabcde', 'protocol: not a number' },
  { 'a negative length', OK .. 'content-length: -1\r\n\r\n', 'protocol: not a number' },
  { 'a length beyond 64 bits', OK .. 'content-length: 18446744073709551616\r\n\r\n',
    'protocol: not a number' },
  { 'a chunk of 5x', CHUNKED .. '5x\r\nabcde\r\n0\r\n\r\n', 'protocol: chunked body' },
  { 'a chunk that is too long', CHUNKED .. '3\r\nabcd\r\n0\r\n\r\n', 'protocol: chunked body' },
  { 'a chunk of 2^68', CHUNKED .. '100000000000000000\r\n', 'protocol: chunked body' },
  -- Heads.
  { 'a field of 300 KB', OK .. 'x: ' .. ('y'):rep(307200) .. '\r\ncontent-length: 0\r\n\r\n',
    'protocol: longer than the limit' },
  { '20 000 fields', OK .. ('x: y\r\n'):rep(20000) .. 'content-length: 0\r\n\r\n', 'protocol: ' },
  { 'a folded field', OK .. 'a: b\r\n c: d\r\ncontent-length: 0\r\n\r\n', 'protocol: folded' },
  { 'NUL', OK .. 'a: b\0c\r\ncontent-length: 0\r\n\r\n', 'protocol: malformed header' },
  { 'a bare CR', OK .. 'a: b\rc: d\r\ncontent-length: 0\r\n\r\n', 'protocol: malformed header' },
  { 'a field without a name', OK .. ': b\r\ncontent-length: 0\r\n\r\n',
    'protocol: malformed header' },
  { 'white space in a name', OK .. 'content-length : 0\r\n\r\n', 'protocol: malformed header' },
  { 'a field without a colon', OK .. 'abc\r\ncontent-length: 0\r\n\r\n',
    'protocol: malformed header' },
  { 'a control character in the reason', 'HTTP/1.1 200 O\27K\r\ncontent-length: 0\r\n\r\n',
    'protocol: control character' },
  { 'no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'protocol: status line' },
  { 'HTTP/0.9', { '<html>hello</html>', close = true }, 'protocol: status line' },
  { 'HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'protocol: status line' },
  { 'a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'protocol: status line' },
  { 'a status of 600', 'HTTP/1.1 600 No\r\n\r\n', 'protocol: status line' },
  { 'bytes before the status line', '\r\n' .. OK .. 'content-length: 0\r\n\r\n',
    'protocol: status line' },
  { '101 unasked', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    'protocol: switched protocols unasked' },
  -- Bytes that belong to no response: the next call must not see them.
  { 'a second response behind a length', OK .. 'content-length: 2\r\n\r\nok' .. TAIL, 'ok' },
  { 'a second response behind chunks', CHUNKED .. '2\r\nok\r\n0\r\n\r\n' .. TAIL, 'ok' },
  { 'a second response behind 204', 'HTTP/1.1 204 No\r\n\r\n' .. TAIL,
    { status = 204, body = '' } },
  { 'a second response behind HEAD', OK .. 'content-length: 2\r\n\r\n' .. TAIL,
    { status = 200, body = '' }, method = 'HEAD' },
}

describe('a backend that sends', function()
  local shop, tide
  setup(function()
    local answers = { ['/fine'] = upstream.text 'fine' }
    for i, row in ipairs(rows) do
      answers['/' .. i] = type(row[2]) == 'table' and row[2] or { row[2] }
    end
    shop = upstream(answers)
    tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = { shop.url, timeout = 5 } } }
  end)
  teardown(function()
    tide:stop()
    shop:stop()
  end)

  for i, row in ipairs(rows) do
    local code, message = nil, nil
    if type(row[3]) == 'string' then code, message = row[3]:match '^(%l+): (.*)$' end
    it(row[1] .. (code and ' is an error' or ' is understood'), function()
      local req = { method = row.method or 'GET', path = '/' .. i }
      -- The answer to a HEAD has no body in which the script could tell: a second route does.
      local said
      if row.method == 'HEAD' then
        local res = tide:request(req)
        assert.equal(200, res.status)
        said = { status = 200, body = '' }
      else
        said = tide:request(req):json()
      end
      if code then
        assert.same({ code, 502 }, { said.code, said.http })
        assert.matches(message, said.message)
      elseif type(row[3]) == 'table' then
        for name, value in pairs(row[3]) do assert.equal(value, said[name], name) end
      else
        assert.equal(row[3], said.body)
      end
      for _ = 1, 3 do assert.equal('fine', tide:get('/fine'):json().body) end
    end)
  end
end)

describe('a backend', function()
  it('that sends two responses for one never makes the second an answer', function()
    local kinds = {
      function(body) return OK .. 'content-length: ' .. #body .. '\r\n\r\n' .. body .. TAIL end,
      function(body) return CHUNKED .. http.chunked { body } .. TAIL end,
      function() return 'HTTP/1.1 204 No\r\n\r\n' .. TAIL end,
      function(body) return OK .. 'content-length: ' .. #body .. '\r\n\r\n' .. body end,
    }
    local shop = upstream { default = function(request)
      local n = tonumber(request.path:match '%d+')
      return kinds[n % #kinds + 1]('answer ' .. n)
    end }
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = shop } }
    local leaks, answers = 0, 0
    for batch = 0, 49 do
      local requests = {}
      for i = 1, 20 do requests[i] = { path = '/' .. batch * 20 + i } end
      for i, res in ipairs(tide:all(requests)) do
        local n, body = batch * 20 + i, res:json().body
        if body == (n % #kinds == 2 and '' or 'answer ' .. n) then answers = answers + 1
        else leaks = leaks + 1 end
      end
    end
    assert.same({ 1000, 0 }, { answers, leaks })
    tide:stop()
    shop:stop()
  end)

  it('that sends a second response later ends a connection that is not in use', function()
    local shop = upstream { default = function(request)
      local body = request.path
      return { OK .. 'content-length: ' .. #body .. '\r\n\r\n' .. body, 0.002, TAIL }
    end }
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = shop } }
    for i = 1, 50 do
      assert.equal('/' .. i, tide:get('/' .. i):json().body)
      shop:await('closed', i)
    end
    tide:stop()
    shop:stop()
  end)

  it('that answers before it has read the request is heard', function()
    local fd, port = posix.listen()
    local pid = posix.fork(function()
      while true do
        posix.poll({ [fd] = 'r' }, 20)
        local conn = posix.accept(fd)
        if conn then
          posix.small_buffers(conn, 4096)
          posix.poll({ [conn] = 'r' }, 20)
          posix.receive(conn, 1000)
          posix.send(conn, 'HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nmuch')
          posix.pause(0.2) -- what is not read would become a reset
          posix.close(conn)
        end
      end
    end, fd)
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = 'http://127.0.0.1:' .. port } }
    for _ = 1, 3 do
      local said = tide:post('/', ('x'):rep(6000000)):json()
      assert.same({ 413, 'much' }, { said.status, said.body })
    end
    tide:stop()
    posix.stop(pid)
    posix.close(fd)
  end)

  it('that sends endless heads costs little memory', function()
    local shop = upstream { ['/field'] = { OK .. 'x: ' .. ('y'):rep(262144) },
      ['/fields'] = { OK .. ('x: y\r\n'):rep(20000) }, ['/fine'] = upstream.text 'fine' }
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = shop } }
    for _ = 1, 5 do tide:get '/fine' tide:get '/field' tide:get '/fields' end
    local before = tide:memory()
    for _ = 1, 5 do
      local requests = {}
      for i = 1, 10 do requests[i] = { path = i % 2 == 0 and '/field' or '/fields' } end
      for _, res in ipairs(tide:all(requests)) do assert.equal('protocol', res:json().code) end
    end
    if not sanitized() then -- sanitizers keep what was freed
      assert.is_true(tide:memory() - before < 10 * 2 * 1048576)
    end
    tide:stop()
    shop:stop()
  end)
end)
