-- The services behind the example, in one small site.
return {
  listen = { 'http://127.0.0.1:9101' },
  routes = {
    { 'GET /prices/{id}', 'answer.lua', settings = { amount = '12.50' } },
    { 'GET /stock/{id}', 'answer.lua', settings = { count = 3 } },
  },
}
