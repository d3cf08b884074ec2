-- `tidegate test --jobs`: spec files side by side say what they say one after the other.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local SPEC = [[
local site = require 'tidegate.test'.site()
describe('file N', function()
  it('greets', function()
    print 'printed by N'
    assert.equal('hello N', site:get('/hello/N').body)
  end)
  describe('within', function()
    pending 'later'
    it('fails', function() assert.equal('bye', site:get('/hello/N').body) end)
  end)
end)
]]

describe('spec files side by side', function()
  local folder

  before_each(function()
    folder = posix.folder()
    local files = { ['hello.lua'] = "return function(req)\nreturn 'hello ' .. req.params.name end" }
    for i = 1, 5 do files[('spec/f%d_spec.lua'):format(i)] = SPEC:gsub('%f[%w]N%f[%W]', i) end
    gate.write_site(folder, { routes = { { 'GET /hello/{name}', 'hello.lua' } }, files = files })
  end)
  after_each(function() posix.remove(folder) end)

  local function run(...) return gate.run({ 'test', folder, ... }, { seconds = 60 }) end

  -- What differs each time.
  local function without_times(text)
    text = text:gsub('%d+%.%d+ seconds', 'S'):gsub("(time%l*)='[^']*'", '%1')
    return (text:gsub('<(%w+)([^<>]*)>', function(name, attributes)
      local list = {}
      for one in attributes:gmatch "[%w_]+='?[^']*'?" do list[#list + 1] = one end
      table.sort(list)
      return '<' .. name .. ' ' .. table.concat(list, ' ') .. '>'
    end))
  end

  for _, output in ipairs { 'plainTerminal', 'TAP', 'junit', 'lines' } do
    it('are shown in order by ' .. output, function()
      local alone, four = run('-o', output, '-j1'), run('-o', output, '--jobs', '4')
      assert.equal(without_times(alone.out), without_times(four.out))
      assert.is_true(#four.out > 200)
      assert.equal(alone.status, four.status)
      assert.equal(1, four.status)
      assert.equal('', four.err)
    end)
  end

  it('are one JSON', function()
    local cjson = require 'cjson'
    local out = run('-o', 'json', '-j3').out
    local value = cjson.decode(out:match '{.*}')
    assert.equal(5, #value.successes)
    assert.equal(5, #value.failures)
    assert.equal(5, #value.pendings)
    assert.equal('file 3 within fails', value.failures[3].name)
    assert.matches('^/.*f3_spec.lua:9: Expected', value.failures[3].message)
  end)

  it('shuffle by a seed, and repeat', function()
    local function order(...)
      local out = run('-o', 'TAP', '--shuffle', ...).out
      local list = {}
      for name in out:gmatch 'ok %d+ %- (file %d greets)' do list[#list + 1] = name end
      return list
    end
    local first = order('--seed', '5', '-j3')
    assert.equal(5, #first)
    assert.same(order('--seed', '5', '-j1'), first)
    assert.not_same(order('--seed', '6', '-j3'), first)
    assert.equal(10, #order('--repeat', '2', '-j2'))
  end)

  it('are covered together', function()
    local lcov = folder .. '/lcov.info'
    local result = run('--coverage=' .. lcov, '-j3')
    assert.matches('100.0 %% +of %d+ lines in 1 files', result.out)
    assert.matches('SF:' .. folder .. '/hello.lua\nDA:2,1\n', posix.read(lcov), 1, true)
  end)

  it('keep to tags and filters', function()
    assert.matches('2 successes / 0 failures / 0 errors',
      run('-j3', '--filter', 'file [24] greets').out, 1, true)
  end)

  it('say when a process has died, and go on', function()
    posix.write(folder .. '/spec/f0_spec.lua', [[
      it('dies', function()
        require 'ffi'.cdef 'int kill(int, int); int getpid(void);'
        require 'ffi'.C.kill(require 'ffi'.C.getpid(), 9)
      end)]])
    local result = run '-j2'
    assert.equal(1, result.status)
    assert.matches('5 successes / 5 failures / 1 error / 5 pending', result.out, 1, true)
    assert.matches('f0_spec.lua:1: the process that ran this file ended by signal 9', result.out, 1,
      true)
  end)

  it('end with the first failure when that is wanted', function()
    local result = run('-j1', '--no-keep-going')
    assert.matches('1 success / 1 failure / 0 errors', result.out, 1, true)
    assert.equal(result.out:match '[^\n]+ pending', run('-j3', '--no-keep-going').out:match
      '[^\n]+ pending')
  end)
end)
