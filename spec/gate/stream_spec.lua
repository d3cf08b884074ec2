local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local BIG = ('0123456789abcdef'):rep(65536)

-- A gate with one script and one backend, `shop`, whose answers and options are given.
local function play(answers, script, options, more)
  local shop = upstream(answers)
  local entry = { shop.url }
  for name, value in pairs(options or {}) do entry[name] = value end
  local opts = { backends = { shop = entry }, site = { workers = 1 },
    script = "local tg = require 'tidegate'\nlocal shop = tg.backend 'shop'\n" .. script }
  for name, value in pairs(more or {}) do opts[name] = value end
  local tide = gate.serve(opts)
  return tide, shop, function() tide:stop() shop:stop() end
end

local ANSWERS = {
  ['/big'] = http.encode_response { status = 203, body = BIG, headers = { ['x-a'] = '1',
    ['content-type'] = 'text/big' } },
  ['/small'] = http.encode_response { body = '{"a":1}', headers = { ['x-a'] = '1' } },
  ['/chunked'] = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' ..
    ('%x\r\n%s\r\n0\r\n\r\n'):format(#BIG, BIG),
  ['/cut'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 0.05, close = true },
}

local STALL = { ['/stall'] = { 'HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\nhalf', 30 } }

describe('a response of a backend that a script returns', function()
  it('is passed on as it is, streamed or whole', function()
    for _, stream in ipairs { 'true', 'false' } do
      local tide, _, stop = play(ANSWERS,
        'return function(req) return assert(shop:get(req.path, { stream = ' .. stream .. ' })) end')
      local c = tide:connect()
      for _, path in ipairs { '/big', '/small', '/chunked', '/big' } do
        local res = c:get(path)
        local want = http.response(ANSWERS[path], 'GET')
        assert.is_true(res.body == want.body, path)
        assert.same({ want.status, want.headers['x-a'], want.headers['content-type'],
          '1.1 tidegate' }, { res.status, res.headers['x-a'], res.headers['content-type'],
          res.headers.via })
      end
      local head = c:request { method = 'HEAD', path = '/big' }
      assert.same({ 203, tostring(#BIG), '' },
        { head.status, head.headers['content-length'], head.body })
      c:close()
      stop()
    end
  end)

  it('may be longer than the limit when it is streamed', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req) return assert(shop:get('/big', { stream = true })) end]],
      { limit = 1000 })
    assert.is_true(tide:get('/').body == BIG)
    stop()
  end)

  it('can have its header fields changed first', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local res = assert(shop:get('/small', { stream = req.path == '/s' }))
        res.headers['X-Served-By'] = 'tidegate'
        res.headers['X-A'] = nil
        res.headers.list = { 'a', 'b' }
        res.headers['content-length'] = '999'
        tg.log.info('seen', { by = res.headers['x-served-by'], a = tostring(res.headers['x-a']) })
        return res
      end]])
    for _, path in ipairs { '/s', '/w' } do
      local res = tide:get(path)
      assert.same({ '{"a":1}', 'tidegate', nil, '7' }, { res.body, res.headers['x-served-by'],
        res.headers['x-a'], res.headers['content-length'] })
      assert.same({ 'a', 'b' }, res:all 'list')
    end
    tide:await_log 'by=tidegate'
    stop()
  end)

  it('can be the body of another', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local res = assert(shop:get(req.path, { stream = true }))
        return tg.response { status = 201, headers = { ['x-b'] = '2' }, body = res }
      end]])
    local res = tide:get '/big'
    assert.same({ 201, '2', nil, true },
      { res.status, res.headers['x-b'], res.headers['x-a'], res.body == BIG })
    stop()
  end)

  it('is cut short when the backend cuts it', function()
    local tide, _, stop = play(ANSWERS,
      "return function(req) return shop:get('/cut', { stream = true }) end")
    local text, how = tide:raw 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
    assert.same({ 'closed', false }, { how, http.response(text, 'GET').complete })
    tide:await_log 'event=response_cut'
    assert.equal('protocol', tide:await_access(1)[1].calls[1].error)
    stop()
  end)
end)

