-- What a spec sends to its site, and what it gets.
local http, tg, raise = ...

local insert = table.insert

-- Responses.

local Response = {}
Response.__index = Response

function Response:json() return tg.try(tg.json.decode(self.body)) end
function Response:xml(opts) return tg.try(tg.xml.decode(self.body, opts)) end
function Response:all(name) return self.headers:all(name) end

-- What the Cache-Status field says (RFC 9211): 'hit', or why the request went forward.
local function cache_state(headers)
  local text = headers['cache-status']
  if not text then return nil end
  if text:find ';%s*hit' then return 'hit' end
  return text:match ';%s*fwd=([%w_-]+)' or text:match '^[^;]*;%s*([%w_-]+)'
end

-- Requests.

local request_keys = { method = true, path = true, query = true, headers = true, body = true,
  json = true, xml = true, form = true, client = true }

local function body_of(opts)
  if opts.json ~= nil then
    return type(opts.json) == 'string' and opts.json or tg.json.encode(opts.json),
      'application/json'
  end
  if opts.xml ~= nil then
    return type(opts.xml) == 'string' and opts.xml or tg.xml.encode(opts.xml), 'application/xml'
  end
  if opts.form ~= nil then
    return http.query_text(opts.form), 'application/x-www-form-urlencoded'
  end
  return opts.body
end

local function check_request(opts)
  if type(opts) ~= 'table' then raise 'a request is a table' end
  for key in pairs(opts) do
    if not request_keys[key] then
      raise(("a request has no '%s'; it has method, path, query, headers, body, json, xml, " ..
        'form, client'):format(tostring(key)))
    end
  end
  if type(opts.path) ~= 'string' or opts.path:sub(1, 1) ~= '/' then
    raise "a request needs a path that begins with '/'"
  end
end

local function bytes_of(opts)
  local body, content_type = body_of(opts)
  local target, added = opts.path, { { 'host', 'test' } }
  if opts.query then
    target = target .. (target:find('?', 1, true) and '&' or '?') .. http.query_text(opts.query)
  end
  if content_type then insert(added, { 'content-type', content_type }) end
  if body then insert(added, { 'content-length', #body }) end
  return http.bytes(('%s %s HTTP/1.1'):format(opts.method or 'GET', target),
    http.head(opts.headers, added), body)
end

-- One request on its way.
local Exchange = {}
Exchange.__index = Exchange

local function end_exchange(self, response, problem)
  self.peer:close()
  self.over, self.problem = true, problem
  if not response then return end
  self.response = setmetatable({ status = response.status, headers = response.headers,
    body = response.body, elapsed = self.site:_now() - self.began,
    cache = cache_state(response.headers) }, Response)
end

function Exchange:step()
  if self.over then return false end
  local moved = false
  if self.out then
    local n = self.peer:send(self.out, self.sent + 1)
    moved = n ~= 0
    self.sent = self.sent + (n or 0)
    if not n or self.sent == #self.out then self.out = nil end
  end
  local bytes = self.peer:receive()
  if bytes == '' then return moved end
  if not bytes then
    end_exchange(self, self.reader:close())
    return true
  end
  local response, problem = self.reader:feed(bytes)
  if response or problem then end_exchange(self, response, problem) end
  return true
end

local client = {}

--- Begins a request over a peer that `connect` gives for the client's address.
function client.begin(site, opts, connect)
  check_request(opts)
  local method = opts.method or 'GET'
  local exchange = setmetatable({ site = site, out = bytes_of(opts), sent = 0,
    reader = http.reader(true, method == 'HEAD'), label = method .. ' ' .. opts.path }, Exchange)
  exchange.peer = connect(opts.client or '127.0.0.1')
  exchange.began = site:_now()
  return exchange
end

return client
