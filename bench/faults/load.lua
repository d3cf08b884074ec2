-- Clients that ask at a steady rate from processes of their own, and count what went wrong.
local client = require 'spec.support.client'
local posix = require 'spec.support.posix'

local load = {}
local Load = {}
Load.__index = Load

-- One request on a connection that is kept. The answer must echo the request's id.
local function ask(self, id)
  local connection = self.connection
  if not connection then
    local well, made = pcall(client.connect, self.port)
    if not well then return 'refused' end
    connection = made
  end
  self.connection = connection
  local res = connection:send(('GET /echo/%s HTTP/1.1\r\nhost: a\r\n\r\n'):format(id))
    and connection:receive(5)
  if res and res.status == 200 and res.body == id then
    if res.headers.connection == 'close' then
      connection:close()
      self.connection = nil
    end
    return nil
  end
  -- A server may close an idle connection at any time: a client then asks again (RFC 9110, 9.2.2).
  local was_idle = self.retries and self.answered_on == connection and not res
  connection:close()
  self.connection = nil
  if was_idle and not self.again then
    self.again = true
    local what = ask(self, id)
    self.again = false
    return what
  end
  return 'failed'
end

local function run(self, folder, number, rate)
  local counts = { asked = 0, failed = 0, refused = 0, again = 0 }
  local started, worst = posix.now(), 0
  while posix.read(folder .. '/stop') == '' do
    local due = started + counts.asked / rate
    local now = posix.now()
    if due > now then posix.pause(due - now) end
    local at = posix.now()
    local what = ask(self, number .. '-' .. counts.asked)
    worst = math.max(worst, posix.now() - at)
    counts.asked = counts.asked + 1
    if what then counts[what] = counts[what] + 1 else self.answered_on = self.connection end
  end
  posix.write(folder .. '/' .. number, ('%d %d %d %f'):format(counts.asked, counts.failed,
    counts.refused, worst))
end

-- Begins to ask the port: `rate` requests a second by four processes. `retries`: as clients do when
-- a kept connection was closed without an answer; not where each lost request is to be counted.
function load.start(port, rate, retries)
  local self = setmetatable({ folder = posix.folder(), pids = {} }, Load)
  local clients = 4
  for i = 1, clients do
    local one = { port = port, retries = retries }
    local function work() run(one, self.folder, i, rate / clients) end
    self.pids[i] = posix.fork(work, 2)
  end
  return self
end

-- Ends it: { asked, failed, refused, worst (seconds) }.
function Load:stop()
  posix.write(self.folder .. '/stop', 'x')
  local sum = { asked = 0, failed = 0, refused = 0, worst = 0 }
  for i, pid in ipairs(self.pids) do
    while not posix.ended(pid) do posix.pause(0.01) end
    local asked, failed, refused, worst = posix.read(self.folder .. '/' .. i)
      :match '(%d+) (%d+) (%d+) (%S+)'
    assert(asked, 'a client has failed')
    sum.asked, sum.failed = sum.asked + asked, sum.failed + failed
    sum.refused, sum.worst = sum.refused + refused, math.max(sum.worst, tonumber(worst))
  end
  posix.remove(self.folder)
  return sum
end

return load
