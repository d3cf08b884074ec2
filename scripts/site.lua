-- The default site: what `tidegate run` serves when no other is named. Its backends are those of
-- examples/legacy, an old CRM that speaks XML and a small order service that speaks JSON.
return {
  listen = { 'http://127.0.0.1:8080' },

  backends = {
    crm = { env('CRM_URL', 'http://127.0.0.1:9001'), timeout = 2 },
    orders = { env('ORDERS_URL', 'http://127.0.0.1:9001'), timeout = 2 },
  },

  routes = {
    { 'GET /customers/{id}', 'customer.lua', timeout = 5 },
    { 'GET /bridge/{path...}', 'bridge.lua' },
    { 'ANY /echo', 'echo.lua' },
    { 'GET /health', 'health.lua' },
  },
}
