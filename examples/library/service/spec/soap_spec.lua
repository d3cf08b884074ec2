local test = require 'tidegate.test'

describe('POST /LibraryService', function()
  local site = test.site()

  local function call(operation, inside)
    return site:post('/LibraryService', {
      headers = { ['content-type'] = 'text/xml; charset=utf-8' },
      body = ([[<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>]]
        .. [[<%s xmlns="urn:example:library">%s</%s></soap:Body></soap:Envelope>]])
        :format(operation, inside, operation),
    })
  end

  it('finds the books of an author', function()
    local res = call('FindBooks', '<author>Ada Lovelace</author>')
    assert.response(res).has.status(200)
    assert.matches('<title>Notes on the Analytical Engine</title>', res.body, 1, true)
  end)

  it('finds nothing of others', function()
    local res = call('FindBooks', '<author>Nobody</author>')
    assert.response(res).has.status(200)
    assert.matches('<FindBooksResponse xmlns="urn:example:library"/>', res.body, 1, true)
  end)

  it('reserves a book that is there', function()
    local res = call('Reserve', '<isbn>978-0000001843</isbn>')
    assert.response(res).has.status(200)
    assert.matches('<until>2026-02-28</until>', res.body, 1, true)
  end)

  it('answers a fault for any other', function()
    local res = call('Reserve', '<isbn>1</isbn>')
    assert.response(res).has.status(500)
    assert.matches('<faultstring>there is no such book</faultstring>', res.body, 1, true)
  end)
end)
