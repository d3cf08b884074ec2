local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'
local serve, answer = require('spec.support.script').threads(2)

describe('a wait inside the script\'s own coroutine', function()
  it('passes through resume', function()
    assert.equal('true 1 2 | true end | suspended dead', answer [[
      return function()
        local co = coroutine.create(function(a)
          tg.sleep(0.005)
          local b = coroutine.yield(a, a + 1)
          tg.sleep(0.005)
          return b
        end)
        local out = table.concat({ tostring(select(1, coroutine.resume(co, 1))), 1, 2 }, ' ')
        local status = coroutine.status(co)
        local ok, last = coroutine.resume(co, 'end')
        return out .. ' | ' .. tostring(ok) .. ' ' .. last .. ' | ' .. status .. ' ' ..
          coroutine.status(co)
      end]])
  end)

  it('gives yielded and returned values through wrap', function()
    assert.equal('1,2,3,4,end', answer [[
      return function()
        local next_one = coroutine.wrap(function()
          for i = 1, 4 do
            tg.sleep(0.002)
            coroutine.yield(i)
            tg.sleep(0)
          end
          return 'end'
        end)
        local list = {}
        for i = 1, 5 do list[i] = next_one() end
        return table.concat(list, ',')
      end]])
  end)

  it('passes through five of them, one in another', function()
    local shop = upstream { default = upstream.text('x') }
    assert.equal('5x4x3x2x1x0', answer([[
      local shop = tg.backend 'shop'
      local function nest(depth)
        if depth == 0 then return '0' end
        local inner = coroutine.wrap(function()
          local res = shop:get('/' .. depth)
          coroutine.yield(depth .. res.body)
          tg.sleep(0.001)
          return nest(depth - 1)
        end)
        return inner() .. inner()
      end
      return function() return nest(5) end]], { backends = { shop = shop } }))
    shop:stop()
  end)

  it('gathers there', function()
    assert.equal('3 7', answer [[
      local function sum(a, b)
        local got = tg.gather { function() tg.sleep(0.002) return a end, function() return b end }
        return got[1] + got[2]
      end
      return function()
        local each = coroutine.wrap(function()
          coroutine.yield(sum(1, 2))
          return sum(3, 4)
        end)
        return each() .. ' ' .. each()
      end]])
  end)

  it('goes on inside pcall and xpcall, and errors after it are caught', function()
    assert.equal('true a false oops false caught: oops', answer [[
      return function()
        local ok1, a = pcall(function() tg.sleep(0.002) return 'a' end)
        local ok2, b = pcall(function() tg.sleep(0.002) error('oops', 0) end)
        local ok3, c = xpcall(function() tg.sleep(0.002) error('oops', 0) end,
          function(e) return 'caught: ' .. e end)
        return table.concat({ tostring(ok1), a, tostring(ok2), b, tostring(ok3), c }, ' ')
      end]])
  end)

  it('goes on inside iterators and metamethods', function()
    assert.equal('1 2 3 index:x call:y add concat eq lt newindex', answer [[
      local meta = {}
      meta.__index = function(_, key) tg.sleep(0.001) return 'index:' .. key end
      meta.__call = function(_, value) tg.sleep(0.001) return 'call:' .. value end
      meta.__add = function() tg.sleep(0.001) return 'add' end
      meta.__concat = function() tg.sleep(0.001) return 'concat' end
      meta.__eq = function() tg.sleep(0.001) return true end
      meta.__lt = function() tg.sleep(0.001) return true end
      meta.__newindex = function(t, key, value) tg.sleep(0.001) rawset(t, key, value) end
      return function()
        local list = {}
        local function upto(n, i)
          tg.sleep(0.001)
          if i < n then return i + 1 end
        end
        for i in upto, 3, 0 do list[#list + 1] = i end
        local a, b = setmetatable({}, meta), setmetatable({}, meta)
        list[#list + 1] = a.x
        list[#list + 1] = a('y')
        list[#list + 1] = a + 1
        list[#list + 1] = a .. 'z'
        list[#list + 1] = a == b and 'eq' or 'ne'
        list[#list + 1] = a < b and 'lt' or 'ge'
        a.set = 'newindex'
        list[#list + 1] = rawget(a, 'set')
        return table.concat(list, ' ')
      end]])
  end)

  it('is a clear error inside the callbacks of sort and gsub', function()
    local tide = serve [[
      local calls = {
        ['/sort'] = function()
          table.sort({ 2, 1 }, function(a, b) tg.sleep(0.001) return a < b end)
        end,
        ['/gsub'] = function() return (('x'):gsub('x', function() tg.sleep(0.001) end)) end,
        ['/gather'] = function() table.sort({ 2, 1 }, function() tg.gather {} return true end) end,
        ['/inside'] = function()
          table.sort({ 2, 1 }, function(a, b)
            local ok, reason = coroutine.resume(coroutine.create(function() tg.sleep(0.001) end))
            if not ok then error(reason, 0) end
            return a < b
          end)
        end,
        ['/wrap'] = function()
          return (('x'):gsub('x', coroutine.wrap(function() tg.sleep(0.001) end)))
        end,
      }
      return function(req)
        local ok, reason = pcall(calls[req.path])
        return tostring(ok) .. ' ' .. reason
      end]]
    for _, path in ipairs { '/sort', '/gsub', '/gather', '/inside', '/wrap' } do
      local body = tide:get(path).body
      assert.matches("^false .*main.lua:%d+: 'tg.%l+' waits, so it can't be called inside a", body)
    end
    tide:stop()
  end)
end)

describe('coroutine', function()
  it('lets no script yield outside a coroutine of its own', function()
    local tide = serve([[
      return function(req)
        if req.path == '/pcall' then
          return select(2, pcall(coroutine.yield, 1))
        end
        coroutine.yield(1)
        return 'went on'
      end]], { expect_errors = { 'event=script_error' } })
    assert.equal(500, tide:get('/').status)
    tide:await_log("event=script_error[^\n]*main.lua:6: coroutine.yield outside a coroutine")
    local caught = tide:get('/pcall').body
    assert.matches("coroutine.yield outside a coroutine of the script's own", caught)
    tide:stop()
  end)

  it('tells status, running and isyieldable', function()
    assert.equal('nil false|suspended|running thread true normal|normal|dead', answer [[
      return function()
        local list, co, outer = {}
        list[1] = tostring(coroutine.running()) .. ' ' .. tostring(coroutine.isyieldable())
        outer = coroutine.create(function()
          co = coroutine.create(function()
            tg.sleep(0.001)
            list[3] = table.concat({ coroutine.status(co), type(coroutine.running()),
              tostring(coroutine.isyieldable()), coroutine.status(outer) }, ' ')
            coroutine.wrap(function()
              tg.sleep(0.001)
              list[4] = coroutine.status(co)
            end)()
          end)
          list[2] = coroutine.status(co)
          assert(coroutine.resume(co))
        end)
        assert(coroutine.resume(outer))
        list[5] = coroutine.status(co)
        return table.concat(list, '|')
      end]])
  end)

  it('refuses to resume what waits in another child, is dead or is itself', function()
    assert.equal([[normal false cannot resume non-suspended coroutine
false cannot resume dead coroutine
false cannot resume non-suspended coroutine
true done dead]], answer [[
      return function()
        local lines, co = {}
        co = coroutine.create(function() tg.sleep(0.02) return 'done' end)
        local got = tg.gather {
          first = function() return select(2, coroutine.resume(co)) end,
          second = function()
            tg.sleep(0.005)
            lines[1] = table.concat({ coroutine.status(co), (function(ok, why)
              return tostring(ok) .. ' ' .. why end)(coroutine.resume(co)) }, ' ')
          end,
        }
        local ok, why = coroutine.resume(co)
        lines[2] = tostring(ok) .. ' ' .. why
        local self
        self = coroutine.create(function() return coroutine.resume(self) end)
        local _, well, reason = coroutine.resume(self)
        lines[3] = tostring(well) .. ' ' .. reason
        lines[4] = 'true ' .. got.first .. ' ' .. coroutine.status(co)
        return table.concat(lines, '\n')
      end]])
  end)

  it('carries errors, also tables and nil, and what was raised after a wait', function()
    assert.equal('false text false table x false nil | wrapped 7', answer [[
      return function()
        local function failing(value)
          return coroutine.create(function() tg.sleep(0.001) error(value, 0) end)
        end
        local ok1, a = coroutine.resume(failing 'text')
        local ok2, b = coroutine.resume(failing { code = 'x' })
        local ok3, c = coroutine.resume(failing(nil))
        local _, d = pcall(coroutine.wrap(function() tg.sleep(0.001) error('wrapped', 0) end))
        local _, e = pcall(coroutine.wrap(function() error { n = 7 } end))
        return table.concat({ tostring(ok1), a, tostring(ok2), type(b), b.code, tostring(ok3),
          tostring(c), '|', d, e.n }, ' ')
      end]])
  end)

  it('yields across pcall', function()
    assert.equal('1 2 false late', answer [[
      return function()
        local step = coroutine.wrap(function()
          local ok, reason = pcall(function()
            coroutine.yield(1)
            tg.sleep(0.001)
            coroutine.yield(2)
            error('late', 0)
          end)
          return tostring(ok) .. ' ' .. reason
        end)
        return step() .. ' ' .. step() .. ' ' .. step()
      end]])
  end)

  it('makes generators', function()
    assert.equal('123 132 213 231 312 321', answer [[
      local function permutations(list, n)
        n = n or #list
        if n <= 1 then coroutine.yield(table.concat(list)) return end
        for i = 1, n do
          list[i], list[n] = list[n], list[i]
          permutations(list, n - 1)
          list[i], list[n] = list[n], list[i]
        end
      end
      return function()
        local all = {}
        for text in coroutine.wrap(function() permutations { '1', '2', '3' } end) do
          tg.sleep(0.001)
          all[#all + 1] = text
        end
        table.sort(all)
        return table.concat(all, ' ')
      end]])
  end)

  it('nests 150 deep and refuses to go on for ever', function()
    assert.equal('150 C stack overflow', answer [[
      local function nest(depth)
        if depth == 0 then tg.sleep(0.001) return 0 end
        return 1 + coroutine.wrap(nest)(depth - 1)
      end
      local function forever()
        local ok, why = coroutine.resume(coroutine.create(forever))
        if not ok then return why end
        return why
      end
      return function() return nest(150) .. ' ' .. forever() end]])
  end)

  it('gives the same results although slices end in the middle of it', function()
    -- Sums of primes by nested generators, long enough for some slices in each of 4 requests.
    local tide = gate.serve { site = { workers = 1 }, script = [[
      local function numbers(from, upto)
        return coroutine.wrap(function()
          for i = from, upto do coroutine.yield(i, -i) end
        end)
      end
      local function sieve(numbers_left, prime)
        return coroutine.wrap(function()
          for n, m in numbers_left do
            assert(m == -n)
            if n % prime ~= 0 then coroutine.yield(n, m) end
          end
        end)
      end
      return function(req)
        local left, sum, count = numbers(2, 700), 0, 0
        while true do
          local prime = left()
          if not prime then break end
          sum, count = sum + prime, count + 1
          left = sieve(left, prime)
        end
        return count .. ' ' .. sum
      end]] }
    local requests = {}
    for i = 1, 4 do requests[i] = { path = '/' .. i } end
    local busy = { path = '/' }
    for _, res in ipairs(tide:all(requests)) do assert.equal('125 39612', res.body) end
    assert.equal('125 39612', tide:request(busy).body)
    tide:stop()
  end)

  it('frees those that are dropped in the middle of a wait', function()
    local tide = serve [[
      return function()
        local co = coroutine.create(function()
          pcall(function() tg.sleep(5) end)
        end)
        tg.race({ function() coroutine.resume(co) end, function() tg.sleep(0.001) end })
        return coroutine.status(co)
      end]]
    for _ = 1, 50 do assert.equal('normal', tide:get('/').body) end
    tide:stop()
  end)
end)
