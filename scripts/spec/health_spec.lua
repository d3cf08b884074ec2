local test = require 'tidegate.test'

describe('GET /health', function()
  local site = test.site()

  it('says the time', function()
    site.clock:advance(60)
    assert.response(site:get '/health').has.exact_json { status = 'ok', time = site.clock.now }
  end)
end)
