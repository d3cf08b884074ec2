local test = require 'tidegate.test'

describe('ANY /echo', function()
  local site = test.site()

  it('says what the request looked like', function()
    local res = site:post('/echo?a=1', { body = 'bytes', headers = { ['x-mine'] = 'yes' } })
    assert.response(res).has.json { method = 'POST', path = '/echo', query = { a = '1' },
      headers = { ['x-mine'] = 'yes' }, body = 'bytes', client = '127.0.0.1' }
  end)

  it('keeps secrets', function()
    local res = site:get('/echo', { headers = { Authorization = 'Basic QQ==', Cookie = 'a=b' } })
    assert.response(res).has.json { headers = { authorization = '(not shown)',
      cookie = '(not shown)' } }
  end)
end)
