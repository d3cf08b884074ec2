local gate = require 'spec.support.gate'

local HEAD = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n'

local function status(text) return tonumber(text:match('^HTTP/1%.1 (%d+) ')) end

describe('a chunked request body', function()
  local tide

  setup(function()
    tide = gate.serve { script = 'return function(req) return "<" .. req.body .. ">" end' }
  end)
  teardown(function() tide:stop() end)

  local function send(body, step)
    local connection = tide:connect()
    step = step or #body
    connection:send(HEAD)
    for at = 1, #body, step do connection:send(body:sub(at, at + step - 1)) end
    local res = connection:receive(5)
    return connection, res
  end

  it('is read however it is cut, and what follows it is the next request', function()
    local body = '3\r\nabc\r\n5;x="y"\r\ndefgh\r\n0\r\nTrailer: v\r\n\r\n'
    for _, step in ipairs { 1, 2, 7, 100 } do
      local connection, res = send(body .. 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', step)
      assert.equal('<abcdefgh>', res.body)
      assert.equal('<>', connection:receive(5).body)
      connection:close()
    end
  end)

  for name, body in pairs {
    ['a size with 0x'] = '0x3\r\nabc\r\n0\r\n\r\n',
    ['garbage behind a size'] = '3garbage\r\nabc\r\n0\r\n\r\n',
    ['a space behind a size'] = '3 \r\nabc\r\n0\r\n\r\n',
    ['a line that ends with LF'] = '3\nabc\r\n0\r\n\r\n',
    ['data that ends with LF'] = '3\r\nabc\n0\r\n\r\n',
    ['a last line that ends with LF'] = '3\r\nabc\r\n0\r\n\n',
    ['a sign'] = '+3\r\nabc\r\n0\r\n\r\n',
    ['a size that no number holds'] = 'ffffffffffffffff3\r\nabc\r\n0\r\n\r\n',
    ['an empty size'] = '\r\nabc\r\n0\r\n\r\n',
    ['data that is longer than its size'] = '2\r\nabc\r\n0\r\n\r\n',
    ['an extension without end'] = '3;' .. ('x'):rep(5000) .. '\r\nabc\r\n0\r\n\r\n',
    ['trailers without end'] = '0\r\n' .. ('T: v\r\n'):rep(4000) .. '\r\n',
    ['a trailer with NUL'] = '0\r\nT: \0\r\n\r\n',
  } do
    it('is refused for ' .. name .. ', and the connection ends', function()
      local connection, res = send(body)
      assert.equal(400, res.status)
      assert.equal('application/problem+json', res.headers['content-type'])
      assert.equal('close', res.headers.connection)
      assert.is_true(connection:closes(5))
      connection:close()
      assert.equal(200, status(tide:raw('GET / HTTP/1.0\r\n\r\n')))
    end)
  end
end)
