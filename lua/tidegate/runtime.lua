-- What is said once a request: runs a route's scripts, and lets the waiting calls wait.
-- Called once per state with C functions, the table of calls (tg) and the sandbox's helpers.
local native, tg, sandbox = ...

local take, begin = native.take, native.begin
local finish, finish_built = native.finish, native.finish_built
local lock = sandbox.lock
local setmetatable, getmetatable, rawset, rawget = setmetatable, getmetatable, rawset, rawget

-- A call that may wait: `start` yields, and what it is resumed for is taken inside the coroutine.
local function waiting(start)
  return function(a, b, c, d) return take(start(a, b, c, d)) end
end

local look = waiting(native.look)
-- A call that decodes: what is big comes as a decoding that is done in turns.
local step = native.decode_step

local function in_turns(start)
  return function(a, b)
    local value, err, decoding = start(a, b)
    if not decoding then return value, err end
    local more
    repeat more, value, err = step(decoding) until not more
    return value, err
  end
end

tg.sleep, tg.gather, tg.race = waiting(tg.sleep), waiting(tg.gather), waiting(tg.race)

local methods = tg.backend_methods
tg.backend_methods = nil
for _, name in ipairs { 'request', 'get', 'head', 'post', 'put', 'patch', 'delete', 'options',
  'forward' } do
  methods[name] = waiting(methods[name])
end

-- What a backend answered: the body of a streamed one is read whole when a script looks at it.
local responses = tg.backend_responses
tg.backend_responses = nil
local read_rest, next_piece = waiting(responses.rest), waiting(responses.piece)
local is_whole, begin_pieces = responses.is_whole, responses.begin_pieces
local whole_methods, late_methods = responses.methods, {}

-- Big bodies are converted off the loop, and decoded in turns.
for _, body in ipairs { tg.request_methods, whole_methods } do
  body.to_json, body.to_xml = waiting(body.to_json), waiting(body.to_xml)
  body.json, body.xml = in_turns(body.json), in_turns(waiting(body.xml))
end
tg.request_methods = nil
tg.json.decode, tg.xml.decode = in_turns(tg.json.decode), in_turns(waiting(tg.xml.decode))
tg.convert.xml_to_json = waiting(tg.convert.xml_to_json)
tg.convert.json_to_xml = waiting(tg.convert.json_to_xml)

for name, method in pairs(whole_methods) do
  late_methods[name] = function(res, opts)
    if not is_whole(res) then
      local ok, err = read_rest(res)
      if not ok then return nil, err end
    end
    return method(res, opts)
  end
end

function whole_methods.chunks(res)
  local body = res.body
  return function()
    local piece = body
    body = nil
    return piece ~= '' and piece or nil
  end
end

function late_methods.chunks(res)
  if is_whole(res) then return whole_methods.chunks(res) end
  begin_pieces(res)
  return function() return next_piece(res) end
end

local get = responses.streamed.__index
local function late_index(res, key)
  if late_methods[key] then return late_methods[key] end
  if key == 'body' and not is_whole(res) then
    local ok, err = read_rest(res)
    if not ok then error(err, 0) end
  end
  return get(res, key)
end
responses.streamed.__index, responses.light_streamed.__index = late_index, late_index

-- The headers of a response are made when somebody looks at them.
local kinds, kind_of = native.response_kinds, {}
for kind, meta in ipairs(kinds) do
  kind_of[meta.__metatable] = kind
  local content_type = meta.type
  meta.__index = function(response, key)
    if key ~= 'headers' then return nil end
    local headers = { ['content-type'] = content_type }
    rawset(response, 'headers', headers)
    return headers
  end
end

local encode, json_response, json_kind = native.encode_json, native.json_response, kinds[2]

tg.json = lock(tg.json, 'tg.json', function(_, value, opts)
  if opts ~= nil then return json_response(value, opts) end
  return setmetatable({ status = 200, body = encode(value) }, json_kind)
end)

function native.schema_methods.json_schema(schema, opts)
  native.json_schema_shapes = native.json_schema_shapes or native.library 'shapes' (native, tg)
  return native.json_schema_shapes.document(schema, native.schema_options(schema, opts))
end

tg.soap = lock(native.soap(native, tg, sandbox), 'tg.soap')
local xml_response = native.xml_response
tg.xml = lock(tg.xml, 'tg.xml', function(_, value, opts) return xml_response(value, opts) end)
-- tg.cache:get(key, opts, load): one `load` at a time makes what many ask for.
local natives = tg.cache_natives
tg.cache_natives = nil
local begin_load, end_load, fail_load =
  waiting(natives.begin_load), natives.end_load, natives.fail_load
local pcall = sandbox.pcall

function tg.cache.get(cache, key, opts, load)
  if load == nil and type(opts) == 'function' then opts, load = nil, opts end
  if load ~= nil and type(load) ~= 'function' then
    error("bad argument #3 to 'tg.cache:get' (function expected, got " .. type(load) .. ')', 2)
  end
  local lead, found = begin_load(cache, key, opts, load ~= nil)
  if not lead then return found end
  local well, value, err = pcall(load)
  if not well or value == nil and err ~= nil then
    local has, stale = fail_load(lead)
    if has then return stale end
    if not well then error(value, 0) end
    return nil, err
  end
  end_load(lead, value)
  return value
end

for _, name in ipairs { 'convert', 'base64', 'hash', 'log', 'cache' } do
  if tg[name] then tg[name] = lock(tg[name], 'tg.' .. name) end
end

-- Runs the scripts of a route, the last of them its own; the first that returns something answers.
-- The cache is asked before the last: what may refuse a request comes first. Gives the answer and
-- whose it is, or nothing when the cache has one. A script that ends with a call that fails is not
-- on the stack any more: script/report.c finds it as `script`, here and below.
local function run_chain(req, route, chain, looks)
  local count = #chain
  for i = 1, count do
    if looks and i == count and look() then return end
    local script = chain[i]
    local answer = script(req, route)
    if answer ~= nil then return answer, i end
  end
  return nil, count
end

local function serve()
  local req, route, script, chain, looks = begin()
  local answer, i
  if script then
    answer, i = script(req, route), 1
  else
    answer, i = run_chain(req, route, chain, looks)
    if not i then return end
  end
  local kind = kind_of[getmetatable(answer)]
  if not kind or type(answer) ~= 'table' then return finish(answer, i) end
  return finish_built(kind, rawget(answer, 'status'), rawget(answer, 'headers'),
    rawget(answer, 'body'), rawget(answer, 'cache'))
end

-- Calls a body's function for one chunk after the other, as the client takes them.
local give = waiting(native.give)

local function produce(producer, script)
  local chunk = script()
  while chunk ~= nil do
    if chunk ~= '' then give(producer, chunk) end
    chunk = script()
  end
end

return { serve = serve, produce = produce, tg = tg }
