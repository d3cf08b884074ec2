-- Builds what scripts see: the safe part of Lua's library and our own coroutine, pcall, pairs and
-- require.
-- Called once per state with C functions, the site's options and the table of calls (tg);
-- returns the environment of all scripts and the function that loads one.
local native, options, tg = ...

local error, type, next, tostring = error, type, next, tostring
local setmetatable, setfenv = setmetatable, setfenv
local getmetatable = getmetatable
local debug_getmetatable = debug.getmetatable
local insert, concat = table.insert, table.concat
local newproxy = newproxy

local raise = native.raise -- an error at the line of the script that called

-- A read-only face of a table: what stands behind it is shared by all scripts of the state.
local function lock(table, name, call)
  local face = newproxy(true)
  local meta = getmetatable(face)
  meta.__index = table
  meta.__newindex = function(_, key)
    raise(("%s can't be changed (tried to set '%s')"):format(name, tostring(key)))
  end
  meta.__pairs = function()
    return function(_, key) return next(table, key) end, face, nil
  end
  meta.__call = call
  meta.__tostring = function() return name end
  meta.__metatable = 'locked'
  return face
end

local function pick(from, names)
  local picked = {}
  for name in names:gmatch('%S+') do picked[name] = from[name] end
  return picked
end

local base = pick(_G, [[_VERSION assert error getmetatable next rawequal rawget rawset select
  setmetatable tostring type unpack]])

-- Errors: what stops a script can't be swallowed.
local check = native.check
local native_pcall, native_xpcall = pcall, xpcall

function base.pcall(...) return check(native_pcall(...)) end

function base.xpcall(f, handler, ...)
  if type(handler) ~= 'function' then return check(native_xpcall(f, handler, ...)) end
  return check(native_xpcall(f, function(...)
    check()
    return handler(...)
  end, ...))
end

-- Coroutines of the script's own, through which waits and slices pass.
local resume_start, resume_end = native.resume_start, native.resume_end
local create, native_status, busy = coroutine.create, coroutine.status, native.busy

local function resume(co, ...) return resume_end(resume_start(co, ...)) end

local function unwrap(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

local function wrap(f)
  local co = create(f)
  return function(...) return unwrap(resume_end(resume_start(co, ...))) end
end

local function status(co)
  if busy(co) then return 'normal' end
  return native_status(co)
end

base.coroutine = lock({
  create = create, resume = resume, wrap = wrap, status = status, yield = native.yield,
  running = native.running, isyieldable = native.isyieldable,
}, 'coroutine')

base.pairs, base.ipairs, base.tonumber, base.print =
  native.pairs, native.ipairs, native.tonumber, native.print

base.string = lock(pick(string, [[byte char find format gmatch gsub len lower match rep reverse
  sub upper]]), 'string')
base.table = lock(pick(table, 'concat insert maxn remove sort move'), 'table')
base.math = lock(pick(math, [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge
  ldexp log log10 max min modf pi pow rad random randomseed sin sinh sqrt tan tanh]]), 'math')
base.bit = lock(pick(bit, [[arshift band bnot bor bswap bxor lshift rol ror rshift tobit
  tohex]]), 'bit')
base.os = lock(pick(os, 'clock date difftime time'), 'os')

-- The metatable of strings leads to the real library; scripts see neither.
if not options.is_own then
  local strings = debug_getmetatable('')
  strings.__index = pick(string, [[byte char find format gmatch gsub len lower match rep reverse
    sub upper]])
  strings.__metatable = 'locked'
end

-- Globals: empty, so that every write is noticed.
local env = setmetatable({}, {
  __index = base,
  __newindex = function(_, name)
    raise(("a script can't set the global '%s'; make it local"):format(tostring(name)))
  end,
  __metatable = 'locked',
})
base._G = lock(base, '_G')

-- Text to function; never bytecode.
local compile = native.compile

local function compile_here(text, name, scope)
  local f, message = compile(text, name)
  if not f then return nil, message end
  return setfenv(f, scope or env)
end

