-- What one client is answered must not reach another: the known ways of poisoning a cache.
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

-- A backend that reflects whatever a client sends and shows each who signs in his own page.
local function answer_of(request)
  local h = request.headers
  local who = (h.cookie or ''):match 'user=(%w+)' or (h.authorization or ''):match 'Bearer (%w+)'
  local parts = { 'target=' .. request.target, 'who=' .. (who or 'nobody') }
  for _, name in ipairs { 'x-forwarded-host', 'x-host', 'x-original-url', 'x-rewrite-url', 'x-user',
    'x-forwarded-prefix', 'x-http-method-override', 'forwarded', 'x-forwarded-scheme' } do
    if h[name] then parts[#parts + 1] = name .. '=' .. h[name] end
  end
  local body = table.concat(parts, ' ')
  local fields = ''
  for line in (h['x-fields'] or ''):gmatch '[^|]+' do fields = fields .. line .. '\r\n' end
  return ('HTTP/1.1 200 OK\r\n%scontent-length: %d\r\n\r\n%s'):format(fields, #body, body)
end

local POLICIES = {
  { 'ttl', { ttl = 60 }, '' },
  { 'http', 'http', 'cache-control: max-age=60|' },
  { 'http by a guess', 'http', 'last-modified: Sun, 06 Nov 1994 08:49:37 GMT|' },
}

for _, policy in ipairs(POLICIES) do
  local name, cache, usual = unpack(policy)

  describe('what mallory or alice is answered reaches nobody else: ' .. name, function()
    local tide, shop
    local n = 0

    lazy_setup(function()
      shop = upstream { default = answer_of }
      tide = gate.serve { site = { workers = 1 }, backends = { shop = { shop.url } },
        routes = { { 'ANY /{path...}', backend = 'shop', cache = cache } } }
    end)

    lazy_teardown(function()
      tide:stop()
      shop:stop()
    end)

    -- The first request has these fields, and the answer those; the second is a stranger's.
    local function stranger(headers, fields, path, method)
      n = n + 1
      path = (path or '/x') .. '?n=' .. n
      headers['x-fields'] = (fields or '') .. usual
      tide:request { method = method or 'GET', path = path, headers = headers }
      return tide:get(path, { ['x-fields'] = usual }).body
    end

    it('is worth testing: there is a cache', function()
      n = n + 1
      local first = tide:get('/x?n=' .. n, { ['x-fields'] = usual })
      local second = tide:get('/x?n=' .. n, { ['x-fields'] = usual })
      assert.matches('who=nobody', first.body)
      assert.matches('hit', second.headers['cache-status'])
    end)

    it('by fields that change host, path or method', function()
      for _, field in ipairs { 'x-forwarded-host', 'x-host', 'x-original-url', 'x-rewrite-url',
        'x-forwarded-prefix', 'x-http-method-override', 'x-forwarded-scheme', 'forwarded' } do
        assert.is_nil(stranger({ [field] = 'evil.example' }):find('evil', 1, true), field)
      end
    end)

    it('by a field that the answer names in Vary', function()
      local body = stranger({ ['x-user'] = 'alice' }, 'vary: x-user|')
      assert.is_nil(body:find('alice', 1, true))
    end)

    it('with Vary: *', function()
      local body = stranger({ ['x-user'] = 'alice' }, 'vary: *|')
      assert.is_nil(body:find('alice', 1, true))
    end)

    it('with more names in Vary than can be kept, or what is no name', function()
      local many = {}
      for i = 1, 40 do many[i] = 'x-' .. i end
      for _, vary in ipairs { table.concat(many, ','), 'x user', ('x'):rep(5000) } do
        local body = stranger({ ['x-user'] = 'alice' }, 'vary: ' .. vary .. '|')
        assert.is_nil(body:find('alice', 1, true))
      end
    end)

    it('with Set-Cookie', function()
      n = n + 1
      local path = '/x?n=' .. n
      tide:get(path, { ['x-fields'] = 'set-cookie: session=alice|' .. usual })
      local got = tide:get(path, { ['x-fields'] = usual })
      assert.is_nil(got.headers['set-cookie'])
    end)

    it('to Authorization', function()
      local body = stranger { authorization = 'Bearer alice' }
      assert.matches('who=nobody', body)
    end)

    it('to a cookie, on a path that looks static', function()
      -- An explicit max-age is for all (RFC 9111, 3): a backend that says it must say private.
      local private = name == 'http' and 'cache-control: private|' or ''
      for _, path in ipairs { '/account.css', '/account/x.css', '/account;x.css', '/account%00.css',
        '/account%2Fx.css', '/account%23x.css', '/static/..%2Faccount', '/account/..%2f.css' } do
        local body = stranger({ cookie = 'user=alice' }, private, path)
        assert.is_nil(body:find('alice', 1, true), path)
      end
    end)

    it('with private, no-store or no-cache', function()
      for _, word in ipairs { 'private', 'no-store', 'no-cache' } do
        local body = stranger({ ['x-user'] = 'alice' }, 'cache-control: ' .. word .. '|')
        assert.is_nil(body:find('alice', 1, true), word)
      end
    end)

    it('to another method, or to a GET with a body', function()
      for _, method in ipairs { 'POST', 'PUT', 'DELETE', 'PATCH' } do
        local body = stranger({ ['x-user'] = 'alice' }, '', '/x', method)
        assert.is_nil(body:find('alice', 1, true), method)
      end
      n = n + 1
      local path = '/x?n=' .. n
      tide:request { method = 'GET', path = path, body = 'evil',
        headers = { ['x-user'] = 'alice', ['x-fields'] = usual } }
      assert.is_nil(tide:get(path, { ['x-fields'] = usual }).body:find('alice', 1, true))
    end)

    it('for another host, or another target that looks alike', function()
      n = n + 1
      local function get(host, target)
        return tide:get(target, { host = host, ['x-user'] = host, ['x-fields'] = usual }).body
      end
      local seen = {}
      for _, host in ipairs { 'evil.example', 'shop.example' } do
        for _, target in ipairs { '/q', '/Q', '/q/', '/q?', '/q?a=1&b=2', '/q?a=1%26b=2',
          '/q?a=1;b=2', '/q%3Fa=1', '/q//', '/q;a' } do
          local join = target:find('?', 1, true) and '&' or '?'
          seen[#seen + 1] = get(host, target .. join .. 'n=' .. n)
        end
      end
      for i, body in ipairs(seen) do
        if i > 10 then assert.is_nil(body:find('evil', 1, true)) end
      end
      local targets = {}
      for _, body in ipairs(seen) do targets[body] = true end
      local distinct = 0
      for _ in pairs(targets) do distinct = distinct + 1 end
      -- /q and /q?, and /q/ and /q//, are the same: the backend is asked for the same.
      assert.is_true(distinct >= 16, table.concat(seen, '\n'))
    end)
  end)
end
