local upstream = require 'spec.support.upstream'
local serve, answer = require('spec.support.script').threads(2)

describe('tg.race', function()
  it('gives the first result with its name and cancels the rest', function()
    local shop = upstream { ['/hang'] = 'hang', ['/fast'] = upstream.text('fast') }
    local tide = serve([[
      local shop = tg.backend 'shop'
      return function()
        local res, name = tg.race {
          slow = function() return shop:get('/hang') end,
          quick = function() tg.sleep(0.02) return shop:get('/fast') end,
        }
        return res.body .. ' ' .. name
      end]], { backends = { shop = shop } })
    assert.equal('fast quick', tide:get('/').body)
    shop:await('abandoned')
    tide:stop()
    shop:stop()
  end)

  it('passes over failures', function()
    assert.equal('won 2', answer [[
      return function()
        local value, name = tg.race {
          function() return nil, 'no' end,
          function() tg.sleep(0.01) return 'won' end,
        }
        return value .. ' ' .. name
      end]])
  end)

  it('gives the first error when all fail', function()
    assert.equal('nil quick early', answer [[
      return function()
        local value, err = tg.race {
          slow = function() tg.sleep(0.02) return nil, 'late' end,
          quick = function() return nil, 'early' end,
        }
        return table.concat({ tostring(value), err.name, err.message }, ' ')
      end]])
  end)

  it('ends at its timeout', function()
    assert.equal('nil timeout 504', answer [[
      return function()
        local value, err = tg.race({ function() tg.sleep(5) end }, { timeout = 0.03 })
        return table.concat({ tostring(value), err.code, err.http }, ' ')
      end]])
  end)

  it('does not begin the others when the first ends at once', function()
    assert.equal('a 1', answer [[
      return function()
        local begun = 0
        local function now() begun = begun + 1 return 'a' end
        return tg.race { now, now, now } .. ' ' .. begun
      end]])
  end)

  it('takes nil alone as a result', function()
    assert.equal('nil 1', answer [[
      return function()
        local value, name = tg.race { function() end, function() tg.sleep(1) end }
        return tostring(value) .. ' ' .. tostring(name)
      end]])
  end)

  it('wants at least one function', function()
    assert.matches("main.lua:2: bad argument #1 to 'tg.race' %(at least one function expected%)",
      answer [[return function() return select(2, pcall(function() return tg.race {} end)) end]])
  end)
end)
