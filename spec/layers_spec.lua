-- The rooms of src/: includes point down only, each foreign library stays where it belongs, and
-- src/README.md names every file: as `net/timer.[ch]`, or as `net/phr.h` and the like.
local layer = { base = 0, http = 1, codec = 1, net = 2, store = 2, tool = 2, tier = 3, script = 3,
  api = 4, gate = 5, module = 5, test = 6, master = 6, main = 7 }

-- Who may include a library's headers directly: a room, or a file.
local libraries = {
  ['a header of Lua'] = { '^lua%.h', '^lauxlib%.h', '^lualib%.h', '^luajit%.h',
    allowed = { 'script/', 'api/', 'module/', 'gate/site.c', 'gate/site_backend.c',
      'gate/site_cache.c', 'gate/site_checks.c', 'gate/site_codec.c', 'gate/site_route.c',
      'gate/site_table.c', 'gate/site_tier.c', 'gate/site_tls.c', 'gate/scripts.c',
      'gate/document.c', 'test/' } },
  ['libxml2'] = { '^libxml/', allowed = { 'codec/' } },
  ['OpenSSL'] = { '^openssl/', allowed = { 'base/crypto.c', 'net/', 'gate/listener.c' } },
  ['hiredis'] = { '^hiredis/', allowed = { 'net/', 'store/' } },
  ['h2o'] = { '^h2o', allowed = { 'net/', 'store/', 'tier/', 'script/', 'api/', 'gate/',
    'test/' } },
}

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function sources()
  return lines_of "cd src && find . -name '*.[ch]' | sed 's|^./||' | sort"
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read '*a'
  file:close()
  return text
end

local function room_of(path) return path:match '^(%w+)/' or path:match '^(main)%.c$' end

local function below(from, to)
  if from == to then return true end
  return layer[to] ~= nil and layer[to] < layer[from]
end

-- Calls check(path, line, what, quoted) for every include of src/.
local function each_include(check)
  local count = 0
  for _, path in ipairs(sources()) do
    local number = 0
    for line in io.lines('src/' .. path) do
      number = number + 1
      local mark, what = line:match '^%s*#%s*include%s*([<"])([^>"]+)'
      if what then
        count = count + 1
        check(path, number, what, mark == '"')
      end
    end
  end
  return count
end

local function permitted(path, allowed)
  for _, place in ipairs(allowed) do
    if path == place or (place:sub(-1) == '/' and path:sub(1, #place) == place) then return true end
  end
  return false
end

describe('the rooms of src/', function()
  it('are those of the table', function()
    for _, path in ipairs(sources()) do
      local room = room_of(path)
      assert(room and layer[room], path .. ' stands in no room')
    end
  end)

  it('include only what is below them', function()
    local wrong = {}
    local count = each_include(function(path, number, what, quoted)
      local to = what:match '^(%w+)/'
      if quoted and not (to and below(room_of(path), to)) then
        wrong[#wrong + 1] = ('src/%s:%d must not include %s'):format(path, number, what)
      end
    end)
    assert(count > 0, 'no include was found')
    assert.same({}, wrong)
  end)

  for name, library in pairs(libraries) do
    it('keep ' .. name .. ' where it belongs', function()
      local wrong = {}
      each_include(function(path, number, what)
        for _, pattern in ipairs(library) do
          if what:find(pattern) and not permitted(path, library.allowed) then
            wrong[#wrong + 1] = ('src/%s:%d must not include <%s>'):format(path, number, what)
          end
        end
      end)
      assert.same({}, wrong)
    end)
  end
end)

describe('the map in src/README.md', function()
  local function named()
    local names = {}
    for token in read('src/README.md'):gmatch '`([^`\n]+)`' do
      local stem = token:match '^([%w_/]+)%.%[ch%]$'
      if stem then
        names[stem .. '.c'], names[stem .. '.h'] = true, true
      elseif token:find '^[%w_/]+%.[ch]$' then
        names[token] = true
      end
    end
    return names
  end

  it('names every file', function()
    local names, missing = named(), {}
    for _, path in ipairs(sources()) do
      if not names[path] then missing[#missing + 1] = path end
    end
    assert.same({}, missing)
  end)

  it('names no file that is not there', function()
    local there, stale = {}, {}
    for _, path in ipairs(sources()) do there[path] = true end
    for name in pairs(named()) do
      if name:find '/' and not there[name] then stale[#stale + 1] = name end
    end
    assert.same({}, stale)
  end)
end)
