-- Faults around the cache: bodies cut short, backends that go and come back, clients that leave.
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local POLICIES = {
  ttl = { ttl = 0.2, stale_if_error = 60 },
  http = 'http',
}
local FIELDS = 'cache-control: max-age=1, stale-if-error=60\r\n'

for name, cache in pairs(POLICIES) do
  local function serve(shop)
    return gate.serve { site = { workers = 2 }, backends = { shop = { shop.url, eject = false } },
      routes = { { 'ANY /cached/{path...}', backend = 'shop', cache = cache },
        { 'ANY /{path...}', backend = 'shop' } } }
  end

  describe('with a cache by ' .. name, function()
    it('nothing is kept of a body whose chunks are cut short', function()
      local head = 'HTTP/1.1 200 OK\r\n' .. FIELDS .. 'transfer-encoding: chunked\r\n\r\n'
      for _, bytes in ipairs { head .. '9\r\nup', head .. http.chunked({ 'up' }):sub(1, -6) } do
        local shop = upstream { ['/cached/x'] = { bytes, close = true } }
        local tide = serve(shop)
        for n = 1, 2 do
          local connection = tide:connect()
          connection:send 'GET /cached/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
          local text = connection:rest(5)
          connection:close()
          assert.is_nil(text:find('\r\n0\r\n\r\n', 1, true))
          assert.equal(n, #shop:requests())
        end
        tide:stop()
        shop:stop()
      end
    end)

    it('a backend that goes for a while is not missed', function()
      local folder = posix.folder()
      local answers = { unix = folder .. '/shop',
        default = 'HTTP/1.1 200 OK\r\n' .. FIELDS .. 'content-length: 2\r\n\r\nup' }
      local shop = upstream(answers)
      local tide = serve(shop)
      for i = 1, 5 do tide:get('/cached/' .. i) end
      shop:stop()
      local stop = posix.now() + 3
      while posix.now() < stop do
        for i = 1, 5 do
          local answer = tide:get('/cached/' .. i)
          assert.same({ 200, 'up' }, { answer.status, answer.body })
        end
        local status = tide:get('/other').status
        assert.is_true(status == 502 or status == 503)
        posix.pause(0.02)
      end
      os.remove(answers.unix)
      shop = upstream(answers)
      local back = posix.now()
      wait.eventually(function() return tide:get('/other').status == 200 end)
      assert.is_true(posix.now() - back <= 1)
      tide:stop()
      shop:stop()
      posix.remove(folder)
    end)

    it('clients that leave in the middle leave it whole or absent', function()
      local piece = ('x'):rep(2000)
      local shop = upstream { default = { 'HTTP/1.1 200 OK\r\n' .. FIELDS ..
        'content-length: 10000\r\n\r\n', piece, 0.01, piece, 0.01, piece, 0.01, piece .. piece } }
      local tide = serve(shop)
      tide:get '/cached/first'
      local descriptors = tide:descriptors()
      for i = 1, 100 do
        local connection = tide:connect()
        connection:send(('GET /cached/%d HTTP/1.1\r\nhost: a\r\n\r\n'):format(i % 10))
        if i % 3 ~= 0 then posix.pause(i % 4 * 0.005) end
        connection:close()
      end
      for i = 0, 9 do assert.equal(10000, #tide:get('/cached/' .. i).body) end
      wait.eventually(function() return tide:descriptors() <= descriptors + 12 end)
      tide:stop()
      shop:stop()
    end)
  end)
end
