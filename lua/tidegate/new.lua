-- `tidegate new`: a site to begin with, and routes for one that is there.
local core, arguments = ...

local insert, concat = table.insert, table.concat
local files = core.library 'files' (core)
local complain, exists, read, write, write_all =
  files.complain, files.exists, files.read, files.write, files.write_all

local usage = [[
usage: tidegate new DIR
       tidegate new route 'METHOD /path/{name}' [SITE]

The first makes a folder with a site of one route, its spec and a README. The second adds a route
to a site, the one you are in when none is named: a line of site.lua, a script and its spec. Nothing
that is there is written over.
]]

local site_lua = [[
-- What is served, and which backends its scripts may ask.
return {
  listen = { 'http://127.0.0.1:8080' },

  backends = {
    people = { env('PEOPLE_URL', 'http://127.0.0.1:9000'), timeout = 2 },
  },

  routes = {
    { 'GET /greetings/{name}', 'routes/greetings.lua' },
  },
}
]]

local route_lua = [[
-- Greets a person in their language; without it, in English.
local tg = require 'tidegate'
local people = tg.backend 'people'

local words = { en = 'Hello', de = 'Moin', fr = 'Salut' }

return function(req)
  local name = req.params.name
  local res = people:get('/people/' .. tg.escape(name), { timeout = 0.5, expect = '2xx' })
  local person = res and res:json() or {}
  return tg.json { greeting = (words[person.language] or words.en) .. ', ' .. name .. '!' }
end
]]

local spec_lua = [[
local test = require 'tidegate.test'

describe('GET /greetings/{name}', function()
  local site = test.site()
  local people = site.backend.people

  it('greets in the language of the person', function()
    people:on('GET /people/{name}', { json = { language = 'de' } })
    local res = site:get '/greetings/Ada'
    assert.response(res).has.status(200)
    assert.response(res).has.json { greeting = 'Moin, Ada!' }
    assert.backend(people).was.called(1)
  end)

  it('does not wait for long', function()
    people:on('GET /people/{name}', { json = { language = 'de' }, after = 30 })
    local res = site:get '/greetings/Ada'
    assert.response(res).has.json { greeting = 'Hello, Ada!' }
    assert.response(res).took(0.5)
  end)

  it('greets whatever the backend does', function()
    people:on('GET /people/{name}', { json = { language = 'de' } })
    test.each_fault(site, '/greetings/Ada', function(_, res)
      assert.response(res).has.json { greeting = 'Hello, Ada!' }
    end)
  end)
end)
]]

local readme = [[
# %s

A site for tidegate.

    tidegate test .      # its specs, in virtual time and without a network
    tidegate check .     # reads everything strictly
    tidegate run .       # serves it on http://127.0.0.1:8080

`site.lua` says what is served, `routes/` has one script per route, `spec/` their specs. This adds
a route:

    tidegate new route 'GET /things/{id}'

The workflow in `.github/` builds tidegate from the repository whose URL stands in the variable
`TIDEGATE_REPOSITORY` of the project on GitHub, and runs the specs.
]]

local workflow = [[
name: specs
on: [push, pull_request]
jobs:
  specs:
    runs-on: ubuntu-latest
    container: debian:12
    steps:
      - run: apt-get update && apt-get install -y git ca-certificates lua-busted
      - uses: actions/checkout@v4
      - run: git clone --depth 1 "$TIDEGATE_REPOSITORY" /opt/tidegate && /opt/tidegate/dev build
        env:
          TIDEGATE_REPOSITORY: ${{ vars.TIDEGATE_REPOSITORY }}
      - run: /opt/tidegate/build/release/tidegate test .
]]

local function new_site(folder)
  local ok, problem = write_all(folder, {
    { 'site.lua', site_lua },
    { 'routes/greetings.lua', route_lua },
    { 'spec/greetings_spec.lua', spec_lua },
    { 'README.md', readme:format(folder:match '[^/]+$' or folder) },
    { '.luarc.json', files.luarc() },
    { '.github/workflows/specs.yml', workflow },
  })
  if not ok then return complain(problem) end
  print(('\nnow try:\n  tidegate test %s\n  tidegate run %s'):format(folder, folder))
  return 0
end

-- Routes.

