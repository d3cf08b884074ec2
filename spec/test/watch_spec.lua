-- `tidegate test --watch`: from a failing spec to a mended script.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local INTERRUPT = 2

local SPEC = [[
local site = require 'tidegate.test'.site()
it('greets', function() assert.equal('hello ada', site:get('/hello/ada').body) end)]]

describe('tidegate test --watch', function()
  local folder, pid, out

  local function write(text) posix.write(folder .. '/site/hello.lua', text) end

  before_each(function()
    folder = posix.folder()
    out = folder .. '/out'
    gate.write_site(folder .. '/site', { routes = { { 'GET /hello/{name}', 'hello.lua' } },
      files = { ['hello.lua'] = "return function() return 'x' end", ['spec/a_spec.lua'] = SPEC } })
    pid = posix.spawn({ gate.program(), 'test', folder .. '/site', '--watch' },
      { stdout = out, stderr = folder .. '/err' })
  end)

  after_each(function()
    if pid then posix.stop(pid, 0) end
    posix.remove(folder)
  end)

  local function count(what)
    local n = 0
    for _ in posix.read(out):gmatch(what) do n = n + 1 end
    return n
  end

  local function await(what, times)
    wait.eventually(function() return count(what) >= (times or 1) end, 20)
  end

  local function interrupt()
    posix.kill(pid, INTERRUPT)
    local how
    wait.eventually(function()
      how = posix.ended(pid)
      return how
    end, 10)
    pid = nil
    return how
  end

  it('runs again when a script is mended, and ends with 0 when it waits', function()
    await 'FAILED; waiting for a change in '
    assert.equal(1, count '0 successes / 1 failure')
    write "return function(req) return 'hello ' .. req.params.name end"
    await '\npassed; waiting for a change in '
    assert.equal(1, count '1 success / 0 failures')
    assert.equal(1, count 'something has changed')
    posix.write(folder .. '/site/spec/b_spec.lua', "it('is new', function() end)")
    await '2 successes / 0 failures'
    await('waiting for a change', 3)
    assert.equal('exit 0', interrupt())
  end)

  it('ends with 130 in the midst of a run, and leaves nothing behind', function()
    await 'waiting'
    write "return function() while true do end end"
    await 'something has changed'
    posix.pause(0.3)
    posix.write(folder .. '/site/spec/a_spec.lua', "it('hangs', function() while true do end end)")
    await('something has changed', 2)
    posix.pause(0.3)
    assert.equal('exit 130', interrupt())
    local pipe = io.popen('ps -eo args=')
    assert.is_nil(pipe:read('*a'):find(folder .. '/site --watch', 1, true))
    pipe:close()
  end)

  it('needs a folder that is there', function()
    local result = gate.run { 'test', folder .. '/site', folder .. '/none/a_spec.lua', '--watch' }
    assert.equal(1, result.status)
    assert.matches("none can't be watched: No such file or directory", result.err, 1, true)
  end)
end)
