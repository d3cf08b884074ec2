-- Clients that ask at a steady rate from processes of their own; what went wrong, and how long each
-- request took.
local client = require 'spec.support.client'
local posix = require 'spec.support.posix'

local load = {}
local Load = {}
Load.__index = Load

local function close(self)
  self.connection:close()
  self.connection = nil
end

-- The answer must be that of the route /echo/{id}.
local function is_echo(res, id) return res.status == 200 and res.body == id end

-- One request on a connection that is kept: nil, or 'refused', 'failed', or what the judge says.
local function ask(self, id)
  -- What was closed while it was idle is no failure: every client looks.
  if self.connection then
    local bytes, reason = posix.receive(self.connection.fd)
    if bytes or reason ~= 'again' then close(self) end
  end
  if not self.connection then
    local well, made = pcall(client.connect, self.port)
    if not well then return 'refused' end
    self.connection = made
  end
  local used = self.connection
  local res = used:send(('GET %s HTTP/1.1\r\nhost: a\r\n\r\n'):format(self.path:format(id)))
    and used:receive(5)
  if not res then
    close(self)
    -- A server may close an idle connection at any time: a client asks again (RFC 9110, 9.2.2).
    if not (self.retries and self.answered_on == used) then return 'failed' end
    self.answered_on = nil
    return ask(self, id)
  end
  local well = self.judge(res, id)
  if well then self.answered_on = used end
  if res.headers.connection == 'close' or not res.complete then close(self) end
  if well == true then return nil end
  return well or 'failed'
end

-- Waits while the clients are to rest: for how many seconds.
local function rest(folder)
  local at = posix.now()
  while posix.read(folder .. '/rest') ~= '' do posix.pause(0.02) end
  return posix.now() - at
end

-- Writes a line for each request: when it began, how long it took, what went wrong.
local function run(self, folder, number, rate)
  local file = assert(io.open(folder .. '/' .. number, 'wb'))
  local started, asked = posix.now(), 0
  while posix.read(folder .. '/stop') == '' do
    started = started + rest(folder)
    local due = started + asked / rate
    local at = posix.now()
    if due > at then posix.pause(due - at) end
    at = posix.now()
    local what = ask(self, number .. '-' .. asked)
    file:write(('%.4f %.6f %s\n'):format(at, posix.now() - at, what or 'well'))
    asked = asked + 1
  end
  file:close()
end

-- Begins to ask the port: `rate` requests a second. Options:
--   path      with one %s for the request's id; else /echo/%s
--   judge     whether an answer is well: true, or false, or a word to be counted by
--   retries   as clients do when a kept connection was closed without an answer
--   clients   how many processes; else 4
function load.start(port, rate, opts)
  opts = opts or {}
  local self = setmetatable({ folder = posix.folder(), pids = {} }, Load)
  local clients = opts.clients or 4
  for i = 1, clients do
    local one = { port = port, retries = opts.retries, path = opts.path or '/echo/%s',
      judge = opts.judge or is_echo }
    local function work() run(one, self.folder, i, rate / clients) end
    self.pids[i] = posix.fork(work, 2)
  end
  return self
end

-- No request begins any more, until it goes on.
function Load:rest() posix.write(self.folder .. '/rest', 'x') end
function Load:go_on() os.remove(self.folder .. '/rest') end

-- The time within which that share of the requests was answered.
function load.quantile(list, share)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * share))] or 0
end

local Sum = {}
Sum.__index = Sum

-- Requests that began within these times, or all: { asked, failed, refused, took, words of the
-- judge }.
function Sum:between(from, to)
  local part = { asked = 0, failed = 0, refused = 0, took = {} }
  for _, one in ipairs(self.list) do
    if one[1] >= (from or 0) and one[1] < (to or math.huge) then
      part.asked = part.asked + 1
      part.took[#part.took + 1] = one[2]
      if one[3] ~= 'well' then part[one[3]] = (part[one[3]] or 0) + 1 end
    end
  end
  return part
end

function Sum:p99(from, to) return load.quantile(self:between(from, to).took, 0.99) end

-- Ends it: { asked, failed, refused, worst (seconds), words of the judge }, and the list of all.
function Load:stop()
  posix.write(self.folder .. '/stop', 'x')
  local list = {}
  for i, pid in ipairs(self.pids) do
    local how
    repeat
      how = posix.ended(pid)
      if not how then posix.pause(0.01) end
    until how
    assert(how == 'exit 0', 'a client has failed')
    for at, took, what in posix.read(self.folder .. '/' .. i):gmatch '(%S+) (%S+) (%S+)\n' do
      list[#list + 1] = { tonumber(at), tonumber(took), what }
    end
  end
  posix.remove(self.folder)
  local sum = Sum.between({ list = list })
  sum.worst = load.quantile(sum.took, 1)
  sum.list = list
  return setmetatable(sum, Sum)
end

return load
