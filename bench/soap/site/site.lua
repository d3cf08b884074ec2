-- The gateway that is measured: one thread.
return {
  listen = { 'http://127.0.0.1:0' },
  workers = 1,
  backends = { stock = { env 'STOCK_URL' } },
  routes = { { 'POST /Levels', 'levels.lua' } },
}