describe('a streamed response', function()
  it('is read whole when the script looks at its body, up to the limit', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local res = assert(shop:get(req.path, { stream = true }))
        if req.query.json then
          local value, err = res:json()
          return { a = value and value.a, code = err and err.code }
        end
        return { n = #res.body, again = #res.body, status = res.status }
      end]], { limit = #BIG })
    assert.same({ n = #BIG, again = #BIG, status = 203 }, tide:get('/big'):json())
    assert.same({ n = #BIG, again = #BIG, status = 200 }, tide:get('/chunked'):json())
    assert.same({ a = 1 }, tide:get('/small?json=1'):json())
    assert.same({ code = 'protocol' }, tide:get('/cut?json=1'):json())
    assert.equal(502, tide:get('/cut').status)
    stop()
    tide, _, stop = play(ANSWERS,
      "return function(req) return assert(shop:get('/big', { stream = true })).body end",
      { limit = #BIG - 1 })
    local res = tide:get '/'
    assert.same({ 502, 'body_too_large' }, { res.status, res:json().code })
    stop()
  end)

  it('comes in chunks', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local res, n, size, most = assert(shop:get(req.path, { stream = true })), 0, 0, 0
        for chunk in res:chunks() do
          n, size, most = n + 1, size + #chunk, math.max(most, #chunk)
          if n == 2 then tg.sleep(0.01) end
        end
        return { several = n > 1, size = size, small = most <= 65536 }
      end]])
    assert.same({ several = true, size = #BIG, small = true }, tide:get('/big'):json())
    assert.same({ several = true, size = #BIG, small = true }, tide:get('/chunked'):json())
    assert.same({ several = false, size = 7, small = true }, tide:get('/small'):json())
    local res = tide:get '/cut'
    assert.same({ 502, 'protocol' }, { res.status, res:json().code })
    stop()
  end)

  it('has chunks, too, when it was read whole', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local all = {}
        for chunk in assert(shop:get('/small')):chunks() do all[#all + 1] = chunk end
        return all
      end]])
    assert.same({ '{"a":1}' }, tide:get('/'):json())
    stop()
  end)

  it('can be taken once only', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local res = assert(shop:get('/big', { stream = true }))
        for chunk in res:chunks() do break end
        local again, why = pcall(function() return res.body end)
        local third = pcall(function() return res:chunks() end)
        return { again = again, third = third, why = why }
      end]])
    local told = tide:get('/'):json()
    assert.same({ false, false }, { told.again, told.third })
    assert.truthy(told.why:find('taken before', 1, true))
    stop()
  end)

  it('can be read by one function at a time, and not after it was cancelled', function()
    local tide, _, stop = play(STALL, [[
      return function(req)
        local res = assert(shop:get('/stall', { stream = true }))
        local function read() return res.body end
        local _, errors = tg.gather({ one = read, two = read }, { timeout = 0.2, need = {} })
        local again, err = pcall(read)
        local value, why = res:json()
        local both = tostring(errors.one) .. tostring(errors.two)
        return { both = both, again = again, code = err.code,
          a = res.headers['x-a'], why = why.code, value = value }
      end]])
    local told = tide:get('/'):json()
    local _, refusals = told.both:gsub('is reading this body', '')
    assert.equal(1, refusals)
    assert.same({ false, 'cancelled', '1', 'cancelled' },
      { told.again, told.code, told.a, told.why })
    stop()
  end)

  it('that is cut off by its client can still be looked at by functions that run later', function()
    local tide, shop, stop = play(STALL, [[
      return function(req)
        local res = assert(shop:get('/stall', { stream = true }))
        tg.after(function() tg.log.info('later', { a = res.headers['x-a'] }) end)
        return res
      end]])
    local c = tide:connect()
    c:send 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
    wait.eventually(function() return c:rest(0.01):find 'half' end)
    c:close()
    shop:await 'abandoned'
    tide:await_log 'event=later a=1'
    stop()
  end)

  it('that nobody reads costs nothing but its connection', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        return { status = assert(shop:get('/big', { stream = true })).status }
      end]])
    local before = tide:descriptors()
    for _ = 1, 5 do assert.equal(203, tide:get('/'):json().status) end
    wait.eventually(function() return tide:descriptors() <= before end)
    stop()
  end)
end)

