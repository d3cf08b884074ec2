local upstream = require 'spec.support.upstream'
local serve, answer = require('spec.support.script').threads(2)

describe('tg.gather', function()
  it('gives results by name, with nil where a function gave nothing', function()
    assert.equal('1 2 x nil nil 0', answer [[
      return function()
        local got, errors = tg.gather {
          a = function() tg.sleep(0.02) return 1, 'second' end,
          b = function() return 2 end,
          [7] = function() return 'x' end,
          none = function() end,
          null = function() return nil end,
        }
        return table.concat({ got.a, got.b, got[7], tostring(got.none), tostring(got.null),
          #errors }, ' ')
      end]])
  end)

  it('runs the functions side by side', function()
    local shop = upstream { ['/slow'] = { delay = 0.15, upstream.text('late') } }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local function call() return shop:get('/slow').body end
        local got = tg.gather { a = call, b = call, c = call }
        return got.a .. got.b .. got.c
      end]], { backends = { shop = shop } })
    local answers = tide:all { { path = '/' } }
    assert.equal('latelatelate', answers[1].body)
    assert.is_true(answers[1].elapsed >= 0.15 and answers[1].elapsed < 0.29)
    tide:stop()
    shop:stop()
  end)

  it('lists errors by name and in order of time', function()
    assert.equal('fast slow true refused shop', answer([[
      local shop = tg.backend 'shop'
      return function()
        local got, errors = tg.gather({
          slow = function() tg.sleep(0.05) return shop:get('/') end,
          fast = function() tg.sleep(0.01) return nil, 'no luck' end,
          fine = function() return 1 end,
        }, { need = {} })
        assert(got.fine == 1 and got.slow == nil and #errors == 2)
        assert(errors[1].message == 'no luck' and errors[1].code == 'script')
        return table.concat({ errors[1].name, errors[2].name,
          tostring(errors.slow == errors[2] and errors.fast == errors[1]),
          errors.slow.code, errors.slow.backend }, ' ')
      end]], { backends = { shop = 'http://127.0.0.1:' .. upstream.dead_port() } }))
  end)

  it('needs all when nothing is said: the first failure cancels the others', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local got, errors = tg.gather {
          hang = function() return shop:get('/hang') end,
          fail = function() tg.sleep(0.03) return nil, 'no' end,
        }
        return table.concat({ tostring(got), errors[1].name, errors[2].name, errors.hang.code,
          errors.hang.http }, ' ')
      end]], { backends = { shop = shop } })
    assert.equal('nil fail hang cancelled 502', tide:get('/').body)
    shop:await('abandoned')
    assert.equal(1, shop:count('request'))
    tide:stop()
    shop:stop()
  end)

  it('goes on without those that are not needed', function()
    assert.equal('fine nil bad', answer [[
      return function()
        local got, errors = tg.gather({
          good = function() tg.sleep(0.02) return 'fine' end,
          bad = function() return nil, 'no' end,
        }, { need = { 'good' } })
        return table.concat({ got.good, tostring(got.bad), errors[1].name }, ' ')
      end]])
  end)

  it('gives results although all failed when none is needed', function()
    assert.equal('table 2 nil', answer [[
      return function()
        local got, errors = tg.gather({
          a = function() return nil, 'no' end,
          b = function() error { code = 'x' } end,
        }, { need = {} })
        return table.concat({ type(got), #errors, tostring(next(got)) }, ' ')
      end]])
  end)

  it('cancels at its timeout what is not done, and says so', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local got, errors = tg.gather({
          hang = function() return shop:get('/hang') end,
          done = function() return 1 end,
        }, { timeout = 0.05, need = { 'done' } })
        return table.concat({ got.done, errors.hang.code, errors.hang.http, #errors }, ' ')
      end]], { backends = { shop = shop } })
    assert.equal('1 timeout 504 1', tide:get('/').body)
    shop:await('abandoned')
    tide:stop()
    shop:stop()
  end)

  it('fails at its timeout when one that is needed is late', function()
    local body, res = answer [[
      return function()
        local got, errors = tg.gather({
          late = function() tg.sleep(5) end,
        }, { timeout = '30ms' })
        if not got then return tg.problem(errors[1]) end
      end]]
    assert.equal(504, res.status)
    assert.matches('"timeout"', body, 1, true)
  end)

  it('runs at most `limit` of them at once', function()
    assert.equal('3 20', answer [[
      return function()
        local running, most, functions = 0, 0, {}
        for i = 1, 20 do
          functions[i] = function()
            running = running + 1
            most = math.max(most, running)
            tg.sleep(0.002)
            running = running - 1
            return i
          end
        end
        local got = tg.gather(functions, { limit = 3 })
        return most .. ' ' .. #got
      end]])
  end)

  it('begins none of those left over when the matter is decided', function()
    assert.equal('1 nil 3 cancelled', answer [[
      return function()
        local begun = 0
        local function fail() begun = begun + 1 return nil, 'no' end
        local got, errors = tg.gather({ fail, fail, fail }, { limit = 1 })
        return table.concat({ begun, tostring(got), #errors, errors[3].code }, ' ')
      end]])
  end)

  it('nests', function()
    assert.equal('abcd', answer [[
      local function later(value) return function() tg.sleep(0.005) return value end end
      local function both(x, y)
        return function()
          local got = tg.gather { x = x, y = y }
          return got.x .. got.y
        end
      end
      return function()
        return both(both(later 'a', later 'b'), both(later 'c', later 'd'))()
      end]])
  end)

  it('cancels the inner when the outer is decided', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local function hang() return shop:get('/hang') end
        local got, errors = tg.gather {
          inner = function()
            return tg.gather { hang, hang, function() return tg.race { hang } end }
          end,
          fail = function() tg.sleep(0.05) return nil, 'no' end,
        }
        return tostring(got) .. ' ' .. errors[1].name
      end]], { backends = { shop = shop } })
    assert.equal('nil fail', tide:get('/').body)
    shop:await('abandoned', 3)
    tide:stop()
    shop:stop()
  end)

  it('takes a raised error of the world as it is', function()
    assert.equal('refused shop 502', answer([[
      local shop = tg.backend 'shop'
      return function()
        local _, errors = tg.gather { a = function() return assert(shop:get('/')) end }
        return table.concat({ errors.a.code, errors.a.backend, errors.a.http }, ' ')
      end]], { backends = { shop = 'http://127.0.0.1:' .. upstream.dead_port() } }))
  end)

  it('logs a mistake in a function, which becomes an error of code script', function()
    local tide = serve [[
      return function()
        local _, errors = tg.gather({
          a = function()
            local nothing
            return nothing.field
          end,
          b = function() error(nil) end,
          c = function() error {} end,
        }, { need = {} })
        assert(errors.b.code == 'script' and errors.c.code == 'script' and #errors == 3)
        return errors.a.code .. ' ' .. errors.a.http .. ' ' .. errors.a.message
      end]]
    assert.matches('^script 500 .*main.lua:6: attempt to index local', tide:get('/').body)
    tide:await_log('event=gather_script_error reason="[^"]*main.lua:6: attempt to index' ..
      '[^\n]*traceback="[^"]*main.lua: in function')
    tide:stop()
  end)

  it('gives two empty tables for no functions', function()
    assert.equal('table nil 0', answer [[
      return function()
        local got, errors = tg.gather({}, { timeout = 1 })
        return table.concat({ type(got), tostring(next(got)), #errors }, ' ')
      end]])
  end)

  it('runs 200 functions', function()
    assert.equal('20100', answer [[
      return function()
        local functions = {}
        for i = 1, 200 do functions[i] = function() tg.sleep(0.001 * (i % 7)) return i end end
        local sum = 0
        for _, value in ipairs((tg.gather(functions))) do sum = sum + value end
        return tostring(sum)
      end]])
  end)

  it('does not recurse when 5000 functions end at once, one by one', function()
    assert.equal('5000 5000', answer [[
      return function()
        local functions, order, sorted = {}, {}, 0
        for i = 1, 5000 do functions[i] = function() order[#order + 1] = i return i end end
        local got = tg.gather(functions, { limit = 1 })
        for _ in ipairs(got) do sorted = sorted + 1 end
        return #order .. ' ' .. sorted
      end]])
  end)

  it('does not recurse when it is called 5000 times in a row', function()
    assert.equal('5000', answer [[
      return function()
        local sum = 0
        for _ = 1, 5000 do
          sum = sum + tg.gather({ function() return 1 end })[1]
        end
        return tostring(sum)
      end]])
  end)

  it('is stopped as a whole when one of its functions takes too much', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local ok = pcall(tg.gather, {
          hang = function() return shop:get('/hang') end,
          loop = function()
            tg.sleep(0.02)
            while true do end
          end,
        }, { need = {} })
        return 'went on ' .. tostring(ok)
      end]], { backends = { shop = shop }, expect_errors = { 'event=script_error' },
      site = { workers = 1, limits = { script_cpu = 0.05 } } })
    local res = tide:get('/')
    assert.equal(500, res.status)
    tide:await_log('event=script_error[^\n]*main.lua:8: stopped after 50 ms of CPU time' ..
      '[^\n]*traceback="[^"]*in function <[^"]*main.lua:6>')
    shop:await('abandoned')
    tide:stop()
    shop:stop()
  end)

  it('charges the functions to the request: together they may not take more than one', function()
    local tide = serve([[
      local function work()
        for _ = 1, 1e7 do end
        return 1
      end
      return function(req)
        local list = {}
        for i = 1, tonumber(req.query.n) do list[i] = work end
        return tostring(#tg.gather(list))
      end]], { expect_errors = { 'event=script_error' },
      site = { workers = 1, limits = { script_cpu = 0.3 } } })
    assert.equal('2', tide:get('/?n=2').body)
    assert.equal(500, tide:get('/?n=200').status)
    tide:stop()
  end)

  it('refuses wrong calls at their line', function()
    local body = answer [[
      local function f() end
      local function try(...)
        local _, reason = pcall(tg.gather, ...)
        return (tostring(reason):gsub('^.-main.lua:%d+: ', ''))
      end
      return function()
        return table.concat({ try(), try({ 1 }), try({ f }, 1), try({ f }, { needs = {} }),
          try({ f }, { timeout = 0 }), try({ f }, { limit = 0 }), try({ f }, { need = 'a' }),
          try({ a = f }, { need = { 'b' } }) }, '\n')
      end]]
    assert.equal(table.concat({
      "bad argument #1 to 'tg.gather' (table expected, got nil)",
      "bad argument #1 to 'tg.gather' (a table of functions expected, this has a number)",
      "bad argument #2 to 'tg.gather' (table expected, got number)",
      "bad argument #2 to 'tg.gather' (unknown option 'needs'; did you mean 'need'?)",
      "bad argument #2 to 'tg.gather' (timeout must be seconds above 0, or a text such as '250ms')",
      "bad argument #2 to 'tg.gather' (limit must be a number from 1)",
      "bad argument #2 to 'tg.gather' (need must be a list of names)",
      "bad argument #2 to 'tg.gather' (need names 'b', but there is no such function)",
    }, '\n'), body)
  end)
end)
