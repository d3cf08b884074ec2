-- Three services in one answer. Price and stock are needed; without reviews the page still stands.
local tg = require 'tidegate'
local prices, stock, reviews = tg.backend 'prices', tg.backend 'stock', tg.backend 'reviews'

return function(req)
  local id = tg.escape(req.params.id)
  local function from(backend, path)
    return function()
      local res, err = backend:get(path .. id, { expect = '2xx' })
      if not res then return nil, err end
      return res:json()
    end
  end

  local got, errors = tg.gather({
    price = from(prices, '/prices/'),
    stock = from(stock, '/stock/'),
    reviews = from(reviews, '/reviews/'),
  }, { timeout = 0.5, need = { 'price', 'stock' } })
  if not got then return tg.problem(errors[1]) end

  return tg.ordered {
    { 'id', req.params.id },
    { 'price', got.price.amount },
    { 'available', got.stock.count > 0 },
    { 'reviews', got.reviews or tg.array() },
    { 'missing', errors.reviews and tg.array { 'reviews' } or tg.array() },
  }
end