local function gather(read)
  local pieces = {}
  for piece in read do
    if type(piece) ~= 'string' then raise 'reader function must return a string' end
    if piece == '' then break end
    insert(pieces, piece)
  end
  return concat(pieces)
end

function base.load(chunk, name, mode, scope)
  if mode ~= nil and mode ~= 't' and mode ~= 'bt' then
    return nil, "only text can be loaded (mode 't')"
  end
  if type(chunk) == 'function' then chunk = gather(chunk) end
  if type(chunk) ~= 'string' then raise 'string or function expected' end
  return compile_here(chunk, name or chunk, scope)
end

function base.loadstring(text, name) return compile_here(text, name or text) end

-- Modules: tidegate, cjson, the site's lua/, and the templates of its package_path.
local loaded, loading = {}, {}
local tidegate = lock(tg, 'tidegate')
loaded.tidegate = tidegate

local templates = { 'lua/?.lua', 'lua/?/init.lua' }
for template in (options.package_path or ''):gmatch('[^;]+') do insert(templates, template) end

local read = native.read

-- A module loads in one go: neither a wait nor a slice lets another request see it half done.
local whole = native.whole

-- A file as a function, or nil and why not; nil alone: there is no such file.
local recall, keep = native.recall, native.keep

local function compile_file(full)
  local known = recall('@' .. full)
  if known then return setfenv(known, env) end
  local text = read(full)
  if not text then return nil, nil end
  local chunk, message = compile_here(text, '@' .. full)
  if chunk then keep('@' .. full, chunk) end
  return chunk, message
end

local function find(name)
  local tried = {}
  for _, template in ipairs(templates) do
    local path = template:gsub('%?', (name:gsub('%.', '/')))
    local full = path:sub(1, 1) == '/' and path or options.root .. '/' .. path
    local chunk, message = compile_file(full)
    if chunk then return chunk end
    if message then error(message, 0) end
    insert(tried, full)
  end
  raise(("module '%s' not found; tried %s"):format(name, concat(tried, ', ')))
end

-- Each require gives an instance with a configuration of its own. Its buffer must not be kept.
local function load_cjson()
  local cjson = native.cjson()
  cjson.encode_keep_buffer, cjson.new = nil, load_cjson
  return cjson
end

function base.require(name)
  if type(name) ~= 'string' or not name:find('^[%w_%-][%w_%-%.]*$') or name:find('..', 1, true) then
    raise(("bad module name '%s'"):format(tostring(name)))
  end
  if loaded[name] ~= nil then return loaded[name] end
  if name == 'cjson' then return load_cjson() end
  if loading[name] then raise(("module '%s' requires itself"):format(name)) end
  local chunk = find(name)
  local ok, module = whole(chunk, name, loading)
  check()
  if not ok then error(module, 0) end
  loaded[name] = module == nil and true or module
  return loaded[name]
end

-- Loads a route's script: the function it returns. What it says of itself behind that is checked.
local scripts, abouts = {}, {}

local function load_script(path)
  if scripts[path] then return scripts[path] end
  local full = path:sub(1, 1) == '/' and path or options.root .. '/' .. path
  local chunk, message = compile_file(full)
  if not chunk then error(message or ("%s: can't be read"):format(full), 0) end
  local handler, about = chunk()
  if type(handler) ~= 'function' then
    error(("%s: a script returns a function, this one returned %s"):format(full,
      handler == nil and 'nothing' or 'a ' .. type(handler)), 0)
  end
  if about ~= nil then abouts[path] = native.library 'about' (native.pairs)(full, about) end
  scripts[path] = handler
  return handler
end

-- A route's own table, written as a Lua expression by the site's reader.
local function load_table(text) return compile('return ' .. text, '=route')() end


-- How many of its arguments, the request and the route's table, a handler looks at; most take one.
local funcinfo = require('jit.util').funcinfo

local function takes(handler)
  local info = funcinfo(handler)
  return (info.params == nil or info.isvararg) and 2 or info.params
end

return env, {
  load_script = load_script, load_table = load_table, takes = takes, lock = lock,
  abouts = abouts, pairs = base.pairs, pcall = base.pcall,
}
