local gate = require 'spec.support.gate'

describe('a mistake in a script', function()
  local function outcome(body, site)
    local tide = gate.serve { site = site or { workers = 2 },
      expect_errors = { 'event=script_error' },
      script = "local tg = require 'tidegate'\nreturn function(req)\n" .. body .. '\nend' }
    local res = tide:get('/')
    local line = tide:await_log('(event=script_error[^\n]*)')
    tide:stop()
    return res, line
  end

  it('is a 500 that tells nothing but the id', function()
    local res, line = outcome [[local x = nil
      return x.y]]
    assert.equal(500, res.status)
    local problem = res:json()
    assert.equal(500, problem.status)
    assert.is_nil(problem.detail)
    assert.matches('^%x+$', problem.id)
    assert.is_nil(res.body:find('main', 1, true))
    assert.matches("main.lua:4: attempt to index local 'x' %(a nil value%)", line)
    assert.matches('traceback="stack traceback:', line)
  end)

  it('shows its traceback to the client when the site says debug', function()
    local res = outcome([[
      local function inner() error('oops') end
      inner() ]], { workers = 2, debug = true })
    assert.equal(500, res.status)
    assert.matches('main.lua:3: oops\nstack traceback:.*main.lua:4: in function', res:json().detail)
  end)

  it('may be any value', function()
    for body, reason in pairs {
      ['error(nil)'] = 'main.lua:3: error object is a nil value',
      ['error {}'] = 'error object is a table value',
      ['error(true)'] = 'error object is a boolean value', ['error(7, 0)'] = 'reason=7',
      ['error()'] = 'error object is a nil value',
      ['error(setmetatable({}, { __tostring = function() error "x" end }))'] = 'is a table value',
      ['coroutine.wrap(function() error("in a coroutine") end)()'] = 'main.lua:3: in a coroutine',
      ['coroutine.wrap(function() tg.sleep(0) error("later") end)()'] = 'main.lua:3: later',
      ['assert(false)'] = 'assertion failed!', ['assert(nil, "why")'] = 'main.lua:3: why',
      ['string.rep()'] = "main.lua:3: bad argument #1 to 'rep'",
    } do
      local res, line = outcome(body)
      assert.equal(500, res.status)
      assert.matches(reason, line)
    end
  end)

  -- A function that ends with a call is not on the stack any more while that runs.
  it('in the call that a function ends with is placed where the function begins', function()
    local call = 'main.lua:2: in the call that this function ends with: '
    for body, reason in pairs {
      ['return error(nil)'] = 'error object is a nil value',
      ['return ("%d"):format("x")'] = 'bad argument #2 to',
      ['local function long(text) return text:rep(1e9) end return long "x"'] = 'not enough memory',
    } do
      local res, line = outcome(body)
      assert.equal(500, res.status)
      assert.matches(call .. reason, line)
    end
    local tide = gate.serve { scripts = { ['first.lua'] = 'return function() end',
        ['second.lua'] = "\n\nreturn function() return ('x'):rep(1e9) end",
        ['third.lua'] = "return function() return 'ok' end" },
      routes = { { 'GET /', 'third.lua', before = { 'first.lua', 'second.lua' } } },
      expect_errors = { 'event=script_error' } }
    assert.equal(500, tide:get('/').status)
    tide:await_log 'second.lua:3: in the call that this function ends with: not enough memory'
    tide:stop()
  end)

  it('is to return no response', function()
    for body, reason in pairs { ['return'] = 'it returned nothing', ['return true'] = 'a boolean',
      ['return function() end'] = 'a function', ['return req'] = 'a userdata',
      ['return 7'] = 'a number' } do
      local res, line = outcome(body)
      assert.equal(500, res.status)
      assert.matches('main.lua:2: this function must return a response, it returned', line)
      assert.matches(reason, line)
    end
  end)
end)
