-- The sites that come with tidegate pass their specs in virtual time.
local gate = require 'spec.support.gate'

describe('the specs', function()
  for _, site in ipairs { 'scripts', 'examples/hello', 'examples/legacy', 'examples/aggregate',
    'examples/aggregate/services' } do
    it('of ' .. site .. ' pass', function()
      local result = gate.run { 'test', site }
      assert.equal(0, result.status, result.out .. result.err)
      assert.matches('0 failures / 0 errors / 0 pending', result.out, 1, true)
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
