local test = require 'tidegate.test'

describe('the services', function()
  local site = test.site()

  it('answer with the settings of their routes', function()
    assert.response(site:get '/prices/7').has.exact_json { amount = '12.50' }
    assert.response(site:get '/stock/7').has.exact_json { count = 3 }
  end)
end)
