-- The cache in virtual time.
local gate = require 'spec.support.gate'

describe('the specs of a site with a cache', function()
  it('move its time and begin with none of it', function()
    local result = gate.run { 'test', 'spec/fixtures/test/cache' }
    assert.matches('3 successes / 0 failures / 0 errors', result.out, 1, true)
    assert.equal(0, result.status)
  end)
end)
