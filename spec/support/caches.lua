-- Cases for cache = 'http': each request says itself what the backend answers, should it be asked.
--
--   local caches = require 'spec.support.caches'
--   local cache = caches.serve()                      once a file; cache:stop() at its end
--   local case = cache:case()                         a path of its own
--   case:get({ 'cache-control: max-age=60' })         the fields of the backend's answer
--   case:get({ … }, { accept = 'a/b' })               ... and of the request
--   case:ask { method = 'PUT', answer = { status = '204 No Content' } }
--   case:asked()                                      what the backend was asked for this path
--
-- Bodies count the requests of a case, so that the body of a hit tells which of them it answered
-- first. One with `is` is a 304 to a request whose If-None-Match or If-Modified-Since is that.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

local caches = {}
local Cache, Case = {}, {}
Cache.__index, Case.__index = Cache, Case

local function head_of(answer, status)
  local lines = { 'HTTP/1.1 ' .. status }
  for _, field in ipairs(answer.fields) do lines[#lines + 1] = field end
  return table.concat(lines, '\r\n') .. '\r\n'
end

local function validates(answer, headers)
  return answer.is and (headers['if-none-match'] == answer.is or
    not headers['if-none-match'] and headers['if-modified-since'] == answer.is)
end

-- Runs in the backend.
local function answer_of(request)
  local answer = cjson.decode(request.headers['x-answer'])
  if answer.fails then return { reset = true } end
  if validates(answer, request.headers) then
    return head_of(answer, '304 Not Modified') .. '\r\n'
  end
  local head = (answer.interim or '') .. head_of(answer, answer.status or '200 OK')
  if answer.raw then return { head .. answer.raw, close = true } end
  local bytes = head .. ('content-length: %d\r\n\r\n'):format(#answer.body)
  if request.method ~= 'HEAD' then bytes = bytes .. answer.body end
  return { bytes, delay = answer.delay }
end

function caches.serve(route)
  local shop = upstream { default = answer_of }
  local tide = gate.serve { site = { workers = 1 },
    backends = { shop = { shop.url, eject = false } },
    routes = { route or { 'ANY /{path...}', backend = 'shop', cache = 'http' } } }
  return setmetatable({ shop = shop, tide = tide, cases = 0 }, Cache)
end

function Cache:stop()
  self.tide:stop()
  self.shop:stop()
end

function Cache:case()
  self.cases = self.cases + 1
  return setmetatable({ cache = self, path = '/case-' .. self.cases, count = 0 }, Case)
end

-- `request` may have path, method, headers, body, and answer: { fields…, status =, body =, is = }.
function Case:ask(request)
  self.count = self.count + 1
  local answer = { fields = {}, body = tostring(self.count) }
  for key, value in pairs(request.answer or {}) do
    if type(key) == 'number' then answer.fields[key] = value else answer[key] = value end
  end
  local headers = { { 'x-answer', cjson.encode(answer) } }
  for name, value in pairs(request.headers or {}) do
    if type(name) == 'number' then headers[#headers + 1] = value
    else headers[#headers + 1] = { name, value } end
  end
  return self.cache.tide:request { method = request.method or 'GET', headers = headers,
    path = request.path or self.path .. (request.query or ''), body = request.body }
end

function Case:get(answer, headers, query)
  return self:ask { answer = answer, headers = headers, query = query }
end

function Case:asked()
  local list = {}
  for _, request in ipairs(self.cache.shop:requests()) do
    if request.path == self.path then list[#list + 1] = request end
  end
  return list
end

-- Whether the first answer is given to the second request too.
function Case:reuses(answer, first, second)
  self:get(answer, first)
  return self:get(answer, second or first).body == '1'
end

return caches
