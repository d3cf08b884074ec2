local test = require 'tidegate.test'

describe('GET /health', function()
  local site = test.site()

  it('says the time', function()
    local before = site.clock.now
    local res = site:get '/health'
    assert.response(res).has.json { status = 'ok' }
    assert.is_true(res:json().time >= before)
  end)

  it('says another time a minute later #virtual', function()
    site.clock:advance(60)
    assert.response(site:get '/health').has.exact_json { status = 'ok', time = site.clock.now }
  end)
end)
