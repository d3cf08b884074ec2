local test = require 'tidegate.test'
local soap = require 'spec.soap'

local ANSWER = [[
    <n1:FindBooksResponse xmlns:n1="urn:example:library">
      <n1:book isbn="978-1111111111">
        <n1:title>title</n1:title>
        <n1:author>author</n1:author>
        <n1:year>2026</n1:year>
        <n1:price>1.5</n1:price>
        <n1:available>true</n1:available>
      </n1:book>
    </n1:FindBooksResponse>]]

describe('POST /FindBooks', function()
  local site = test.site()
  local service = site.backend.library

  it('gives the answer of the service as JSON', function()
    service:on('POST /LibraryService', soap.answer(ANSWER))
    local res = site:post('/FindBooks', { json = { author = 'author', limit = 1 } })
    assert.response(res).has.status(200)
    assert.response(res).has.json {
      book = {
        {
          ['@isbn'] = '978-1111111111',
          title = 'title',
          author = { 'author' },
          year = '2026',
          price = 1.5,
          available = true,
        },
      },
    }
    assert.backend(service).was.called(1)
  end)

  it('gives a fault of the service as a problem', function()
    service:on('POST /LibraryService', soap.fault 'not today')
    local res = site:post('/FindBooks', { json = { author = 'author', limit = 1 } })
    assert.response(res).has.status(502)
    assert.response(res).has.json { detail = 'not today' }
  end)

  it('refuses what the schema does not allow', function()
    local res = site:post('/FindBooks', { json = { ['no such member'] = 1 } })
    assert.response(res).has.status(400)
    assert.backend(service).was.called(0)
  end)
end)
