local test = require 'tidegate.test'

describe('GET /hello/{name} and GET /moin/{name}', function()
  local site = test.site()
  local headers = { ['x-tenant'] = 'acme' }

  it('greet, each in its way', function()
    assert.response(site:get('/hello/ada', { headers = headers })).has.body 'hello, ada of acme\n'
    assert.response(site:get('/moin/ada', { headers = headers })).has.body 'moin, ada of acme\n'
  end)

  it('need a tenant', function()
    assert.response(site:get '/hello/ada').has.problem(403)
  end)
end)
