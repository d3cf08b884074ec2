-- Some hundred requests as attackers and broken clients send them. Behind each a good request on a
-- new connection must be answered as ever.
local cases = require 'spec.support.malformed'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local upstream = require 'spec.support.upstream'

local function shown(text)
  text = #text > 70 and text:sub(1, 70) .. '…' or text
  return (text:gsub('[%z\1-\31\127-\255]', function(c) return ('\\%03d'):format(c:byte()) end))
end

-- The responses in a text; raises when it is anything else.
local function responses(text)
  local list = {}
  while text ~= '' do
    local res, reason = http.response(text)
    assert(res and res.complete, 'no response: ' .. (reason or shown(text)))
    list[#list + 1] = res
    text = res.rest
  end
  return list
end

describe('a malformed request', function()
  local backend, tide

  setup(function()
    backend = upstream { default = upstream.text 'from the backend' }
    tide = gate.serve { site = { limits = { head_timeout = 1 } }, backends = { it = backend },
      script = [[
      local tg = require 'tidegate'
      local it = tg.backend 'it'
      return function(req)
        local res = assert(it:request { method = 'POST', path = req.path, body = req.body })
        return tg.text(res.body)
      end]] }
  end)
  teardown(function()
    tide:stop()
    backend:stop()
  end)

  local function probe()
    local res = tide:get('/probe')
    assert.same({ 200, 'from the backend' }, { res.status, res.body })
  end

  -- What comes until the gate closes.
  local function play(one)
    backend:forget()
    local connection = client.connect(tide.port)
    connection:send(one.bytes)
    local text, how = connection:rest(10)
    connection:close()
    assert.not_equal('timeout', how)
    return responses(text)
  end

  -- The response, where the next request on the same connection finds its own behind it.
  local function play_on(one)
    backend:forget()
    local connection = client.connect(tide.port)
    connection:send(one.bytes)
    local res = connection:receive(10)
    assert.same({ 200, 'from the backend' }, { res.status, res.body })
    local seen = backend:requests()
    if res.headers.connection == 'close' then
      assert.same({ '', 'closed' }, { connection:rest(10) })
    else
      assert.equal('from the backend', connection:get('/next').body)
      assert.equal(#seen + 1, #backend:requests())
    end
    connection:close()
    return seen
  end

  it('is one of at least 300', function() assert.is_true(#cases >= 300, #cases) end)

  for _, one in ipairs(cases) do
    it('is ' .. (type(one.expected) == 'table' and 'passed on strictly framed: '
      or 'refused: ') .. shown(one.name), function()
      if one.expected == 'closed' then
        assert.equal(0, #play(one))
      elseif type(one.expected) == 'number' then
        local list = play(one)
        assert.equal(1, #list)
        assert.equal(one.expected, list[1].status)
        assert.equal('close', list[1].headers.connection)
        assert.equal(0, #backend:requests())
      else
        local seen = play_on(one)
        assert.equal(1, #seen)
        assert.same(one.expected, { seen[1].target, seen[1].body })
        local fields = seen[1].raw:match('^(.-\r\n)\r\n'):lower()
        assert.is_nil(fields:match '\r\ntransfer%-encoding:')
        local _, lengths = fields:gsub('\r\ncontent%-length:', '')
        local _, hosts = fields:gsub('\r\nhost:', '')
        assert.is_true(lengths <= 1 and hosts == 1)
      end
      probe()
    end)
  end
end)

describe('a connection', function()
  local tide
  setup(function() tide = gate.serve { script = 'return function(req) return req.method end' } end)
  teardown(function() tide:stop() end)

  local function all_of(bytes)
    local connection = client.connect(tide.port)
    connection:send(bytes)
    local text, how = connection:rest(10)
    connection:close()
    assert.not_equal('timeout', how)
    return text
  end

  local function statuses(bytes)
    local list = {}
    for i, res in ipairs(responses(all_of(bytes))) do
      list[i] = res.status
      assert.equal('close', res.headers.connection)
    end
    return list
  end

  it('ends behind a request that says close, whatever else it says', function()
    for _, fields in ipairs { 'connection: close\r\n', 'connection: close, keep-alive\r\n',
      'connection: keep-alive,CLOSE\r\n', 'connection: close\r\nconnection: keep-alive\r\n',
      'connection: keep-alive\r\nconnection: x, close\r\n' } do
      for version = 0, 1 do
        local start = 'GET / HTTP/1.' .. version .. '\r\nhost: a\r\n'
        assert.same({ 200 }, statuses(start .. fields .. '\r\n' .. start .. '\r\n'), fields)
      end
    end
  end)

  it('ends behind a refused HEAD with no body', function()
    for _, wrong in ipairs { 'host: b', 'x\ry: z', 'x', ('x'):rep(40000) } do
      local text = all_of('HEAD / HTTP/1.1\r\nhost: a\r\n' .. wrong .. '\r\n\r\n')
      assert.matches('^HTTP/1.1 4%d%d ', text)
      assert.matches('\r\n\r\n$', text)
    end
  end)
end)
