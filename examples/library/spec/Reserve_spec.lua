local test = require 'tidegate.test'
local soap = require 'spec.soap'

local ANSWER = [[
    <n1:ReserveResponse xmlns:n1="urn:example:library">
      <n1:until>2026-01-31</n1:until>
    </n1:ReserveResponse>]]

describe('POST /Reserve', function()
  local site = test.site()
  local service = site.backend.library

  it('gives the answer of the service as JSON', function()
    service:on('POST /LibraryService', soap.answer(ANSWER))
    local res = site:post('/Reserve', { json = { isbn = '978-1111111111', reader = 1 } })
    assert.response(res).has.status(200)
    assert.response(res).has.json { ['until'] = '2026-01-31' }
    assert.backend(service).was.called(1)
  end)

  it('gives a fault of the service as a problem', function()
    service:on('POST /LibraryService', soap.fault 'not today')
    local res = site:post('/Reserve', { json = { isbn = '978-1111111111', reader = 1 } })
    assert.response(res).has.status(502)
    assert.response(res).has.json { detail = 'not today' }
  end)

  it('refuses what the schema does not allow', function()
    local res = site:post('/Reserve', { json = { ['no such member'] = 1 } })
    assert.response(res).has.status(400)
    assert.backend(service).was.called(0)
  end)
end)
