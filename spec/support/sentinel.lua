-- A real Redis master, its replica, and a sentinel over both, on TCP ports of their own.
--
--   local set = require 'spec.support.sentinel'.start()
--   gate.serve { site = { cache = { redis = { url = set.url, sentinels = set.sentinels } } }, … }
--   set.master:kill()      the sentinel makes the replica the master
local posix = require 'spec.support.posix'
local redis = require 'spec.support.redis'
local wait = require 'spec.support.wait'

local sentinel = {}
local Set = {}
Set.__index = Set

local function free_port()
  local fd, port = posix.listen()
  posix.close(fd)
  return port
end

local CONFIG = [[
port %d
dir %s
sentinel monitor The-Shop 127.0.0.1 %d 1
sentinel down-after-milliseconds The-Shop 300
sentinel failover-timeout The-Shop 3000
]]

-- The port of the master, as the sentinel knows it.
function Set:named()
  return tonumber(self.sentinel:command('SENTINEL', 'get-master-addr-by-name', 'The-Shop')[2])
end

function Set:stop()
  for _, server in ipairs { self.sentinel, self.replica, self.master } do server:stop() end
end

-- The sentinel must know the replica before it can make it the master.
local function settle(self)
  wait.eventually(function() return self.replica:command('ROLE')[4] == 'connected' end, 20)
  wait.eventually(function()
    return #self.sentinel:command('SENTINEL', 'replicas', 'The-Shop') == 1
  end, 20)
end

function sentinel.start()
  local self = setmetatable({}, Set)
  self.master = redis.start { port = free_port() }
  self.replica = redis.start { port = free_port(),
    arguments = { '--replicaof', '127.0.0.1', self.master.port, '--repl-diskless-sync-delay', 0 } }
  self.sentinel = redis.start { port = free_port(), config = function(folder, port)
    return CONFIG:format(port, folder, self.master.port)
  end }
  settle(self)
  self.url = 'redis://The-Shop'
  -- the first one is not there
  self.sentinels = { 'redis://127.0.0.1:' .. free_port(),
    'redis://127.0.0.1:' .. self.sentinel.port }
  return self
end

return sentinel
