-- What `./dev demo` shows, to its end.
local sanitized = require 'spec.support.sanitized'

describe('the demo', function()
  it('shows the main job and its failures, and exits with 0', function()
    if sanitized() then return pending 'it is of the release build' end
    local handle = io.popen('./dev demo 2>&1; echo "exit $?"')
    local text = handle:read('*a')
    handle:close()
    assert.matches('\nexit 0\n$', text)
    for _, status in ipairs { '200', '502', '504' } do
      assert.matches('\n%-> ' .. status .. ' application/', text)
    end
    assert.matches('<c:name>Ada Lovelace</c:name>', text, 1, true)
  end)
end)
