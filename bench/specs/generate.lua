-- Generates a site of 100 routes with their specs, and the same specs with empty functions:
--   luajit bench/specs/generate.lua FOLDER SPECS
local folder, count = assert(arg[1], 'a folder'), tonumber(arg[2] or 300)

local ROUTES, FILES = 100, 20

local function write(path, ...)
  local file = assert(io.open(folder .. '/' .. path, 'w'))
  file:write(...)
  file:close()
end

local SCRIPT = [[
local tg = require 'tidegate'
local names = require 'names'
return function(req)
  local res = assert(tg.backend 'crm':get('/items/' .. req.params.id))
  return tg.json { route = %d, name = names.of(res:json()) }
end
]]

local SPEC = [[
  it('answers %d', function()
    crm:on('GET /items/%d', { json = { name = 'item %d' } })
    local res = site:get '/r%d/%d'
    assert.response(res).has.status(200)
    assert.response(res).has.json { route = %d, name = 'item %d' }
  end)
]]

os.execute(("mkdir -p '%s/site/lua' '%s/site/spec' '%s/empty'"):format(folder, folder, folder))
local routes = {}
for i = 1, ROUTES do
  routes[i] = ("{ 'GET /r%d/{id}', 'r%d.lua' },"):format(i, i)
  write(('site/r%d.lua'):format(i), SCRIPT:format(i))
end
write('site/lua/names.lua', 'return { of = function(item) return item.name end }\n')
write('site/site.lua', "return { backends = { crm = 'http://127.0.0.1:9' }, routes = {\n",
  table.concat(routes, '\n'), '\n} }\n')

for file = 1, FILES do
  local specs, empty = {}, {}
  for i = file, count, FILES do
    local route = (i - 1) % ROUTES + 1
    specs[#specs + 1] = SPEC:format(i, i, i, route, i, route, i)
    empty[#empty + 1] = ("  it('answers %d', function() end)\n"):format(i)
  end
  write(('site/spec/f%d_spec.lua'):format(file), "local test = require 'tidegate.test'\n",
    "describe('file ", file, "', function()\n  local site = test.site()\n",
    '  local crm = site.backend.crm\n', table.concat(specs), 'end)\n')
  write(('empty/f%d_spec.lua'):format(file), "describe('file ", file, "', function()\n",
    table.concat(empty), 'end)\n')
end
