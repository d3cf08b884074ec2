-- A fake backend in a child process: answers scripted byte by byte, requests recorded.
--
--   local shop = upstream {
--     ['/x']          = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nup\n',   these bytes
--     ['POST /x']     = upstream.json({ ok = true }),                          for one method only
--     ['/slow']       = { delay = 0.2, 'bytes' },                              after a while
--     ['/drip']       = { 'one', 0.1, 'two', close = true },                   a number waits
--     ['/reset']      = { 'half', reset = true },
--     ['/hang']       = 'hang',                                                never answers
--     ['/own']        = function(request, connection) return 'bytes or a table as above' end,
--     default         = 'bytes',                                               else: 404
--   }
--
-- A connection is kept when the answer was a whole, framed message, and closed otherwise.
-- unix = path listens on a Unix socket, port = number on that port. Functions run in the child:
-- they see a copy of the spec.
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local upstream = {}
local NOT_FOUND = http.encode_response { status = 404, body = 'no such path\n' }

-- The child: one coroutine a connection, one poll for all.

local Connection = {}
Connection.__index = Connection

-- Lets the loop go on until bytes came ('r'), can be sent ('w'), or the time has passed.
local function pause(self, want, wake)
  self.want, self.wake = want, wake
  coroutine.yield()
end

-- Whether more bytes came; the end of the connection ends the coroutine.
local function take(self)
  local bytes, reason = posix.receive(self.fd)
  if bytes then
    self.text = self.text .. bytes
  elseif reason ~= 'again' then
    self.gone = reason
  end
end

local function alive(self)
  if self.gone then error(self, 0) end
end

function Connection:send(bytes)
  local at = 1
  while at <= #bytes do
    local n, reason = posix.send(self.fd, bytes, at)
    if n then
      at = at + n
    elseif reason == 'again' then
      pause(self, 'w')
    else
      self.gone = reason
    end
    alive(self)
  end
  self.sent = self.sent .. bytes
end

-- Waits; raises when the other side closes meanwhile.
function Connection:sleep(seconds)
  local wake = posix.now() + seconds
  while posix.now() < wake do
    pause(self, 'r', wake)
    alive(self)
  end
end

-- The next request on this connection.
function Connection:receive()
  while true do
    local request, stop = http.request(self.text)
    if request then
      self.text = self.text:sub(stop)
      return request
    end
    pause(self, 'r')
    alive(self)
  end
end

function Connection:finish(how)
  if how == 'reset' then posix.reset(self.fd) else posix.close(self.fd) end
  self.fd = nil
end

local function play(self, answer)
  if answer == 'hang' then answer = { math.huge } end
  if type(answer) == 'string' then answer = { answer } end
  if answer.delay then self:sleep(answer.delay) end
  for _, part in ipairs(answer) do
    if type(part) == 'number' then self:sleep(part) else self:send(part) end
  end
  if answer.reset then return self:finish 'reset' end
  if answer.close then return self:finish() end
end

local function choose(answers, request)
  local path, target, method = request.path, request.target, request.method .. ' '
  for _, key in ipairs { method .. target, target, method .. path, path } do
    if answers[key] then return answers[key] end
  end
  return answers.default or NOT_FOUND
end

local function answer_one(self, answers, record)
  local request = self:receive()
  request.connection = self.number
  self.busy = true
  record('request', self.number, request.raw)
  self.sent = ''
  local answer = choose(answers, request)
  if type(answer) == 'function' then answer = answer(request, self) or {} end
  play(self, answer)
  if not self.fd then return false end
  local res = http.response(self.sent, request.method)
  self.busy = false
  record('answered', self.number, '')
  return res and res.complete and res.framed and res.headers.connection ~= 'close'
end

local function converse(self, answers, record)
  while answer_one(self, answers, record) do end
  if self.fd then self:finish() end
end

local function resume(self, record)
  local well, reason = coroutine.resume(self.co)
  if well then return end
  if reason ~= self then
    io.stderr:write('upstream: ', debug.traceback(self.co, tostring(reason)), '\n')
    record('error', self.number, tostring(reason))
  elseif self.busy then
    record('abandoned', self.number, '')
  else
    record('closed', self.number, '')
  end
  if self.fd then self:finish() end
end

