-- Answers the operations of ../wsdl/library.wsdl, as a program of long ago would.
local tg = require 'tidegate'

local NAMESPACE = 'urn:example:library'

local notes = {
  title = 'Notes on the Analytical Engine', author = 'Ada Lovelace', year = '1843',
  isbn = '978-0000001843',
}

local function envelope(body, status)
  return tg.response { status = status or 200, body = tg.soap.envelope(body),
    headers = { ['content-type'] = 'text/xml; charset=utf-8' } }
end

local operations = {}

function operations.FindBooks(request)
  if request.author ~= notes.author and request.isbn ~= notes.isbn then
    return ('<FindBooksResponse xmlns="%s"/>'):format(NAMESPACE)
  end
  return ([[<FindBooksResponse xmlns="%s"><book isbn="%s"><title>%s</title><author>%s</author>]]
    .. [[<year>%s</year><price>9.50</price><available>true</available></book></FindBooksResponse>]])
    :format(NAMESPACE, notes.isbn, notes.title, notes.author, notes.year)
end

function operations.Reserve(request)
  if request.isbn ~= notes.isbn then return nil, 'there is no such book' end
  return ('<ReserveResponse xmlns="%s"><until>2026-02-28</until></ReserveResponse>')
    :format(NAMESPACE)
end

return function(req)
  local message = tg.try(tg.soap.parse(req.body))
  local body, problem = operations[message.name](message.value)
  if body then return envelope(body) end
  return envelope(([[<soap:Fault xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">]]
    .. [[<faultcode>soap:Client</faultcode><faultstring>%s</faultstring></soap:Fault>]])
    :format(problem), 500)
end
