local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'
local serve = require('spec.support.script').threads(2)

describe('tg.after', function()
  it('runs when the response has been sent', function()
    local shop = upstream { ['/note'] = { delay = 0.1, upstream.text('noted') } }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        tg.after(function() tg.log.info('later', { body = shop:get('/note').body }) end)
        return 'at once'
      end]], { backends = { shop = shop } })
    local answers = tide:all { { path = '/' } }
    assert.equal('at once', answers[1].body)
    assert.is_true(answers[1].elapsed < 0.1)
    tide:await_log('event=later body=noted')
    tide:stop()
    shop:stop()
  end)

  it('still reads the request and what backends answered', function()
    local shop = upstream { ['/x'] = upstream.text(('y'):rep(20000)) }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function(req)
        local res = shop:get('/x')
        tg.after(function()
          tg.sleep(0.05)
          tg.log.info('later', { method = req.method, path = req.path, raw = req.raw_path,
            page = req.query.page, part = req.params.path, field = req.headers['x-field'],
            cookie = req.cookies.crumb, body = req.body, host = req.host, n = #res.body,
            same = tostring(res.body == ('y'):rep(20000)), kind = res.headers['content-type'],
            client = req.client.address, id = tostring(#req.id) })
        end)
        return 'ok'
      end]], { backends = { shop = shop } })
    local connection = tide:connect()
    connection:request { method = 'POST', path = '/a%20b/c?page=2', body = 'the body',
      headers = { ['X-Field'] = 'value', cookie = 'crumb=sweet' } }
    connection:request { method = 'POST', path = '/zzzzzzzz?zzzzzz', body = ('z'):rep(9000) }
    connection:close()
    local line = tide:await_log('event=later[^\n]*page=2[^\n]*')
    for _, field in ipairs { 'method=POST', 'path=/a%%20b/c', 'raw=/a%%20b/c', 'part="a b/c"',
      'field=value', 'cookie=sweet', 'body="the body"', 'host=gate', 'n=20000', 'same=true',
      'kind=text/plain', 'client=127.0.0.1', 'id=16' } do
      assert.matches(field, tide:log():match('event=later[^\n]*page=2[^\n]*'))
    end
    assert.is_truthy(line)
    tide:await_log('body="zzz')
    tide:stop()
    shop:stop()
  end)

  it('runs several, one after the other, in the order of the calls', function()
    local tide = serve [[
      return function()
        local seen = {}
        for i = 1, 3 do
          tg.after(function() tg.sleep(0.01 * (4 - i)) seen[i] = #seen + 1 end)
        end
        tg.after(function() tg.log.info('order', { seen = table.concat(seen, ',') }) end)
        return 'ok'
      end]]
    tide:get('/')
    tide:await_log('event=order seen="?1,2,3')
    tide:stop()
  end)

  it('takes 16 functions and refuses the 17th', function()
    local tide = serve [[
      return function(req)
        local count = 0
        local n = tonumber(req.query.n)
        for i = 1, n do
          tg.after(function()
            count = count + 1
            if count == n then tg.log.info('all', { count = count }) end
          end)
        end
        return 'ok'
      end]]
    assert.equal('ok', tide:get('/?n=16').body)
    tide:await_log('event=all count=16')
    tide:stop()
    tide = serve([[
      return function()
        local ran = 0
        for i = 1, 16 do tg.after(function() ran = ran + 1 end) end
        tg.after(print)
      end]], { expect_errors = { 'event=script_error' } })
    assert.equal(500, tide:get('/').status)
    tide:await_log("main.lua:5: 'tg.after': at most 16 functions a request")
    tide:stop()
  end)

  it('logs what goes wrong and goes on with the next', function()
    local tide = serve([[
      return function()
        tg.after(function()
          local nothing
          nothing()
        end)
        tg.after(function() error { code = 'x' } end)
        tg.after(function() tg.log.info('next') end)
        return 'ok'
      end]], { expect_errors = { 'event=after_failed' } })
    assert.equal('ok', tide:get('/', { ['x-request-id'] = 'req-7' }).body)
    tide:await_log('level=error id=req%-7 event=after_failed ' ..
      'reason="[^"]*main.lua:5: attempt to call')
    tide:await_log('event=after_failed reason="[^"]*main.lua:7: error object is a table value"')
    tide:await_log('event=next')
    tide:stop()
  end)

  it('runs although the script fails afterwards or the client has gone', function()
    local tide = serve([[
      return function(req)
        tg.after(function() tg.log.info('ran', { path = req.path }) end)
        if req.path == '/wait' then tg.sleep(10) end
        error('no')
      end]], { expect_errors = { 'event=script_error' } })
    assert.equal(500, tide:get('/fail').status)
    tide:await_log('event=ran path=/fail')
    local connection = tide:connect()
    connection:send('GET /wait HTTP/1.1\r\nhost: x\r\n\r\n')
    connection:closes(0.05)
    connection:close()
    tide:await_log('event=ran path=/wait')
    tide:stop()
  end)

  it('is stopped at script_cpu, which counts anew', function()
    local tide = serve([[
      local function work(seconds)
        local t = os.clock()
        while os.clock() - t < seconds do end
      end
      return function(req)
        work(0.06)
        tg.after(function() work(0.06) tg.log.info('first') end)
        tg.after(function()
          while true do end
        end)
        tg.after(function() tg.log.info('never') end)
        return 'ok'
      end]], { expect_errors = { 'event=after_failed' },
      site = { workers = 1, limits = { script_cpu = 0.2 } } })
    assert.equal('ok', tide:get('/').body)
    tide:await_log('event=first')
    tide:await_log('event=after_failed reason="[^"]*main.lua:10: stopped after 200 ms')
    assert.equal(200, tide:get('/').status)
    assert.is_nil(tide.log():find('event=never', 1, true))
    tide:stop()
  end)

  it('works neither inside a function of tg.after nor while a script loads', function()
    local tide = serve([[
      return function()
        tg.after(function() tg.after(function() end) end)
        return 'ok'
      end]], { expect_errors = { 'event=after_failed' } })
    assert.equal('ok', tide:get('/').body)
    tide:await_log("event=after_failed reason=\"[^\"]*main.lua:3: 'tg.after' can't be called from")
    tide:stop()
    local result = gate.command('check', { script = [[
      require 'tidegate'.after(function() end)
      return function() end]] })
    assert.equal(1, result.status)
    assert.matches("main.lua:1: 'tg.after' works only while a request is served", result.err)
  end)

  it('is let to its end when the program stops', function()
    local shop = upstream { ['/note'] = { delay = 0.3, upstream.text('noted') } }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        tg.after(function() shop:get('/note') shop:get('/second') end)
        return 'ok'
      end]], { backends = { shop = shop } })
    assert.equal('ok', tide:get('/').body)
    shop:await('request')
    tide:stop()
    assert.equal('/second', shop:requests()[2].path)
    assert.equal(0, shop:count('abandoned'))
    shop:stop()
  end)

  it('is cut off when it outlasts the time to drain', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        tg.after(function() shop:get('/hang') end)
        return 'ok'
      end]], { backends = { shop = shop }, site = { workers = 1, drain_timeout = 0.1 } })
    assert.equal('ok', tide:get('/').body)
    shop:await('request')
    tide:stop()
    shop:await('abandoned')
    shop:stop()
  end)
end)