local function file_name(method, path)
  local words = {}
  for segment in path:gmatch '[^/]+' do
    local word = segment:gsub('[^%w]+', '_'):gsub('^_+', ''):gsub('_+$', ''):lower()
    if segment:sub(1, 1) ~= '{' and word ~= '' then insert(words, word) end
  end
  if #words == 0 then insert(words, 'root') end
  if method ~= 'GET' then insert(words, method:lower()) end
  return concat(words, '_')
end

local function names_of(path)
  local names = {}
  for name in path:gmatch '{([%w_]+)%.*}' do insert(names, name) end
  return names
end

local function route_text(pattern, path)
  local names, lines = names_of(path), {}
  for _, name in ipairs(names) do insert(lines, ('%s = req.params.%s'):format(name, name)) end
  return ([[
-- %s
local tg = require 'tidegate'

return function(%s)
  return tg.json { %s }
end
]]):format(pattern, #names > 0 and 'req' or '', #lines > 0 and concat(lines, ', ') or 'ok = true')
end

local functions = { GET = 'get', POST = 'post', PUT = 'put', PATCH = 'patch', DELETE = 'delete',
  ANY = 'get' }

local function spec_text(pattern, method, path)
  local sample = path:gsub('{([%w_]+)(%.*)}', '1')
  local members = {}
  for _, name in ipairs(names_of(path)) do insert(members, name .. " = '1'") end
  local send = functions[method] and ("site:%s '%s'"):format(functions[method], sample)
    or ("site:request { method = '%s', path = '%s' }"):format(method, sample)
  local expected = #members > 0 and concat(members, ', ') or 'ok = true'
  local json = ('    assert.response(res).has.json { %s }\n'):format(expected)
  return ([[
local test = require 'tidegate.test'

describe('%s', function()
  local site = test.site()

  it('answers', function()
    local res = %s
    assert.response(res).has.status(200)
%s  end)
end)
]]):format(pattern, send, (method == 'HEAD' or method == 'OPTIONS') and '' or json)
end

-- site.lua with one more line at the head of its routes.
local function with_route(text, line)
  local before, after = text:match '^(.-\n%s*routes%s*=%s*{)(.*)$'
  if not before then return nil end
  return before .. '\n    ' .. line .. (after:match '^%s*\n' and after or '\n   ' .. after)
end

local function new_route(pattern, site)
  local method, path = pattern:match '^(%u+) (/%S*)$'
  if not method or path:find "['\\]" then
    return complain(("a route is 'METHOD /path/{name}', not '%s'"):format(pattern), 2)
  end
  if not exists(site .. '/site.lua') then
    return complain(site .. ' is no site: there is no ' .. site .. '/site.lua')
  end
  local name = file_name(method, path)
  local script = ('routes/%s.lua'):format(name)
  local before = read(site .. '/site.lua')
  local text = with_route(before, ("{ '%s', '%s' },"):format(pattern, script))
  if not text then
    return complain(("%s/site.lua has no line 'routes = {' to add to"):format(site))
  end
  local ok, problem = write_all(site, { { script, route_text(pattern, path) },
    { ('spec/%s_spec.lua'):format(name), spec_text(pattern, method, path) } })
  if not ok then return complain(problem) end
  write(site .. '/site.lua', text)
  local found, problems = core.read(site)
  if not found then
    write(site .. '/site.lua', before)
    os.remove(site .. '/' .. script)
    os.remove(('%s/spec/%s_spec.lua'):format(site, name))
    return complain('nothing was changed:\n' .. problems:gsub('%s+$', ''))
  end
  found:close()
  print(('added to %s/site.lua\n\nnow try:\n  tidegate test %s'):format(site, site))
  return 0
end

local first = arguments[1]
if first == '--help' or first == '-h' then
  io.stdout:write(usage)
  return 0
end
for _, word in ipairs(arguments) do
  if word:sub(1, 1) == '-' then
    return complain(("unknown option '%s'; see tidegate new --help"):format(word), 2)
  end
end
if first == 'route' and arguments[2] and #arguments <= 3 then
  local site = (arguments[3] or '.'):gsub('(.)/+$', '%1')
  return new_route(arguments[2], site)
end
if first and first ~= 'route' and #arguments == 1 then
  return new_site((first:gsub('(.)/+$', '%1')))
end
io.stderr:write(usage)
return 2
