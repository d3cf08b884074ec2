local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

-- The bytes through gzip(1).
local function gzip(text)
  local folder = posix.folder()
  posix.write(folder .. '/plain', text)
  os.execute('gzip -9 ' .. folder .. '/plain')
  local packed = posix.read(folder .. '/plain.gz')
  posix.remove(folder)
  return packed
end

describe('a compressed answer', function()
  local PACKED, BOMB = gzip '{"a":[1,2,3]}', gzip(('x'):rep(3 * 1024 * 1024))
  local tide, shop

  local function packed(body, coding)
    return http.encode_response { body = body, headers = { ['content-encoding'] = coding or 'gzip',
      ['content-type'] = 'application/json' } }
  end

  setup(function()
    shop = upstream { ['/a'] = packed(PACKED), ['/bomb'] = packed(BOMB),
      ['/damaged'] = packed(PACKED:sub(1, -3)), ['/other'] = packed(PACKED, 'br') }
    tide = gate.serve { backends = { shop = shop }, site = { workers = 1 }, script = [[
      local tg = require 'tidegate'
      local shop = tg.backend 'shop'
      return function(req)
        local res = assert(shop:get(req.path, { stream = req.query.stream ~= nil }))
        local how = req.query.how
        if how == 'json' then
          local value, err = res:json()
          return { value = value, code = err and err.code }
        end
        if how == 'body' then
          return { n = #res.body, coding = res.headers['content-encoding'] or 'none' }
        end
        if how == 'both' then local _ = res.body end
        return res
      end]] }
  end)
  teardown(function()
    tide:stop()
    shop:stop()
  end)

  it('is decoded when the script looks at it', function()
    for _, stream in ipairs { '', '&stream' } do
      assert.same({ value = { a = { 1, 2, 3 } } }, tide:get('/a?how=json' .. stream):json())
      assert.same({ n = 13, coding = 'none' }, tide:get('/a?how=body' .. stream):json())
      local res = tide:get('/a?how=both' .. stream)
      assert.same({ '{"a":[1,2,3]}' }, { res.body, res.headers['content-encoding'] })
    end
  end)

  it('is passed on as it came when nobody looks', function()
    for _, stream in ipairs { '', 'stream' } do
      local res = tide:get('/a?' .. stream)
      assert.same({ PACKED, 'gzip' }, { res.body, res.headers['content-encoding'] })
    end
  end)

  it('of another coding stays as it is', function()
    assert.same({ n = #PACKED, coding = 'br' }, tide:get('/other?how=body'):json())
  end)

  it('that is damaged is an error', function()
    assert.same({ code = 'protocol' }, tide:get('/damaged?how=json'):json())
    assert.equal(502, tide:get('/damaged?how=body').status)
  end)

  it('that grows beyond measure is an error', function()
    assert.same({ code = 'body_too_large' }, tide:get('/bomb?how=json'):json())
    assert.equal(502, tide:get('/bomb?how=body').status)
  end)
end)
