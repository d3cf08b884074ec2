-- What backends send, byte by byte, and what becomes of it.
local answers_of = require 'spec.support.bad_answers'
local gate = require 'spec.support.gate'
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

local OK, TAIL = answers_of.OK, answers_of.TAIL
local rows = {}
for _, group in ipairs { 'whole', 'cut', 'framing', 'heads', 'behind' } do
  for _, row in ipairs(answers_of[group]) do rows[#rows + 1] = row end
end

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
    local code, message = answers_of.error_of(row)
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
    local shop = upstream(answers_of.two_for_one)
    local tide = gate.serve { script = SCRIPT, site = { workers = 1 },
      backends = { shop = shop } }
    local answers, leaks = answers_of.ask_two_for_one(tide, 1000,
      function(res) return res:json().body end)
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
