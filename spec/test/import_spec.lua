-- `tidegate import`: the site it makes is right at once, and stays its owner's.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local service = require 'spec.support.soap'

local STOCK = posix.read 'spec/soap/stock.wsdl'

describe('tidegate import', function()
  local folder

  before_each(function()
    folder = posix.folder()
    posix.write(folder .. '/stock.wsdl', STOCK)
  end)
  after_each(function() posix.remove(folder) end)

  local function run(...) return gate.run({ ... }, { dir = folder }) end

  local function import(...)
    local result = run('import', 'stock.wsdl', ...)
    return result.status, result.out, result.err
  end

  local function read(path) return posix.read(folder .. '/stock/' .. path) end
  local function write(path, text) posix.write(folder .. '/stock/' .. path, text) end

  it('makes a site that checks, passes its specs and describes itself', function()
    local status, out, err = import()
    assert.equal(0, status, err)
    for _, path in ipairs { 'site.lua', 'lua/stock.lua', 'routes/Levels.lua', 'README.md',
      'spec/Levels_spec.lua', 'spec/soap.lua', 'wsdl/stock.wsdl', 'openapi.json' } do
      assert.truthy(out:find('made stock/' .. path, 1, true), path)
      assert.is_true(#read(path) > 0)
    end
    local checked = run('check', 'stock')
    assert.equal('stock: 1 routes, 1 backends: all is well\n', checked.out, checked.err)
    local tested = run('test', 'stock')
    assert.truthy(tested.out:find('3 successes / 0 failures / 0 errors / 0 pending', 1, true),
      tested.out .. tested.err)
    assert.equal(read 'openapi.json', run('openapi', 'stock').out)
    assert.truthy(run('routes', 'stock').out:find 'POST /Levels +routes/Levels.lua')
  end)

  it('does nothing when nothing has changed', function()
    import()
    local status, out = import()
    assert.equal(0, status)
    assert.equal('nothing has changed\n', out)
    assert.equal(0, (import '--dry-run'))
  end)

  it('shows what changed, and leaves alone what was edited', function()
    import()
    write('routes/Levels.lua', '-- mine\n' .. read 'routes/Levels.lua')
    local before = read 'routes/Levels.lua'
    posix.write(folder .. '/stock.wsdl', (STOCK:gsub('name="count" type="xsd:int"',
      'name="count" type="xsd:string"/><xsd:element name="place" type="xsd:string"')))
    local status, out = import '--dry-run'
    assert.equal(1, status)
    assert.truthy(out:find('operation /Levels is described anew', 1, true), out)
    assert.equal(STOCK, read 'wsdl/stock.wsdl')
    status, out = import()
    assert.equal(0, status)
    assert.truthy(out:find('changed stock/spec/Levels_spec.lua', 1, true), out)
    assert.truthy(out:find('changed stock/wsdl/stock.wsdl', 1, true), out)
    assert.is_nil(out:find('routes/Levels.lua', 1, true))
    assert.equal(before, read 'routes/Levels.lua')
    assert.equal(0, run('test', 'stock').status)
  end)

  it('says which edited files would be different, and writes over them when told to', function()
    import()
    write('spec/Levels_spec.lua', '-- mine\n')
    write('lua/stock.lua', '-- mine\n' .. read 'lua/stock.lua')
    posix.write(folder .. '/stock.wsdl', (STOCK:gsub('name="count"', 'name="amount"')))
    local status, out = import()
    assert.equal(1, status)
    assert.truthy(out:find('stock/spec/Levels_spec.lua was edited and is left alone', 1, true), out)
    assert.is_nil(out:find('lua/stock.lua', 1, true))
    assert.equal('-- mine\n', read 'spec/Levels_spec.lua')
    status, out = import '--force'
    assert.equal(0, status)
    assert.truthy(out:find('wrote over stock/spec/Levels_spec.lua', 1, true), out)
    assert.truthy(read('spec/Levels_spec.lua'):find('amount = 1', 1, true))
  end)

  it('adds what is new, takes away what is gone and was not edited', function()
    import()
    local more = STOCK:gsub('<operation name="Levels">.-</operation>', function(all)
      return all .. all:gsub('Levels', 'Older', 1)
    end)
    posix.write(folder .. '/stock.wsdl', more)
    local status, out = import()
    assert.equal(0, status, out)
    assert.truthy(out:find('operation /Older is new', 1, true), out)
    assert.truthy(out:find('made stock/routes/Older.lua', 1, true), out)
    assert.truthy(out:find('changed stock/site.lua', 1, true), out)
    write('routes/Older.lua', '-- mine\n' .. read 'routes/Older.lua')
    posix.write(folder .. '/stock.wsdl', STOCK)
    status, out = import()
    assert.equal(1, status)
    assert.truthy(out:find('operation /Older is gone', 1, true), out)
    assert.truthy(out:find('removed stock/spec/Older_spec.lua', 1, true), out)
    assert.truthy(out:find('stock/routes/Older.lua was edited and is left alone', 1, true), out)
    assert.equal('', read 'spec/Older_spec.lua')
  end)

  it('does not bring back what was deleted', function()
    import()
    os.remove(folder .. '/stock/README.md')
    local status, out = import()
    assert.equal(0, status)
    assert.truthy(out:find('stock/README.md was deleted and is left out', 1, true), out)
    assert.equal('', read 'README.md')
    assert.equal(0, (import '--force'))
    assert.is_true(#read 'README.md' > 0)
  end)

  it('refuses with file, line and reason, and then writes nothing', function()
    local function refuses(text, expected)
      posix.write(folder .. '/stock.wsdl', text)
      local status, _, err = import()
      assert.equal(1, status)
      assert.truthy(err:find(expected, 1, true), expected .. ': ' .. err)
      assert.equal('', read 'site.lua')
    end
    refuses((STOCK:gsub('use="literal"', 'use="encoded"')), "'Levels' is encoded")
    refuses((STOCK:gsub('type="xsd:int"', 'type="xsd:itn"')), 'stock.wsdl:')
    refuses('<!DOCTYPE d [<!ENTITY e SYSTEM "/etc/passwd">]><d>&e;</d>', 'stock.wsdl:1: ')
    refuses((STOCK:gsub('<types>', '<import location="http://127.0.0.1:9/a.wsdl"/>%0')),
      'nothing else is opened')
    refuses((STOCK:gsub('<types>', '<import location="../a.wsdl"/>%0')), 'nothing else is opened')
    refuses((STOCK:gsub('maxOccurs="unbounded"', 'maxOccurs="1000000000"')),
      'maxOccurs is more than 100000')
  end)

  it('opens nothing outside of the folder of the document', function()
    if os.execute 'command -v strace >/dev/null' ~= 0 then return pending 'needs strace' end
    posix.write(folder .. '/in/stock.wsdl', (STOCK:gsub('<types>',
      '<import location="../stock.wsdl"/><import location="http://127.0.0.1:9/x.wsdl"/>%0')))
    os.execute(('cd %s && strace -f -e trace=openat,open,connect -o trace %s import in/stock.wsdl '
      .. 's >/dev/null 2>&1'):format(folder, gate.program()))
    local trace = posix.read(folder .. '/trace')
    assert.truthy(trace:find('in/stock.wsdl', 1, true), trace)
    assert.is_nil(trace:find('"[^"]*%.%./stock%.wsdl"'))
    assert.is_nil(trace:find(folder .. '/stock.wsdl', 1, true))
    assert.is_nil(trace:find('x.wsdl', 1, true))
    assert.is_nil(trace:find('AF_INET', 1, true))
  end)

  it('says what is wrong with its arguments', function()
    assert.equal(2, run('import').status)
    assert.equal(2, run('import', 'a', 'b', 'c').status)
    assert.equal(2, run('import', 'stock.wsdl', '--forse').status)
    assert.equal(2, run('import', 'stock.wsdl', '--port').status)
    assert.equal(2, run('import', 'stock.wsdl', '--soap', '2').status)
    assert.equal("tidegate: none.wsdl can't be read\n", run('import', 'none.wsdl').err)
    assert.truthy(run('import', '--help').out:find '^usage: tidegate import')
    local _, _, err = import('--operations', 'None')
    assert.truthy(err:find("there is no operation 'None'", 1, true), err)
  end)
end)

describe('a site that was imported', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end

  local folder, stop, tide

  before_each(function() folder = posix.folder() end)
  after_each(function()
    if tide then tide:stop() end
    if stop then stop() end
    tide, stop = nil, nil
    posix.remove(folder)
  end)

  -- Imports the document with more arguments, and serves the site before the service of the file.
  local function serve(file, name, text, ...)
    posix.write(folder .. '/' .. name .. '.wsdl', text)
    local result = gate.run({ 'import', name .. '.wsdl', 'site', ... }, { dir = folder })
    assert.equal(0, result.status, result.err)
    local tested = gate.run({ 'test', 'site' }, { dir = folder })
    assert.equal(0, tested.status, tested.out .. tested.err)
    local port
    port, stop = service.start(file)
    local operation = name == 'rates' and 'Convert' or 'Levels'
    local files = {}
    for _, path in ipairs { 'routes/' .. operation .. '.lua', 'lua/' .. name .. '.lua',
      'wsdl/' .. name .. '.wsdl' } do
      files[path] = posix.read(folder .. '/site/' .. path)
    end
    local site = posix.read(folder .. '/site/site.lua'):gsub('127.0.0.1:8080', '127.0.0.1:0')
    tide = gate.serve { site = site, scripts = files, files = files,
      env = { [name:upper() .. '_URL'] = 'http://127.0.0.1:' .. port } }
  end

  -- The site's OpenAPI document is valid, and so is the answer by it.
  local function agrees(operation, body)
    assert.equal('', service.openapi_problems(folder .. '/site/openapi.json'))
    local document = cjson.decode(posix.read(folder .. '/site/openapi.json'))
    local schema = document.paths['/' .. operation].post.responses['200']
      .content['application/json'].schema
    schema.components = document.components -- what it refers to
    assert.same({}, service.refused(cjson.encode(schema), { body }))
  end

  for file, name in pairs { ['server.js'] = 'soap', ['strong.js'] = 'strong-soap' } do
    it('asks the server of npm ' .. name .. ', and is asked with plain JSON', function()
      serve(file, 'stock', STOCK)
      local res = tide:post('/Levels', '{"item":["tea"]}')
      assert.same({ level = { { item = 'tea', count = 12 } } }, cjson.decode(res.body))
      agrees('Levels', res.body)
      assert.equal(400, tide:post('/Levels', '{"itme":["tea"]}').status)
      if file == 'server.js' then
        res = tide:post('/Levels', '{"item":["gold"]}')
        assert.equal(502, res.status)
        assert.equal('application/problem+json', res.headers['content-type'])
      end
    end)
  end

  it('asks the server of npm soap by SOAP 1.2', function()
    serve('server.js', 'stock', (STOCK:gsub('wsdl/soap/', 'wsdl/soap12/')
      :gsub('127.0.0.1/stock', '127.0.0.1/stock12')))
    local res = tide:post('/Levels', '{"item":["tea","tea"]}')
    local level = { item = 'tea', count = 12 }
    assert.same({ level = { level, level } }, cjson.decode(res.body))
    agrees('Levels', res.body)
    res = tide:post('/Levels', '{"item":["gold"]}')
    assert.equal(502, res.status)
    assert.equal('no such item: gold', cjson.decode(res.body).detail)
    assert.equal('soap:Sender', cjson.decode(res.body).code)
  end)

  it('refuses rpc parts in a namespace, which the server of npm soap writes', function()
    serve('server.js', 'rates', posix.read 'spec/soap/rates.wsdl', '--soap', '1.1')
    local res = tide:post('/Convert', '{"money":{"currency":"USD","amount":10},"to":"EUR"}')
    assert.equal(502, res.status)
    assert.truthy(cjson.decode(res.body).detail:find(
      "'r:result' is in namespace 'urn:example:rates' instead of ''", 1, true), res.body)
  end)

  for version, path in pairs { ['1.1'] = '/rates', ['1.2'] = '/rates12' } do
    it('asks the server of npm strong-soap by rpc/literal and SOAP ' .. version, function()
      serve('strong.js', 'rates', posix.read 'spec/soap/rates.wsdl', '--soap', version)
      assert.truthy(posix.read(folder .. '/site/lua/rates.lua'):find("path = '" .. path .. "'", 1,
        true))
      local res = tide:post('/Convert',
        '{"money":{"currency":"USD","amount":10.00},"to":"EUR & co"}')
      assert.same({ result = { currency = 'EUR & co', amount = 12.5 } }, cjson.decode(res.body))
      agrees('Convert', res.body)
      res = tide:post('/Convert', '{"money":{"currency":"USD"},"to":"EUR"}')
      assert.equal(400, res.status)
    end)
  end
end)
