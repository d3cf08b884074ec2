return {
  listen = { 'http://127.0.0.1:8080' },
  before = { 'tenant.lua' },
  routes = {
    { 'GET /hello/{name}', 'hello.lua', settings = { greeting = 'hello' } },
    { 'GET /moin/{name}', 'hello.lua', settings = { greeting = 'moin' } },
  },
}
