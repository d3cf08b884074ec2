local test = require 'tidegate.test'

describe('GET /products/{id}', function()
  local site = test.site()
  local prices, stock, reviews = site.backend.prices, site.backend.stock, site.backend.reviews

  before_each(function()
    prices:on('GET /prices/7', { json = { amount = '9.50' }, after = 0.1 })
    stock:on('GET /stock/7', { json = { count = 3 }, after = 0.2 })
    reviews:on('GET /reviews/7', { json = { 'good', 'cheap' }, after = 0.3 })
  end)

  it('is three services in one answer', function()
    local res = site:get '/products/7'
    assert.response(res).has.exact_json { id = '7', price = '9.50', available = true,
      reviews = { 'good', 'cheap' }, missing = {} }
    assert.concurrent(prices, stock, reviews)
    assert.response(res).took(0.3)
  end)

  it('stands without reviews', function()
    reviews:on('GET /reviews/7', { after = 2 })
    local res = site:get '/products/7'
    assert.response(res).has.json { price = '9.50', reviews = {}, missing = { 'reviews' } }
    assert.response(res).took(0.5)
  end)

  it('says when something is sold out', function()
    stock:on('GET /stock/7', { json = { count = 0 } })
    assert.response(site:get '/products/7').has.json { available = false }
  end)

  it('falls with price or stock, and with nothing else', function()
    test.each_fault(site, '/products/7', function(fault, res)
      if fault.backend == 'reviews' then
        assert.response(res).has.json { missing = { 'reviews' } }
      else
        assert.response(res).has.problem()
        assert.is_true(res.status == 502 or res.status == 504)
      end
    end)
  end)
end)
