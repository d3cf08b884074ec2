-- What the docs show happens: every console block runs and prints what it says.
local console = require 'spec.support.console'

local function files()
  local list = {}
  local ls = 'ls README.md docs/getting-started.md docs/testing.md examples/*/README.md 2>/dev/null'
  for path in io.popen(ls):lines() do list[#list + 1] = path end
  return list
end

describe('the console blocks of', function()
  for _, path in ipairs(files()) do
    it(path, function()
      local example = path:match '^(examples/[^/]+)/'
      local wrong, count = console.run(path, example or { 'scripts', 'examples' })
      assert(#wrong == 0, table.concat(wrong, '\n'))
      assert(count > 0, 'no command was found')
    end)
  end

  it('at least three examples', function()
    local examples = 0
    for _, path in ipairs(files()) do
      if path:find '^examples/' then examples = examples + 1 end
    end
    assert(examples >= 3, 'there are ' .. examples)
  end)
end)

describe('the runner of console blocks', function()
  local fixtures = 'spec/fixtures/console'

  local function run(name) return console.run(fixtures .. '/' .. name .. '.md', fixtures) end

  it('is content when all is as shown', function()
    local wrong, count = run 'well'
    assert.same({}, wrong)
    assert.equal(8, count)
  end)

  it('says where the output differs', function()
    local wrong = run 'wrong'
    assert.equal(5, #wrong)
    assert.matches('line 4: %$ echo one\n%-%-%- shown:\ntwo\n%-%-%- came:\none', wrong[1])
    assert.matches('line 6: ', wrong[2])
    assert.matches('line 8: ', wrong[3])
    assert.matches('line 15: shown.txt does not contain', wrong[4])
    assert.matches('ended with exit 3', wrong[5])
  end)

  it('takes ... for any lines, and inside a line for any text', function()
    assert.is_true(console.matches({ 'a', '...', 'd' }, 'a\nb\nc\nd\n'))
    assert.is_true(console.matches({ '...', 'd' }, 'd\n'))
    assert.is_false(console.matches({ 'a', '...' }, 'b\n'))
    assert.is_true(console.matches({ 'x=... y' }, 'x=1.5 y'))
    assert.is_false(console.matches({ 'x=... y' }, 'x=1.5 z'))
    assert.is_false(console.matches({ 'a' }, 'a\nb'))
    assert.is_false(console.matches({ 'a.c' }, 'abc'))
    assert.is_false(console.matches({}, 'x'))
  end)
end)
