-- A wrong spec fails, at its line, with the message that it says.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local FOLDER = 'spec/fixtures/test/wrong'

local function files()
  local list = {}
  local pipe = assert(io.popen('ls ' .. FOLDER))
  for name in pipe:lines() do list[#list + 1] = name end
  pipe:close()
  return list
end

describe('a wrong spec', function()
  for _, name in ipairs(files()) do
    it('fails for its reason: ' .. name, function()
      local path = FOLDER .. '/' .. name
      local result = gate.run { 'test', 'spec/fixtures/test/site', path }
      assert.equal(1, result.status, result.out .. result.err)
      assert.matches('0 successes / 1 failure / 0 errors', result.out, 1, true)
      local count = 0
      for says in posix.read(path):gmatch '%-%- says: ([^\n]+)' do
        count = count + 1
        assert(result.out:find(says, 1, true), says .. '\nis not in\n' .. result.out)
      end
      assert(count > 0, 'it does not say what it says')
      assert(result.out:find('\n' .. path .. ':%d+: '), 'no line of the spec in\n' .. result.out)
    end)
  end
end)
