local gate = require 'spec.support.gate'
local serve, answer = require('spec.support.script').threads(2)

-- What pcall says of the expression, without the place.
local TRY = [[
  local function try(f, ...)
    local ok, reason = pcall(f, ...)
    if ok then return 'worked' end
    return (tostring(reason):gsub('^[^\n]-main.lua:%d+: ', ''))
  end
]]

describe('a script', function()
  it('sees nothing that leads out of it', function()
    assert.equal('', answer [[
      local names = {
        'ffi', 'jit', 'io', 'debug', 'newproxy', 'getfenv', 'setfenv', 'module', 'dofile',
        'loadfile', 'collectgarbage', 'package', 'gcinfo', 'string.dump', 'os.exit', 'os.execute',
        'os.getenv', 'os.remove', 'os.rename', 'os.tmpname', 'os.setlocale', 'table.foreach',
        'table.clear', 'math.ffi',
      }
      return function()
        local found = {}
        for _, name in ipairs(names) do
          local value = _G
          for part in name:gmatch('%a+') do value = value and value[part] end
          if value ~= nil then found[#found + 1] = name end
        end
        return table.concat(found, ' ')
      end]])
  end)

  it('sees exactly the names that are documented', function()
    assert.equal('_G _VERSION assert bit coroutine error getmetatable ipairs load loadstring ' ..
      'math next os pairs pcall print rawequal rawget rawset require select setmetatable string ' ..
      'table tonumber tostring type unpack xpcall', answer [[
      return function()
        local names = {}
        for name in pairs(_G) do names[#names + 1] = name end
        table.sort(names)
        return table.concat(names, ' ')
      end]])
  end)

  it('cannot require what is not for it', function()
    for _, name in ipairs { 'ffi', 'jit', 'io', 'os', 'debug', 'string', 'package', 'table.new',
      'jit.util', 'cjson.safe', 'lfs', 'posix' } do
      local result = gate.command('check',
        { script = ("local x = require '%s'\nreturn function() end"):format(name) })
      assert.equal(1, result.status)
      assert.matches("main.lua:1: module '" .. name:gsub('%p', '%%%0') .. "' not found", result.err)
    end
  end)

  it('loads text, never bytecode', function()
    assert.equal([[3
nil attempt to load chunk with wrong mode
nil attempt to load chunk with wrong mode
nil only text can be loaded (mode 't')
3 nil
6
[string "return +"]:1: unexpected symbol near '+'
name:1: unexpected symbol near '+'
no global]], answer [[
      return function()
        local lines = {}
        local function add(...)
          local words = {}
          for i = 1, select('#', ...) do words[i] = tostring((select(i, ...))) end
          lines[#lines + 1] = table.concat(words, ' ')
        end
        add(load('return 1 + 2')())
        add(load('\27LJ\2\0'))
        add(loadstring('\27LJ\2\0'))
        add(load('return 1', 'name', 'b'))
        local scope = { x = 3 }
        add(load('local a = x y = 4 return a', 'name', 't', scope)(), y)
        local parts = { 'return ', '1 + ', '5', nil }
        local i = 0
        add(load(function() i = i + 1 return parts[i] end)())
        add(select(2, loadstring('return +')))
        add(select(2, load('return +', '=name')))
        add(pcall(load 'z = 1') and 'a global' or 'no global')
        return table.concat(lines, '\n')
      end]])
  end)

  it('cannot set a global, and is told where it tried', function()
    local result = gate.command('check', { script = 'local x\ncount = 1\nreturn function() end' })
    assert.equal(1, result.status)
    assert.matches("main.lua:2: a script can't set the global 'count'; make it local", result.err)
    local tide = serve("return function()\n counter = (counter or 0) + 1\nend",
      { expect_errors = { 'event=script_error' } })
    assert.equal(500, tide:get('/').status)
    tide:await_log("main.lua:3: a script can't set the global 'counter'")
    tide:stop()
  end)

  it('cannot change what all scripts share', function()
    assert.equal('', answer(TRY .. [[
      return function()
        local worked = {}
        for _, name in ipairs { 'string', 'table', 'math', 'bit', 'os', 'coroutine', '_G' } do
          local lib = _G[name]
          local results = {
            set = try(function() lib.evil = 1 end),
            replace = try(function() lib.format = print end),
            rawset = try(rawset, lib, 'evil', 1),
            insert = try(table.insert, lib, 1),
            setmetatable = try(setmetatable, lib, {}),
            metatable = type(getmetatable(lib)) == 'table' and 'worked' or '',
          }
          for how, result in pairs(results) do
            if result == 'worked' then worked[#worked + 1] = name .. '.' .. how end
          end
          if lib.evil ~= nil then worked[#worked + 1] = name .. '.evil' end
        end
        for _, lib in ipairs { tg, tg.json, tg.log } do
          if try(function() lib.evil = 1 end) == 'worked' or
            try(rawset, lib, 'evil', 1) == 'worked' or lib.evil then
            worked[#worked + 1] = tostring(lib)
          end
        end
        return table.concat(worked, ' ')
      end]]))
  end)

  it('is told what it can not change', function()
    assert.equal([[string can't be changed (tried to set 'x')
tidegate can't be changed (tried to set 'sleep')
_G can't be changed (tried to set 'x')
cannot change a protected metatable]], answer(TRY .. [[
      return function()
        return table.concat({
          try(function() string.x = 1 end),
          try(function() tg.sleep = 1 end),
          try(function() _G.x = 1 end),
          try(setmetatable, tg.problem(404, 'x'), {}),
        }, '\n')
      end]]))
  end)

  it('finds no way to the real tables by their pairs or metatables', function()
    assert.equal('true false true false', answer(TRY .. [[
      return function()
        local found = {}
        for name, value in pairs(string) do found[name] = value end
        found.format = print -- a copy of its own
        local iterate, state = pairs(math)
        local ok = pcall(rawset, state, 'evil', 1)
        return table.concat({ tostring(string.format('%d', 1) == '1'),
          tostring(ok or math.evil ~= nil or iterate == next),
          tostring(getmetatable('') == 'locked'),
          tostring((pcall(function() getmetatable('').__index.evil = 1 end))) }, ' ')
      end]]))
  end)

  it('uses strings as objects, without what is forbidden', function()
    assert.equal('ABC abab 3 nil nil', answer [[
      return function()
        local s = 'abc'
        return table.concat({ s:upper(), ('ab'):rep(2), #s:sub(1, 3), tostring(s.dump),
          tostring(s.evil) }, ' ')
      end]])
  end)

  it('can protect no value by surprise: every userdata has a locked metatable', function()
    assert.equal('', answer([[
      local shop = tg.backend 'shop'
      return function(req)
        local open = {}
        local values = { req = req, headers = req.headers, query = req.query, params = req.params,
          cookies = req.cookies, client = req.client, backend = shop, tg = tg, string = string,
          json = tg.json, response = tg.text('x'), null = tg.null, array = tg.array {},
          err = select(2, shop:get('/')), raw = tg.raw '1', ordered = tg.ordered {},
          number = tg.json.decode('12345678901234567890'), problem = tg.problem(404, 'x') }
        for name, value in pairs(values) do
          local meta = getmetatable(value)
          if meta ~= nil and type(meta) ~= 'string' and meta ~= false then
            open[#open + 1] = name
          end
          if type(value) == 'userdata' and value ~= tg.null and meta == nil then
            open[#open + 1] = name
          end
        end
        table.sort(open)
        return table.concat(open, ' ')
      end]], { backends = { shop = 'http://127.0.0.1:1' } }))
  end)

  it('has os.exit in no way: the process goes on', function()
    local tide = serve([[return function() os.exit(1) end]],
      { expect_errors = { 'event=script_error' } })
    for _ = 1, 3 do assert.equal(500, tide:get('/').status) end
    assert.is_true(tide:running())
    tide:stop()
  end)

  it('reads the clock and nothing else of os', function()
    assert.equal('clock date difftime time', answer [[
      return function()
        local names = {}
        for name in pairs(os) do names[#names + 1] = name end
        table.sort(names)
        return table.concat(names, ' ')
      end]])
  end)

  it('prints to the log', function()
    local tide = serve [[return function() print('a', 1, nil, true) return 'ok' end]]
    assert.equal('ok', tide:get('/').body)
    tide:await_log('event=print text="a\\u00091\\u0009nil\\u0009true"')
    tide:stop()
  end)
end)

describe('pairs and ipairs', function()
  it('honour __pairs and __index, and are Lua\'s own for tables', function()
    assert.equal('a=1 b=2 | 1 2 3 | 1=x 2=y', answer [[
      return function()
        local lines = {}
        local ordered = setmetatable({}, { __pairs = function()
          local names, i = { 'a', 'b' }, 0
          return function() i = i + 1 if names[i] then return names[i], i end end
        end })
        for k, v in pairs(ordered) do lines[#lines + 1] = k .. '=' .. v end
        lines[#lines + 1] = '|'
        local counting = setmetatable({}, { __index = function(_, i)
          if i <= 3 then return i end
        end })
        for _, v in ipairs(counting) do lines[#lines + 1] = v end
        lines[#lines + 1] = '|'
        for k, v in pairs { 'x', 'y' } do lines[#lines + 1] = k .. '=' .. v end
        return table.concat(lines, ' ')
      end]])
  end)
end)

describe('require', function()
  it('finds the modules of the site, once a thread, and those they require', function()
    local tide = gate.serve { site = { workers = 1 },
      routes = { { 'GET /a', 'a.lua' }, { 'GET /b', 'b.lua' } },
      scripts = {
        ['a.lua'] = "local m = require 'deep.counter' return function() return m.next() end",
        ['b.lua'] = "local m = require 'deep.counter' return function() return m.next() end" },
      files = {
        ['lua/deep/counter.lua'] = [[
          local name = ...
          local prefix = require 'prefix'
          local counter, n = {}, 0
          function counter.next() n = n + 1 return prefix .. name .. n end
          return counter]],
        ['lua/prefix/init.lua'] = "return '>'",
      } }
    assert.equal('>deep.counter1', tide:get('/a').body)
    assert.equal('>deep.counter2', tide:get('/b').body) -- upvalues live on, for all scripts
    assert.equal('>deep.counter3', tide:get('/a').body)
    tide:stop()
  end)

  it('finds those of package_path, below the site or elsewhere', function()
    local tide = gate.serve { site = { workers = 2, package_path = 'vendor/?.lua;libs/?/main.lua' },
      script = "local x, y = require 'x', require 'y.z' return function() return x .. y end",
      files = { ['vendor/x.lua'] = "return 'x'", ['libs/y/z/main.lua'] = "return 'z'" } }
    assert.equal('xz', tide:get('/').body)
    tide:stop()
  end)

  it('gives true for a module that returns nothing', function()
    assert.equal('true', answer("return function() return tostring(require 'empty') end",
      { files = { ['lua/empty.lua'] = '' } }))
  end)

  it('says what it tried', function()
    local result = gate.command('check', { site = { package_path = 'vendor/?.lua' },
      script = "\nlocal x = require 'no.where'\nreturn function() return x end" })
    assert.equal(1, result.status)
    assert.matches("main.lua:2: module 'no.where' not found; tried %S+/lua/no/where.lua, " ..
      '%S+/lua/no/where/init.lua, %S+/vendor/no/where.lua', result.err)
  end)

  it('refuses names that lead elsewhere', function()
    for _, name in ipairs { '../x', 'a..b', '/etc/passwd', '.x', 'a/b', '', 'a%', 'a\\0b' } do
      local result = gate.command('check',
        { script = ('local x = require "%s" return x'):format(name),
          files = { ['lua/x.lua'] = 'return 1' } })
      assert.equal(1, result.status)
      assert.matches('main.lua:1: bad module name', result.err)
    end
    local result = gate.command('check', { script = 'local x = require(nil) return x' })
    assert.matches("main.lua:1: bad module name 'nil'", result.err)
  end)

  it('ends a circle with an error, and says where a module is wrong', function()
    local circle = gate.command('check', { script = "local a = require 'a' return function() end",
      files = { ['lua/a.lua'] = "\nreturn require 'b'",
        ['lua/b.lua'] = "\n\nlocal a = require 'a' return a" } })
    assert.equal(1, circle.status)
    assert.matches("b.lua:3: module 'a' requires itself", circle.err)
    local broken = gate.command('check', { script = "local a = require 'a' return function() end",
      files = { ['lua/a.lua'] = '\n\nlocal = 1' } })
    assert.matches("lua/a.lua:3: ", broken.err)
    local raising = gate.command('check', { script = "local a = require 'a' return function() end",
      files = { ['lua/a.lua'] = "\nerror('no')" } })
    assert.matches('lua/a.lua:2: no', raising.err)
  end)

  it('tries again after a failure', function()
    local tide = serve([[
      return function(req)
        local ok, reason = pcall(require, 'sometimes')
        return tostring(ok) .. ' ' .. tostring(reason)
      end]], { site = { workers = 1 }, files = { ['lua/sometimes.lua'] = "error('not now', 0)" } })
    assert.equal('false not now', tide:get('/').body)
    assert.equal('false not now', tide:get('/').body)
    tide:stop()
  end)

  it('lets no module wait while it loads', function()
    local tide = serve([[
      return function() return select(2, pcall(require, 'slow')) end]],
      { files = { ['lua/slow.lua'] = "require('tidegate').sleep(0.01)" } })
    assert.matches("slow.lua:1: 'tg.sleep' waits, so it can't be called", tide:get('/').body)
    tide:stop()
  end)

  it('gives cjson, each time with a configuration of its own', function()
    assert.equal('[1,2] {"2":1} nil nil refused true', answer [[
      local cjson = require 'cjson'
      return function()
        local other = require 'cjson'
        other.encode_sparse_array(true, 1, 1)
        local sparse = pcall(cjson.encode, { [1000] = 1 }) and 'written' or 'refused'
        local new = other.new()
        return table.concat({ cjson.encode { 1, 2 }, other.encode { [2] = 1 },
          tostring(cjson.encode_keep_buffer), tostring(new.encode_keep_buffer), sparse,
          tostring(cjson.decode('{"a":[true]}').a[1]) }, ' ')
      end]])
  end)
end)