describe('a function as the body', function()
  it('gives chunks, and may wait between them', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local n = 0
        return tg.response { headers = { ['content-type'] = 'text/csv' }, body = function()
          n = n + 1
          if n == 2 then return '' end
          if n == 3 then tg.sleep(0.01) end
          if n == 4 then return assert(shop:get '/small').body end
          if n < 6 then return n .. '\n' end
        end }
      end]])
    local res = tide:get '/'
    assert.same({ 200, 'text/csv', '1\n3\n{"a":1}5\n', 'chunked' }, { res.status,
      res.headers['content-type'], res.body, res.headers['transfer-encoding'] })
    res = tide:request { method = 'HEAD', path = '/' }
    assert.same({ 'text/csv', '' }, { res.headers['content-type'], res.body })
    assert.is_nil(res.headers['content-length'])
    stop()
  end)

  it('is called no faster than the client reads', function()
    local tide, _, stop = play(ANSWERS, [[
      local n, piece = 0, ('x'):rep(65536)
      return function(req)
        if req.path == '/n' then return { n = n } end
        return tg.response { body = function() n = n + 1 return n <= 1000 and piece or nil end }
      end]])
    local c = tide:connect()
    c:send 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
    c:rest(0.01)
    assert.is_true(tide:get('/n'):json().n < 500)
    c:close()
    stop()
  end)

  it('that fails amid the body cuts it short, and says where', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local n = 0
        return tg.response { body = function()
          n = n + 1
          if req.path == '/type' then return {} end
          if n == 3 or req.path == '/first' then error('broken here') end
          tg.sleep(0.001)
          return 'x'
        end }
      end]], {}, { expect_errors = { 'event=script_error' } })
    local text, how = tide:raw 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
    assert.same({ 'closed', false }, { how, http.response(text, 'GET').complete })
    tide:await_log 'main.lua:8: broken here'
    assert.equal(500, tide:get('/first').status)
    assert.equal(500, tide:get('/type').status)
    tide:await_log 'must return a string'
    stop()
  end)

  it('may take longer than the timeout of the route, but not of the script', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local n = 0
        return tg.response { body = function()
          n = n + 1
          if req.path == '/loop' and n == 2 then while true do end end
          tg.sleep(0.1)
          return n < 6 and 'x' or nil
        end }
      end]], {}, { site = { workers = 1, timeout = 0.2, limits = { script_cpu = 0.1 } },
        expect_errors = { 'script_cpu' } })
    assert.equal('xxxxx', tide:get('/').body)
    local text, how = tide:raw('GET /loop HTTP/1.1\r\nhost: x\r\n\r\n', 5)
    assert.same({ 'closed', false }, { how, http.response(text, 'GET').complete })
    stop()
  end)

  it('ends with its client', function()
    local tide, shop, stop = play({ ['/hang'] = 'hang' }, [[
      return function(req)
        local first = true
        return tg.response { body = function()
          if first then first = false return 'x' end
          return assert(shop:get '/hang').body
        end }
      end]])
    local c = tide:connect()
    c:send 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'
    shop:await 'request'
    c:close()
    shop:await 'abandoned'
    tide:await_access(1)
    stop()
  end)
end)

describe('backend:forward', function()
  it("passes the client's request on, and gives an answer that is streamed", function()
    local tide, shop, stop = play(ANSWERS, [[
      return function(req)
        local headers = { ['X-Tenant'] = 'acme', accept = 'a/b' }
        local res = assert(shop:forward(req, { headers = headers }))
        res.headers['x-served-by'] = 'tidegate'
        return res
      end]])
    local res = tide:request { method = 'POST', path = '/big?x=1', body = 'hello', headers = {
      ['x-tenant'] = 'evil', Accept = 'c/d', ['x-own'] = '1', connection = 'x-drop, keep-alive',
      ['x-drop'] = '1', ['x-forwarded-for'] = '9.9.9.9' } }
    assert.same({ 203, 'tidegate', true },
      { res.status, res.headers['x-served-by'], res.body == BIG })
    local seen = shop:requests()[1]
    assert.same({ 'POST', '/big?x=1', 'hello', '1', '127.0.0.1' }, { seen.method, seen.target,
      seen.body, seen.headers['x-own'], seen.headers['x-forwarded-for'] })
    assert.same({ 'acme' }, seen:all 'x-tenant')
    assert.same({ 'a/b' }, seen:all 'accept')
    assert.is_nil(seen.headers['x-drop'])
    stop()
  end)

  it('takes another path, and reads whole what the script looks at', function()
    local tide, shop, stop = play(ANSWERS, [[
      return function(req)
        local res = assert(shop:forward(req, { path = '/small', timeout = 5, expect = '2xx' }))
        return { a = res:json().a }
      end]])
    assert.same({ a = 1 }, tide:get('/any?q'):json())
    assert.equal('/small', shop:requests()[1].target)
    stop()
  end)

  it('refuses what is not a request, and options that it has not', function()
    local tide, _, stop = play(ANSWERS, [[
      return function(req)
        local _, a = pcall(shop.forward, shop, {})
        local _, b = pcall(shop.forward, shop, req, { body = 'x' })
        return { a = a, b = b }
      end]])
    local told = tide:get('/'):json()
    assert.truthy(told.a:find('the request (req) expected', 1, true))
    assert.truthy(told.b:find("'body'", 1, true))
    stop()
  end)
end)
