-- An old CRM that speaks XML, and an order service that speaks JSON: backends to try things with.
return {
  listen = { 'http://127.0.0.1:9001' },
  routes = {
    { 'GET /customers/{id}', 'customer.lua' },
    { 'GET /customers', 'customers.lua' },
    { 'GET /orders', 'orders.lua' },
    { 'GET /slow', 'slow.lua', timeout = 60 },
    { 'GET /broken', 'broken.lua' },
  },
}
