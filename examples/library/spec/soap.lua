-- Answers of a SOAP service, for the specs beside.
local soap = {}

local envelope = [=[
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
%s
  </soap:Body>
</soap:Envelope>
]=]

local function message(status, body)
  local headers = { ['content-type'] = 'text/xml; charset=utf-8' }
  return { status = status, headers = headers, body = envelope:format(body) }
end

--- The answer with that body.
function soap.answer(body) return message(200, body) end

--- A fault with that text.
function soap.fault(words)
  return message(500, ([[
    <soap:Fault>
      <faultcode>soap:Server</faultcode>
      <faultstring>%s</faultstring>
    </soap:Fault>]]):format(words))
end

return soap
