-- tidegate check, as editors and CI use it.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local sanitized = require 'spec.support.sanitized'

local function check(opts)
  local result = gate.command('check', opts, '--format', 'json')
  assert.equal('', result.err)
  local said = cjson.decode(result.out)
  for _, problem in ipairs(said.problems) do
    local folder = result.folder .. '/'
    if problem.file ~= cjson.null and problem.file:sub(1, #folder) == folder then
      problem.file = problem.file:sub(#folder + 1)
    end
  end
  return said, result.status
end

describe('tidegate check --format json', function()
  it('says that all is well', function()
    local said, status = check { script = 'return function() end' }
    assert.same({ 0, true, {} }, { status, said.ok, said.problems })
  end)

  it('names file, line, column and message of each problem', function()
    local said, status = check { site = [[return {
      wokers = 2,
      timeout = 'x: 3: y',
      routes = { { 'GET /', 'main.lua' } },
    }
    ]], script = '' }
    assert.same({ 1, false, 2 }, { status, said.ok, #said.problems })
    assert.same({ file = 'site.lua', line = 2, column = 7,
      message = "unknown key 'wokers'; did you mean 'workers'?" }, said.problems[1])
    assert.same({ 'site.lua', 3, 7 },
      { said.problems[2].file, said.problems[2].line, said.problems[2].column })
  end)

  it('does so for scripts, and for what has no line', function()
    local said = check { script = 'local x = 1\n\treturn function( end' }
    assert.same({ 'main.lua', 2, 2 },
      { said.problems[1].file, said.problems[1].line, said.problems[1].column })
    said = check { script = 'return function() end', site = {
      backends = { x = 'http://no.such.name.invalid' } } }
    assert.same({ 'site.lua', cjson.null, cjson.null },
      { said.problems[1].file, said.problems[1].line, said.problems[1].column })
    assert.matches("^backend 'x': the name", said.problems[1].message)
  end)

  it('wants no other format', function()
    assert.equal(2, gate.command('check', { script = '' }, '--format', 'xml').status)
    assert.equal(2, gate.command('check', { script = '' }, '--format').status)
  end)
end)

describe('tidegate check', function()
  it('looks at a thousand scripts', function()
    local routes, scripts = {}, {}
    for i = 1, 1000 do
      routes[i] = { ('GET /r%d/{id}'):format(i), ('r%d.lua'):format(i) }
      scripts[('r%d.lua'):format(i)] = ([[
        local tg = require 'tidegate'
        return function(req) return tg.json { id = req.params.id, n = %d } end]]):format(i)
    end
    local result = gate.command('check', { routes = routes, scripts = scripts })
    assert.same({ 0, '' }, { result.status, result.err })
    assert.matches('1000 routes', result.out)
    assert.is_true(result.cpu < (sanitized() and 60 or 1), result.cpu .. ' s of CPU time')
  end)
end)
