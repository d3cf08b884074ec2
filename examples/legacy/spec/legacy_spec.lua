local test = require 'tidegate.test'

describe('the old CRM', function()
  local site = test.site()

  it('writes a customer in XML, slowly', function()
    local res = site:get '/customers/9'
    assert.response(res).has.xml [[
      <customer xmlns="urn:example:crm" id="9">
        <name>Smith &amp; Sons</name>
        <address><city>Portsmouth</city></address>
      </customer>]]
    assert.response(res).took(0.1)
    assert.response(site:get '/customers/1').has.problem(404)
  end)

  it('lists its customers in order', function()
    assert.response(site:get '/customers').has.xml [[
      <customers>
        <customer id="7">Ada Lovelace</customer>
        <customer id="8">Grace Hopper</customer>
        <customer id="9">Smith &amp; Sons</customer>
      </customers>]]
  end)

  it('knows the orders of some', function()
    assert.response(site:get '/orders?customer=8').has.exact_json {
      items = { { id = 1906, total = '99.00' } } }
    assert.response(site:get '/orders?customer=1').has.exact_json { items = {} }
  end)

  it('is much too late at times #virtual', function()
    assert.response(site:get '/slow').took(30)
  end)

  it('is wrong at others', function()
    local res = site:get '/broken'
    assert.response(res).has.header('content-type', 'application/xml')
    assert.is_false((pcall(res.xml, res)))
  end)
end)
