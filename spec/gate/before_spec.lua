local gate = require 'spec.support.gate'

describe('before', function()
  it('runs the scripts of the site, then those of the route, then its own, with one req', function()
    local note = [[
      return function(req, route)
        req.vars.seen = (req.vars.seen or '') .. '%s'
      end]]
    local tide = gate.serve {
      site = { workers = 2, before = { 'a.lua', 'b.lua' } },
      routes = { { 'GET /all', 'own.lua', before = { 'c.lua', 'd.lua' } },
        { 'GET /site', 'own.lua' } },
      scripts = { ['a.lua'] = note:format('a'), ['b.lua'] = note:format('b'),
        ['c.lua'] = note:format('c'), ['d.lua'] = note:format('d'),
        ['own.lua'] = "return function(req) return req.vars.seen .. '.' end" },
    }
    assert.equal('abcd.', tide:get('/all').body)
    assert.equal('ab.', tide:get('/site').body)
    assert.equal('ab.', tide:get('/site').body) -- req.vars is new for each request
    tide:stop()
  end)

  it('may answer, and then nothing else runs', function()
    local tide = gate.serve {
      site = { workers = 2, before = { 'key.lua' } },
      routes = { { 'GET /', 'own.lua', before = { 'never.lua' } } },
      scripts = {
        ['key.lua'] = [[
          local tg = require 'tidegate'
          return function(req)
            if not req.headers['x-key'] then return tg.problem(401, 'no key') end
          end]],
        ['never.lua'] = [[
          local tg = require 'tidegate'
          return function() tg.log.info('reached') end]],
        ['own.lua'] = "return function() return 'secret' end",
      },
    }
    local res = tide:get('/')
    assert.equal(401, res.status)
    assert.is_nil(tide.log():find('event=reached', 1, true))
    assert.equal('secret', tide:get('/', { ['x-key'] = '1' }).body)
    tide:await_log('event=reached')
    tide:stop()
  end)

  it('waits, and is given the table of the route', function()
    local tide = gate.serve {
      site = { workers = 2 },
      routes = { { 'GET /', 'own.lua', before = { 'slow.lua' }, settings = { name = 'x' } } },
      scripts = {
        ['slow.lua'] = [[
          local tg = require 'tidegate'
          return function(req, route)
            tg.sleep(0.01)
            req.vars.name = route.settings.name
          end]],
        ['own.lua'] = 'return function(req, route) return req.vars.name .. route.settings.name end',
      },
    }
    assert.equal('xx', tide:get('/').body)
    tide:stop()
  end)

  it('fails the request when it fails, and is named in the log', function()
    local tide = gate.serve {
      site = { workers = 2, before = { 'bad.lua' } }, expect_errors = { 'event=script_error' },
      routes = { { 'GET /', 'own.lua' } },
      scripts = { ['bad.lua'] = "return function()\n  error('oops')\nend",
        ['own.lua'] = "return function() return 'reached' end" },
    }
    assert.equal(500, tide:get('/').status)
    tide:await_log('event=script_error[^\n]*bad.lua:2: oops')
    tide:stop()
  end)

  it('runs in the second state too, where the route is compiled', function()
    local tide = gate.serve {
      site = { workers = 2, before = { 'a.lua' } },
      routes = { { 'GET /jit', 'own.lua', jit = true }, { 'GET /plain', 'own.lua' } },
      scripts = { ['a.lua'] = 'return function(req) req.vars.seen = "a" end',
        ['own.lua'] = 'return function(req) return req.vars.seen end' },
    }
    assert.equal('a', tide:get('/jit').body)
    assert.equal('a', tide:get('/plain').body)
    tide:stop()
  end)
end)
