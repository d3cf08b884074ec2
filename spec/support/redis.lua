-- A real Redis for specs, on a Unix socket of its own, that can be killed, paused and begun again.
--
--   local redis = require 'spec.support.redis'.start()
--     opts: arguments = { '--requirepass', 'x' }; port = 7000, on TCP instead;
--     config = a function that gives a sentinel's
--   gate.serve { site = { cache = { redis = redis.url } }, … }
--   redis:command('DBSIZE')
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local redis = {}
local Redis = {}
Redis.__index = Redis

-- The program is also that of redis-tools: its name decides what it does.
local PROGRAM = 'ln -s "$(command -v redis-server || command -v redis-check-rdb)" "%s/%s"'

local function encode(words)
  local list = { ('*%d\r\n'):format(#words) }
  for _, word in ipairs(words) do
    list[#list + 1] = ('$%d\r\n%s\r\n'):format(#tostring(word), word)
  end
  return table.concat(list)
end

-- Reads lines and bytes as they come.
local function reader(fd)
  local text = ''
  local function more()
    posix.poll({ [fd] = 'r' }, 5)
    local bytes, reason = posix.receive(fd)
    if bytes then text = text .. bytes elseif reason ~= 'again' then error('Redis: ' .. reason) end
  end
  local function line()
    while not text:find('\r\n', 1, true) do more() end
    local one, rest = text:match '^(.-)\r\n(.*)$'
    text = rest
    return one
  end
  local function bytes(n)
    while #text < n + 2 do more() end
    local one = text:sub(1, n)
    text = text:sub(n + 3)
    return one
  end
  return line, bytes
end

local function read(line, bytes)
  local head = line()
  local kind, rest = head:sub(1, 1), head:sub(2)
  if kind == '$' then return rest ~= '-1' and bytes(tonumber(rest)) or nil end
  if kind == ':' then return tonumber(rest) end
  if kind == '-' then error('Redis says: ' .. rest, 0) end
  if kind ~= '*' then return rest end
  local list = {}
  for i = 1, tonumber(rest) do list[i] = read(line, bytes) end
  return list
end

-- Sends one command and gives the reply.
function Redis:command(...)
  local fd = posix.connect(self.port or self.socket, 5)
  local line, bytes = reader(fd)
  local text, at = encode { ... }, 1
  while at <= #text do
    local n = posix.send(fd, text, at)
    if n then at = at + n else posix.poll({ [fd] = 'w' }, 5) end
  end
  local well, reply = pcall(read, line, bytes)
  posix.close(fd)
  if not well then error(reply, 0) end
  return reply
end

-- Begins it, or begins it anew: then nothing is in it.
function Redis:start()
  local out = self.folder .. '/out'
  self.pid = posix.spawn(self.argv, { stdout = out, stderr = out })
  wait.eventually(function()
    assert(not posix.ended(self.pid), 'redis-server has ended: ' .. posix.read(out))
    local _, reply = pcall(self.command, self, 'PING')
    return reply == 'PONG' or tostring(reply):find 'NOAUTH'
  end)
end

function Redis:kill()
  posix.kill(self.pid, posix.CONT)
  posix.stop(self.pid, 0)
  os.remove(self.socket)
  self.pid = nil
end

-- Stopped, it takes bytes and says nothing.
function Redis:pause() posix.kill(self.pid, posix.STOP) end
function Redis:continue() posix.kill(self.pid, posix.CONT) end

function Redis:stop()
  if self.pid then self:kill() end
  posix.remove(self.folder)
end

local function arguments_of(self, program, opts)
  if opts.config then
    posix.write(self.folder .. '/conf', opts.config(self.folder, self.port))
    return { program, self.folder .. '/conf' }
  end
  local argv = { program, '--port', tostring(self.port or 0), '--save', '', '--appendonly', 'no',
    '--dir', self.folder }
  if not self.port then
    argv[#argv + 1] = '--unixsocket'
    argv[#argv + 1] = self.socket
  end
  for _, word in ipairs(opts.arguments or {}) do argv[#argv + 1] = tostring(word) end
  return argv
end

function redis.start(opts)
  opts = opts or {}
  local folder = posix.folder()
  local self = setmetatable({ folder = folder, socket = folder .. '/socket', port = opts.port },
    Redis)
  local name = opts.config and 'redis-sentinel' or 'redis-server'
  assert(os.execute(PROGRAM:format(folder, name)) == 0, 'redis-tools is not installed')
  self.url = self.port and 'redis://127.0.0.1:' .. self.port or 'redis+unix:' .. self.socket
  self.argv = arguments_of(self, folder .. '/' .. name, opts)
  self:start()
  return self
end

return redis
