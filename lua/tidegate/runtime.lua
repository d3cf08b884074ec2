-- What is said once a request: runs a route's scripts, and lets the waiting calls wait.
-- Called once per state with C functions, the table of calls (tg) and the sandbox's helpers.
local native, tg, sandbox = ...

local take, begin, finish = native.take, native.begin, native.finish
local lock = sandbox.lock
local setmetatable, rawset = setmetatable, rawset

-- A call that may wait: `start` yields, and what it is resumed for is taken inside the coroutine.
local function waiting(start)
  return function(a, b, c) return take(start(a, b, c)) end
end

tg.sleep, tg.gather, tg.race = waiting(tg.sleep), waiting(tg.gather), waiting(tg.race)

local methods = tg.backend_methods
tg.backend_methods = nil
for _, name in ipairs { 'request', 'get', 'head', 'post', 'put', 'patch', 'delete', 'options' } do
  methods[name] = waiting(methods[name])
end

for _, body in ipairs { tg.request_methods, tg.response_methods } do
  body.to_json, body.to_xml = waiting(body.to_json), waiting(body.to_xml)
end
tg.request_methods, tg.response_methods = nil, nil
tg.convert.xml_to_json = waiting(tg.convert.xml_to_json)
tg.convert.json_to_xml = waiting(tg.convert.json_to_xml)

-- The headers of a response are made when somebody looks at them.
local kinds = native.response_kinds
for _, meta in ipairs(kinds) do
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
local xml_response = native.xml_response
tg.xml = lock(tg.xml, 'tg.xml', function(_, value, opts) return xml_response(value, opts) end)
for _, name in ipairs { 'convert', 'base64', 'hash', 'log' } do
  if tg[name] then tg[name] = lock(tg[name], 'tg.' .. name) end
end

-- Runs the scripts of a route, the last of them its own; the first that returns something answers.
local function serve(handle)
  local req, chain, route = begin(handle)
  for i = 1, #chain do
    local answer = chain[i](req, route)
    if answer ~= nil then return finish(handle, answer, i) end
  end
  return finish(handle, nil, #chain)
end

return { serve = serve }
