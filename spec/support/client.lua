-- An HTTP client for specs: by hand, one by one, or many side by side.
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'

local client = {}

local Connection = {}
Connection.__index = Connection

-- Opens a connection to a port of 127.0.0.1 or to a Unix socket.
function client.connect(where)
  local fd = assert(posix.connect(where))
  return setmetatable({ fd = fd, text = '' }, Connection)
end

-- Sends bytes as they are; false when the other side has closed.
function Connection:send(bytes, seconds)
  local at, deadline = 1, posix.now() + (seconds or 10)
  while at <= #bytes do
    local n, reason = posix.send(self.fd, bytes, at)
    if n then
      at = at + n
    elseif reason ~= 'again' then
      return false
    else
      assert(posix.now() < deadline, 'the gate does not read')
      posix.poll({ [self.fd] = 'w' }, deadline - posix.now())
    end
  end
  return true
end

-- Reads what comes within `seconds` into self.text; false when nothing more will come.
local function fill(self, seconds)
  if self.ended then return false end
  posix.poll({ [self.fd] = 'r' }, seconds)
  local bytes, reason = posix.receive(self.fd)
  if bytes then
    self.text = self.text .. bytes
  elseif reason ~= 'again' then
    self.ended = reason
    return false
  end
  return true
end

-- The next response; nil and 'timeout', 'closed' or 'reset' when none comes. A response cut
-- short is given with complete = false.
function Connection:receive(seconds, method)
  local deadline = posix.now() + (seconds or 10)
  while true do
    local res, reason = http.response(self.text, method)
    if reason then return nil, reason end
    if res and res.complete then
      self.text = res.rest
      return res
    end
    if posix.now() > deadline then return nil, 'timeout' end
    if not fill(self, deadline - posix.now()) then
      if not res then return nil, self.ended end
      res.complete = not res.framed and self.ended == 'closed'
      res.ended = self.ended
      self.text = ''
      return res
    end
  end
end

-- Sends a request and reads its response.
function Connection:request(req, seconds)
  self:send(http.encode_request(req), seconds)
  return self:receive(seconds or req.timeout, req.method)
end

function Connection:get(path, headers) return self:request { path = path, headers = headers } end

-- All bytes until the other side closes, or until `seconds` have passed.
function Connection:rest(seconds)
  local deadline = posix.now() + (seconds or 10)
  while posix.now() < deadline and fill(self, deadline - posix.now()) do end
  local text = self.text
  self.text = ''
  return text, self.ended or 'timeout'
end

-- Whether the other side closes within `seconds`.
function Connection:closes(seconds)
  local _, reason = self:rest(seconds)
  return reason ~= 'timeout'
end

function Connection:close()
  if self.fd then posix.close(self.fd) end
  self.fd = nil
end

-- Says that nothing more will be sent; still reads.
function Connection:finish() posix.shutdown(self.fd) end

-- Closes with a reset.
function Connection:reset()
  posix.reset(self.fd)
  self.fd = nil
end

-- One request on a connection of its own; raises when no response comes.
function client.request(where, req)
  local connection = client.connect(where)
  local res, reason = connection:request(req, req.timeout)
  connection:close()
  if not res then error('no response to ' .. req.path .. ': ' .. reason, 2) end
  return res
end

local function open(where, req)
  local fd = assert(posix.connect(where))
  return { fd = fd, req = req, bytes = http.encode_request(req), at = 1, text = '',
    started = posix.now() }
end

local function finish(call, res)
  posix.close(call.fd)
  res.elapsed = posix.now() - call.started
  call.res = res
end

-- One step of a call whose socket is ready.
local function step(call)
  if call.at <= #call.bytes then
    local n, reason = posix.send(call.fd, call.bytes, call.at)
    if n then
      call.at = call.at + n
    elseif reason == 'closed' then
      call.at = #call.bytes + 1
    end
    return
  end
  local bytes, reason = posix.receive(call.fd)
  if bytes then call.text = call.text .. bytes end
  local res = http.response(call.text, call.req.method)
  if res and res.complete then return finish(call, res) end
  if not bytes and reason ~= 'again' then
    res = res or { fields = {}, headers = {}, body = '', complete = false }
    if res.framed == false then res.complete = reason == 'closed' end
    res.ended = reason
    finish(call, res)
  end
end

-- Sends all requests at once, each on a connection of its own, and gives the responses in the same
-- order, each with `elapsed` seconds. A connection that ends early gives a response without status.
function client.all(where, requests, seconds)
  local calls, open_calls = {}, 0
  for i, req in ipairs(requests) do
    calls[i] = open(where, req)
    open_calls = open_calls + 1
  end
  local deadline = posix.now() + (seconds or 20)
  while open_calls > 0 do
    if posix.now() > deadline then error(open_calls .. ' requests were not answered', 2) end
    local wanted = {}
    for _, call in ipairs(calls) do
      if not call.res then wanted[call.fd] = call.at <= #call.bytes and 'w' or 'r' end
    end
    local ready = posix.poll(wanted, deadline - posix.now())
    for _, call in ipairs(calls) do
      if not call.res and ready[call.fd] then
        step(call)
        if call.res then open_calls = open_calls - 1 end
      end
    end
  end
  local responses = {}
  for i, call in ipairs(calls) do responses[i] = call.res end
  return responses
end

return client
