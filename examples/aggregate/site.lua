return {
  listen = { 'http://127.0.0.1:8080' },
  backends = {
    prices = { 'http://127.0.0.1:9101', timeout = 1 },
    stock = { 'http://127.0.0.1:9101', timeout = 1 },
    reviews = { 'http://127.0.0.1:9102', timeout = 1 },
  },
  routes = {
    { 'GET /products/{id}', 'product.lua' },
  },
}