local function accept(listener, connections, answers, record)
  local fd = posix.accept(listener)
  if not fd then return end
  local number = connections.count + 1
  connections.count = number
  local self = setmetatable({ fd = fd, number = number, text = '', sent = '' }, Connection)
  self.co = coroutine.create(function() converse(self, answers, record) end)
  connections.live[number] = self
  record('connect', number, '')
  resume(self, record)
end

-- Sockets to watch, and how long nobody needs to be woken.
local function plan(listener, connections)
  local wanted, nearest = { [listener] = 'r' }, posix.now() + 60
  for number, self in pairs(connections.live) do
    if not self.fd then
      connections.live[number] = nil
    else
      wanted[self.fd] = self.want
      if self.wake and self.wake < nearest then nearest = self.wake end
    end
  end
  return wanted, nearest - posix.now()
end

local function serve(listener, answers, path)
  local file = assert(io.open(path, 'ab'))
  file:setvbuf('no')
  local function record(kind, number, bytes)
    file:write(('%s %d %d\n%s'):format(kind, number, #bytes, bytes))
  end
  local connections = { count = 0, live = {} }
  while true do
    local wanted, seconds = plan(listener, connections)
    local ready = posix.poll(wanted, seconds)
    local now = posix.now()
    for _, self in pairs(connections.live) do
      local due = self.wake and self.wake <= now
      if self.fd and (ready[self.fd] or due) then
        if ready[self.fd] and self.want == 'r' then take(self) end
        resume(self, record)
      end
    end
    if ready[listener] then accept(listener, connections, answers, record) end
  end
end

-- The spec's side.

local Upstream = {}
Upstream.__index = Upstream

-- What happened so far, in order: { kind, connection, request }, where kind is connect, request,
-- answered, closed (by the gate, while idle), abandoned (by the gate, before the answer was over).
function Upstream:events()
  local text, at, list = posix.read(self.record), 1, {}
  while true do
    local kind, number, size, start = text:match('^(%l+) (%d+) (%d+)\n()', at)
    if not kind or #text < start + size - 1 then return list end
    local bytes = text:sub(start, start + size - 1)
    local event = { kind = kind, connection = tonumber(number) }
    if kind == 'request' then
      event.request = http.request(bytes)
      event.request.connection = event.connection
    end
    list[#list + 1] = event
    at = start + size
  end
end

-- How many events of a kind there were.
function Upstream:count(kind)
  local n = 0
  for _, event in ipairs(self:events()) do
    if event.kind == kind then n = n + 1 end
  end
  return n
end

-- The requests that came, in order: method, target, path, query, headers, body, raw, connection.
function Upstream:requests()
  local list = {}
  for _, event in ipairs(self:events()) do
    if event.kind == 'request' then list[#list + 1] = event.request end
  end
  return list
end

-- Waits until at least n events of a kind have happened.
function Upstream:await(kind, n)
  return wait.eventually(function() return self:count(kind) >= (n or 1) end)
end

-- Forgets what happened so far.
function Upstream:forget() io.open(self.record, 'w'):close() end

function Upstream:stop()
  if not self.pid then return end
  posix.stop(self.pid)
  self.pid = nil
  posix.remove(self.folder)
end

local function start(answers)
  local listener, port = posix.listen(answers.unix or answers.port, answers.backlog)
  local folder = posix.folder()
  local record = folder .. '/events'
  io.open(record, 'w'):close()
  local pid = posix.fork(function() serve(listener, answers, record) end, listener)
  posix.close(listener)
  local url = answers.unix and 'unix:' .. answers.unix or 'http://127.0.0.1:' .. port
  return setmetatable({ pid = pid, folder = folder, record = record, port = port, url = url,
    where = port or answers.unix }, Upstream)
end

-- Answers as bytes.
function upstream.reply(res) return http.encode_response(res) end

function upstream.json(value, status)
  local body = type(value) == 'string' and value or require('cjson').encode(value)
  return http.encode_response { status = status, body = body,
    headers = { ['content-type'] = 'application/json' } }
end

function upstream.xml(body, status)
  return http.encode_response { status = status, headers = { ['content-type'] = 'text/xml' },
    body = body }
end

function upstream.text(body, status)
  return http.encode_response { status = status, headers = { ['content-type'] = 'text/plain' },
    body = body }
end

-- A port of 127.0.0.1 where nobody listens.
function upstream.dead_port()
  local fd, port = posix.listen()
  posix.close(fd)
  return port
end

return setmetatable(upstream, { __call = function(_, answers) return start(answers) end })
