-- The real program in a spec: started with a site of its own, asked, stopped, its log judged.
--
--   local tide = gate.serve {
--     script   = 'return function(req) … end',           one script for every path, or:
--     scripts  = { ['a.lua'] = 'text of the script' },   files, with
--     routes   = { { 'GET /a/{id}', 'a.lua', timeout = 1 } },
--     backends = { shop = upstream, crm = { 'http://127.0.0.1:9', timeout = 1 } },
--     site     = { workers = 2, limits = { body = 100 } } or the whole text of site.lua,
--     files    = { ['lua/shared.lua'] = 'text' },
--     env      = { NAME = 'value' },
--     master   = true,                                   as users run it; else with --single
--     listen   = descriptor,                             lent to it as systemd does
--     program  = path,                                   instead of the program under test
--     expect_errors = { 'event=script_failed' },         patterns of allowed level=error lines
--   }
local cjson = require 'cjson'
local client = require 'spec.support.client'
local literal = require 'spec.support.literal'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local gate = {}
local Gate = {}
local live = {}

local SANITIZER = { 'ERROR: %a+Sanitizer', 'WARNING: %a+Sanitizer', 'runtime error:',
  'ERROR: libFuzzer', 'Assertion .* failed' }

-- The program under test.
function gate.program()
  local path = os.getenv('TIDEGATE') or 'build/release/tidegate'
  return path:sub(1, 1) == '/' and path or os.getenv('PWD') .. '/' .. path
end

local function backend_of(value)
  if type(value) ~= 'table' or value.url == nil then return value end
  return { value.url }
end

local function site_text(opts)
  if type(opts.site) == 'string' then return opts.site end
  local site = {}
  for key, value in pairs(opts.site or {}) do site[key] = value end
  if opts.backends then
    site.backends = site.backends or {}
    for name, value in pairs(opts.backends) do site.backends[name] = backend_of(value) end
  end
  if opts.routes then site.routes = opts.routes end
  if opts.script then
    site.routes = { { 'ANY /', 'main.lua' }, { 'ANY /{path...}', 'main.lua' } }
  end
  return 'return ' .. literal(site) .. '\n'
end

-- Writes the folder of a site made from the pieces in `opts`.
function gate.write_site(folder, opts)
  posix.write(folder .. '/site.lua', site_text(opts))
  if opts.script then posix.write(folder .. '/main.lua', opts.script) end
  for _, files in ipairs { opts.scripts or {}, opts.files or {} } do
    for path, text in pairs(files) do posix.write(folder .. '/' .. path, text) end
  end
end

-- Runs the program to its end: { status, out, err, cpu }, cpu in seconds.
function gate.run(arguments, opts)
  opts = opts or {}
  local folder = posix.folder()
  local argv = { gate.program(), unpack(arguments) }
  local pid = posix.spawn(argv, { stdout = folder .. '/out', stderr = folder .. '/err',
    env = opts.env, dir = opts.dir })
  local cpu
  local function ended()
    local how, used = posix.ended(pid)
    cpu = used
    return how
  end
  local well, how = pcall(wait.eventually, ended, opts.seconds or 20)
  if not well then how = posix.stop(pid, 0) .. ' (it did not end)' end
  local result = { ended = how, status = tonumber(how:match('^exit (%d+)$')),
    out = posix.read(folder .. '/out'), err = posix.read(folder .. '/err'), cpu = cpu }
  posix.remove(folder)
  return result
end

-- Runs the program over a site made from the pieces in `opts`: gate.check('check', { … }).
function gate.command(verb, opts, ...)
  local folder = posix.folder()
  gate.write_site(folder .. '/site', opts)
  local result = gate.run({ verb, folder .. '/site', ... }, opts)
  result.folder = folder .. '/site'
  posix.remove(folder)
  return result
end

local function find_port(self)
  local how = posix.ended(self.pid)
  local url = self.log():match('event=ready[^\n]* url=(%S+)')
  if url then return tonumber(url:match(':(%d+)/?$')) end
  if how then
    live[self] = nil
    self.over = how
    error('the gate did not start (' .. how .. '):\n' .. self.log(), 0)
  end
end

