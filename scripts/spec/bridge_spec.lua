local test = require 'tidegate.test'

describe('GET /bridge/{path...}', function()
  local site = test.site()
  local crm = site.backend.crm

  it('turns the XML of the CRM into JSON', function()
    crm:on('GET /customers/a%20b', { xml = '<c:customer xmlns:c="urn:c" id="7"/>' })
    local res = site:get '/bridge/customers/a%20b'
    assert.response(res).has.header('content-type', 'application/json')
    assert.response(res).has.exact_json { customer = { ['@id'] = '7' } }
  end)

  it('is a 502 when the CRM says no, or says no XML', function()
    crm:on('GET /x', { { status = 404 }, { text = 'no' } })
    assert.response(site:get '/bridge/x').has.problem('status')
    assert.response(site:get '/bridge/x').has.problem('parse')
  end)
end)
