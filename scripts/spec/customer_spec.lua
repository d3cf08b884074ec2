local test = require 'tidegate.test'

local CUSTOMER = [[<?xml version="1.0" encoding="UTF-8"?>
<c:customer xmlns:c="urn:example:crm" id="7">
  <c:name>Ada Lovelace</c:name>
  <c:address><c:city>London</c:city></c:address>
</c:customer>]]

describe('GET /customers/{id}', function()
  local site = test.site()
  local crm, orders = site.backend.crm, site.backend.orders

  before_each(function()
    crm:on('GET /customers/7', { xml = CUSTOMER, after = 0.2 })
    orders:on('GET /orders?customer=7&limit=5',
      { json = { items = { { id = 1843, total = '12.50' } } }, after = 0.3 })
  end)

  it('joins the customer with the last orders', function()
    local res = site:get '/customers/7'
    assert.response(res).has.status(200)
    assert.response(res).has.exact_json { id = '7', name = 'Ada Lovelace', city = 'London',
      orders = { { id = 1843, total = '12.50' } }, complete = true }
    assert.concurrent(crm, orders)
    assert.response(res).took(0.3)
  end)

  it('knows customers without an address', function()
    crm:on('GET /customers/7', { xml = '<customer id="7"><name>Ada</name></customer>' })
    assert.response(site:get '/customers/7').has.json { name = 'Ada' }
  end)

  it('answers without orders when they are late, and says so', function()
    orders:on('GET /orders', { after = 5 })
    local res = site:get '/customers/7'
    assert.response(res).has.json { name = 'Ada Lovelace', orders = {}, complete = false }
    assert.response(res).took(1)
  end)

  it('has a 404 of its own', function()
    crm:on('GET /customers/7', { status = 404 })
    assert.response(site:get '/customers/7').has.problem(404)
    assert.response(site:get '/customers/7').has.json { detail = 'there is no such customer' }
  end)

  it('answers whatever its backends do', function()
    test.each_fault(site, '/customers/7', function(fault, res)
      if fault.backend == 'orders' then
        assert.response(res).has.json { name = 'Ada Lovelace', orders = {}, complete = false }
      else
        assert.response(res).has.problem()
        assert.is_true(res.status == 502 or res.status == 504)
      end
      assert.response(res).took_at_most(1)
    end)
  end)

  it('is a 502 when the CRM sends no XML', function()
    crm:on('GET /customers/7', { text = 'out of order' })
    assert.response(site:get '/customers/7').has.problem(502)
  end)
end)