-- Starts the program with the site in the options above.
function gate.serve(opts)
  local folder = posix.folder()
  gate.write_site(folder .. '/site', opts)
  local self = setmetatable({ folder = folder, site = folder .. '/site', opts = opts }, Gate)
  self.stderr, self.stdout = folder .. '/error.log', folder .. '/access.log'
  -- What the program wrote on stderr so far; both gate.log() and gate:log() work.
  self.log = function() return posix.read(self.stderr) end
  self.access = function() return gate.parse_access(posix.read(self.stdout)) end
  local argv = { opts.program or gate.program(), 'run', self.site, '--port',
    tostring(opts.port or 0) }
  if not opts.master then argv[#argv + 1] = '--single' end
  for _, word in ipairs(opts.args or {}) do argv[#argv + 1] = word end
  self.pid = posix.spawn(argv, { stdout = self.stdout, stderr = self.stderr, env = opts.env,
    listen = opts.listen })
  live[self] = true
  local deadline = posix.now() + 20
  while not self.port and not self.over do
    self.port = find_port(self)
    if posix.now() > deadline then error('the gate is not ready:\n' .. self.log(), 2) end
    posix.pause(0.002)
  end
  return self
end

-- The lines of an access log as tables; an unfinished last line is left out.
function gate.parse_access(text)
  local list = {}
  for line in text:gmatch('([^\n]*)\n') do
    local well, entry = pcall(cjson.decode, line)
    if not well then error('not a line of JSON in the access log: ' .. line, 2) end
    list[#list + 1] = entry
  end
  return list
end

Gate.__index = Gate

function Gate:request(req) return client.request(self.port, req) end
function Gate:get(path, headers) return self:request { path = path, headers = headers } end
function Gate:post(path, body, headers)
  return self:request { method = 'POST', path = path, body = body, headers = headers }
end
function Gate:all(requests, seconds) return client.all(self.port, requests, seconds) end
function Gate:connect() return client.connect(self.port) end

-- Sends bytes and gives everything that comes until the gate closes or `seconds` have passed.
function Gate:raw(bytes, seconds)
  local connection = self:connect()
  connection:send(bytes)
  local text, how = connection:rest(seconds or 2)
  connection:close()
  return text, how
end

-- Waits until n lines of the access log fit `matches` (all, when none is given); gives them.
function Gate:await_access(n, matches)
  return wait.eventually(function()
    local found = {}
    for _, entry in ipairs(self.access()) do
      if not matches or matches(entry) then found[#found + 1] = entry end
    end
    return #found >= n and found
  end)
end

-- Waits until the log matches a Lua pattern; gives what it captures.
function Gate:await_log(pattern, seconds)
  return wait.eventually(function() return self.log():match(pattern) end, seconds)
end

-- The pid of the worker process that serves now, under a master: the last that got ready. The
-- first one does so without a word of the master.
function Gate:worker()
  local path = '/proc/' .. self.pid .. '/task/' .. self.pid .. '/children'
  local pid = tonumber(posix.read(path):match '%d+')
  for found in self.log():gmatch 'event=worker_ready pid=(%d+)' do pid = tonumber(found) end
  return pid
end

-- Waits until `count` workers have got ready since the start; gives the pid of the last.
function Gate:await_workers(count, seconds)
  return wait.eventually(function()
    local _, n = self.log():gsub('event=worker_ready', '')
    return n >= count - 1 and self:worker()
  end, seconds)
end

function Gate:signal(number) posix.kill(self.pid, number) end
function Gate:running() return not self.over and posix.ended(self.pid) == nil end

-- Bytes of memory the program holds.
function Gate:memory()
  local kb = posix.read('/proc/' .. self.pid .. '/status'):match('VmRSS:%s*(%d+)')
  return tonumber(kb) * 1024
end

-- How many descriptors the program has open.
function Gate:descriptors()
  local list = io.popen('ls /proc/' .. self.pid .. '/fd | wc -l')
  local n = tonumber(list:read('*a'))
  list:close()
  return n
end

local function allowed(line, patterns)
  for _, pattern in ipairs(patterns or {}) do
    if line:find(pattern) then return true end
  end
  return false
end

-- What speaks against a program that has ended: a list of sentences.
local function complaints(self, how)
  local found = {}
  if how ~= 'exit 0' then found[1] = 'the gate ended with ' .. how end
  for line in self.log():gmatch('[^\n]+') do
    for _, pattern in ipairs(SANITIZER) do
      if line:find(pattern) then found[#found + 1] = line end
    end
    if line:find('level=error', 1, true) and not allowed(line, self.opts.expect_errors) then
      found[#found + 1] = 'unexpected: ' .. line
    end
  end
  return found
end

-- Of a program that has ended by itself, or by a signal of the spec: its end is not judged.
function Gate:forget()
  self.over = self.over or posix.ended(self.pid) or 'forgotten'
  live[self] = nil
  posix.remove(self.folder)
end

-- Ends the program with SIGTERM. It must exit 0, and its log must hold no report of a sanitizer
-- and no line at level=error but those expected; else this raises and shows the log.
function Gate:stop()
  if self.over then return end
  self.over = posix.stop(self.pid, 15)
  live[self] = nil
  local found = complaints(self, self.over)
  local log = self.log()
  posix.remove(self.folder)
  if #found > 0 then
    error(table.concat(found, '\n') .. '\n--- the log of the gate:\n' .. log, 2)
  end
end

-- Ends all that run, without a judgement.
function gate.end_all()
  for self in pairs(live) do
    posix.stop(self.pid, 15)
    self:forget()
  end
end

-- A failing spec shows the logs of the gates that run; a file that leaves one running fails.
local function watch(busted)
  local function show()
    for self in pairs(live) do
      io.stderr:write('\n--- the log of the gate:\n', self.log():sub(-8000), '---\n')
    end
    return nil, true
  end
  busted.subscribe({ 'failure' }, show)
  busted.subscribe({ 'error' }, show)
  busted.subscribe({ 'file', 'end' }, function(file)
    for self in pairs(live) do
      local well, reason = pcall(self.stop, self)
      if not well then
        busted.publish({ 'error', 'file' }, file, busted.context.parent(file), reason, {})
      end
    end
    return nil, true
  end)
end

local has_busted, busted = pcall(require, 'busted')
if has_busted and busted.subscribe then watch(busted) end

return gate
