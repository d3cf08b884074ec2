local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

describe('the deadline', function()
  it('ends a request with 504 and cancels what it waits for', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = gate.serve { backends = { shop = shop }, site = { workers = 2 },
      routes = { { 'GET /one', 'one.lua', timeout = 0.1 },
        { 'GET /many', 'many.lua', timeout = 0.1 },
        { 'GET /sleep', 'sleep.lua', timeout = 0.1 } },
      scripts = {
        ['one.lua'] = [[
          local shop = require('tidegate').backend 'shop'
          return function() pcall(shop.get, shop, '/hang') return 'went on' end]],
        ['many.lua'] = [[
          local tg = require 'tidegate'
          local shop = tg.backend 'shop'
          return function()
            local function hang()
              return coroutine.wrap(function() return shop:get('/hang') end)()
            end
            tg.gather({ hang, hang, function() return tg.race { hang, hang } end }, { need = {} })
            tg.sleep(3)
          end]],
        ['sleep.lua'] = "return function() require('tidegate').sleep(5) end",
      } }
    local res = tide:get('/sleep')
    assert.equal(504, res.status)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.equal('deadline', res:json().code)
    tide:await_log('event=request_failed route="GET /sleep" code=deadline')
    res = tide:get('/many')
    assert.equal(504, res.status)
    shop:await('abandoned', 4)
    assert.equal(4, shop:count('request'))
    shop:forget()
    tide:get('/one')
    shop:await('abandoned', 1)
    assert.equal(504, tide:await_access(3)[2].status)
    tide:stop()
    shop:stop()
  end)

  it('is told by req:remaining()', function()
    local tide = gate.serve { site = { workers = 2 },
      routes = { { 'GET /', 'a.lua', timeout = 2 } },
      scripts = { ['a.lua'] = [[
        local tg = require 'tidegate'
        return function(req)
          local first = req:remaining()
          tg.sleep(0.02)
          local second = req:remaining()
          return tostring(first <= 2 and first > 1.9 and second <= first - 0.019 and second > 1)
        end]] } }
    assert.equal('true', tide:get('/').body)
    tide:stop()
  end)
end)
