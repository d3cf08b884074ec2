-- The sites that come with tidegate pass their specs in virtual time, and in real time alike.
local gate = require 'spec.support.gate'

local SITES = { 'scripts', 'examples/hello', 'examples/legacy', 'examples/aggregate',
  'examples/aggregate/services', 'examples/library', 'examples/library/service' }

-- What became of each test, by its name; those of virtual time only are left out.
local function results(...)
  local result = gate.run({ 'test', ..., }, { seconds = 120 })
  local found, count = {}, 0
  for line in result.out:gmatch '[^\n]+' do
    local how, name = line:match '^(%l[%l ]*) %d+ %- (.*)$'
    if how and not name:find '#virtual' then
      found[name], count = how, count + 1
    end
  end
  return found, count, result
end

describe('the specs', function()
  for _, site in ipairs(SITES) do
    it('of ' .. site .. ' pass', function()
      local result = gate.run { 'test', site }
      assert.equal(0, result.status, result.out .. result.err)
      assert.matches('0 failures / 0 errors / 0 pending', result.out, 1, true)
    end)

    it('of ' .. site .. ' say the same in real time', function()
      local virtual, count = results(site, '-o', 'TAP')
      local real, _, result = results(site, '-o', 'TAP', '--real')
      assert.is_true(count > 0)
      assert.same(virtual, real, result.out .. result.err)
    end)
  end

  it('of scripts run every line', function()
    local result = gate.run { 'test', 'scripts', '--coverage' }
    assert.equal(0, result.status, result.out .. result.err)
    for _, name in ipairs { 'bridge', 'customer', 'echo', 'health' } do
      assert.matches('100.0 %  scripts/' .. name .. '.lua\n', result.out, 1, true)
    end
    assert.matches('100.0 %% +of %d+ lines in 4 files', result.out)
  end)
end)
