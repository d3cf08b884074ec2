-- `require 'tidegate.test'`: a site as `tidegate run` would serve it, asked and answered by a spec
-- in virtual time.
local core, busted, options = ...

local tg = require 'tidegate'
local insert, sort = table.insert, table.sort

local test = {}

local BEGAN = 1767225600 -- 2026-01-01T00:00:00Z
local LONGEST = options.real and 60 or 3600 -- seconds until a request without an answer is given up

-- Raises a failure at the line of the spec: what is ours is left out.
local function raise(message)
  local level = 2
  while true do
    local info = debug.getinfo(level, 'S')
    if not info or not (info.source:find '^=%[tidegate' or info.source:find 'luassert/'
      or info.what == 'C') then break end
    level = level + 1
  end
  require 'busted'.fail(message, level)
end

local http = core.library 'test_http' ()
local rules = core.library 'test_rules' (http, tg, raise, core.library 'distance' (),
  core.library 'test_patterns' (http, raise), core.library 'test_answers' (http, tg, raise))
local client = core.library 'test_client' (http, tg, raise)

-- A table as the text of a Lua literal.
local function literal(value)
  if type(value) == 'string' then return ('%q'):format(value) end
  if type(value) == 'number' then return ('%.17g'):format(value) end
  if type(value) == 'boolean' then return tostring(value) end
  if type(value) ~= 'table' then raise('a site has no ' .. type(value) .. ' in it') end
  local items = {}
  for key, item in pairs(value) do insert(items, '[' .. literal(key) .. ']=' .. literal(item)) end
  sort(items)
  return '{' .. table.concat(items, ',') .. '}'
end

local real = options.real and core.library 'test_real' (core, rules, raise, literal, options)

-- The clock.

local Clock = {}

function Clock.__index(clock, key)
  local site = rawget(clock, 'site')
  if key == 'elapsed' then return site:_now() end
  if key == 'now' then return real and os.time() or BEGAN + site:_now() end
  return Clock[key]
end

function Clock.__newindex() raise 'the clock is moved by site.clock:advance(seconds)' end

--- Lets time pass, and all that is due in it happen in its order.
function Clock:advance(seconds)
  if type(seconds) ~= 'number' or seconds < 0 or seconds ~= seconds then
    raise 'the clock goes on by a number of seconds'
  end
  if real then real.check_wait(seconds) end
  rawget(self, 'site'):_pass(seconds * 1000)
end

-- The site.

local Site = {}
Site.__index = Site

local live = {}

local function backends_of(site, names)
  local known = {}
  for _, name in ipairs(names) do known[name] = rules.backend(site, name) end
  sort(names)
  return setmetatable({}, {
    __index = function(_, name)
      if known[name] then return known[name] end
      raise(("the site has no backend '%s'; it has %s"):format(tostring(name),
        #names > 0 and table.concat(names, ', ') or 'none'))
    end,
    __newindex = function() raise "a rule is site.backend.NAME:on('GET /path', answer)" end,
  }), known
end

-- Sites that were read and are not in use, by what they were read from: files are read once a run.
local unused = {}

local function take_core(folder, changes, overrides)
  if real then return real.site(folder, changes, overrides) end
  local key = folder .. '\n' .. (changes or '')
  local list = unused[key]
  local found = list and table.remove(list)
  if found then return found, key end
  local problems
  found, problems = core.read(folder, changes, options.coverage ~= nil)
  if not found then raise((problems:gsub('%s+$', ''))) end
  return found, key
end

local function give_core(site)
  if real then
    site.core:close()
    site.core = nil
    return
  end
  if options.coverage then options.coverage.add(site.core:covered()) end
  unused[site.key] = unused[site.key] or {}
  insert(unused[site.key], site.core)
  site.core = nil
end

--- A site as `tidegate run` would serve it; without a path the one that is tested.
function test.site(path, overrides)
  if type(path) == 'table' then path, overrides = nil, path end
  if path ~= nil and type(path) ~= 'string' then raise "test.site takes a site's folder" end
  local site = setmetatable({ agenda = {}, exchanges = {}, order = 0 }, Site)
  site.core, site.key = take_core(path or options.site, overrides and literal(overrides),
    overrides)
  site.names = site.core:backends()
  site.backend, site._backends = backends_of(site, site.names)
  site.clock = setmetatable({ site = site }, Clock)
  live[#live + 1] = site
  return site
end

local outside = { file = true, describe = true, setup = true, lazy_setup = true,
  strict_setup = true, suite = true }

-- Whether what a spec does now is for all of its tests.
function Site._outside_test()
  local element = busted.context.get()
  return element == nil or outside[element.descriptor] or false
end

function Site:_now() return self.world and self.world:now() / 1000 or 0 end

-- Numbers things in the order in which they happen.
function Site:_tick()
  self.order = self.order + 1
  return self.order
end

-- The first failure that no line of the spec has caused by itself.
function Site:_fail(message) self.problem = self.problem or message end

function Site:_later(seconds, run)
  insert(self.agenda, { at = self.world:now() + math.floor(seconds * 1000 + 0.5),
    order = self:_tick(), run = run })
end

local function open(site)
  if site.world then return site.world end
  if not site.core then raise 'the site has been closed' end
  local problems
  site.world, problems = site.core:world(options.seed, BEGAN,
    function(peer, name, base_path, method, target)
      return rules.dial(site._backends[name], peer, base_path, method, target)
    end, site)
  if not site.world then raise((problems:gsub('%s+$', ''))) end
  return site.world
end

local function next_of(agenda)
  local first
  for i, item in ipairs(agenda) do
    local best = first and agenda[first]
    if not best or item.at < best.at or item.at == best.at and item.order < best.order then
      first = i
    end
  end
  return first
end

local function run_due(self)
  local moved = false
  while true do
    local first = next_of(self.agenda)
    if not first or self.agenda[first].at > self.world:now() then return moved end
    table.remove(self.agenda, first).run()
    moved = true
  end
end

-- All that happens without time.
function Site:_settle()
  local world, moved = open(self), true
  while moved do
    world:settle()
    moved = run_due(self)
    for _, name in ipairs(self.names) do moved = rules.step(self._backends[name]) or moved end
    for _, exchange in ipairs(self.exchanges) do moved = exchange:step() or moved end
  end
end

function Site:_raise_problem()
  local problem = self.problem
  self.problem = nil
  if problem then raise(problem) end
end

-- Milliseconds until the next thing happens, at most `most`.
local function wait_of(self, most)
  local wait = math.min(self.world:next() or most, most)
  local first = next_of(self.agenda)
  if first then wait = math.min(wait, self.agenda[first].at - self.world:now()) end
  return math.max(wait, 0)
end

-- What the operator's log said since the last look.
local function take_log(self)
  local log = self.core:log()
  self.log = (self.log or '') .. log
  return log
end

function Site:_pass(ms)
  self:_settle()
  local target = self.world:now() + ms
  while self.world:now() < target do
    self.world:move(wait_of(self, target - self.world:now()))
    self:_settle()
  end
  take_log(self)
  self:_raise_problem()
end

local function all_over(exchanges)
  for _, exchange in ipairs(exchanges) do
    if not exchange.over then return false end
  end
  return true
end

local function await(self, exchanges)
  local target = self.world:now() + LONGEST * 1000
  self:_settle()
  while not all_over(exchanges) and not self.problem do
    if self.world:now() >= target then
      raise(('no answer within %d seconds%s'):format(LONGEST, real and '' or ' of virtual time'))
    end
    self.world:move(wait_of(self, target - self.world:now()))
    self:_settle()
  end
  self.exchanges = {}
end

local function begin(self, opts)
  local exchange = client.begin(self, opts, function(address)
    local peer, problem = open(self):connect(address, 40000)
    return peer or raise(problem)
  end)
  insert(self.exchanges, exchange)
  return exchange
end

local function result_of(exchange)
  if exchange.problem then raise(exchange.label .. ': ' .. exchange.problem) end
  return exchange.response
end

--- Sends one request; time goes on until it is answered.
function Site:request(opts)
  local exchange = begin(self, opts)
  await(self, { exchange })
  local log = take_log(self)
  self:_raise_problem()
  local response = result_of(exchange)
  response.log = log
  return response
end

--- Sends requests side by side; the answers stand under the same keys.
function Site:all(requests)
  local keys, exchanges, responses = {}, {}, {}
  for key in pairs(requests) do insert(keys, key) end
  sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == 'number'
  end)
  for i, key in ipairs(keys) do exchanges[i] = begin(self, requests[key]) end
  await(self, exchanges)
  local log = take_log(self)
  self:_raise_problem()
  for i, key in ipairs(keys) do
    responses[key] = result_of(exchanges[i])
    responses[key].log = log
  end
  return responses
end

for _, method in ipairs { 'get', 'head', 'options', 'post', 'put', 'patch', 'delete' } do
  Site[method] = function(self, path, opts)
    local request = { method = method:upper(), path = path }
    if type(opts) == 'string' then opts = { body = opts } end
    for key, value in pairs(opts or {}) do request[key] = value end
    return self:request(request)
  end
end

-- Ends the world; the next request begins a new one.
function Site:_reset(keeps_rules)
  local problem = self.problem
  for _, exchange in ipairs(self.exchanges) do exchange.peer:close() end
  for _, name in ipairs(self.names) do rules.reset(self._backends[name], keeps_rules) end
  if self.world then problem = self.world:close() or problem end
  self.world, self.problem, self.log, self.exchanges, self.agenda = nil, nil, nil, {}, {}
  if self.core then self.core:log() end
  return problem
end

--- Begins anew, with the rules that are there: cache, connections, clock and calls are as at first.
function Site:restart()
  local problem = self:_reset(true)
  if problem then raise(problem) end
end

-- What a test leaves behind does not reach the next one.
local function end_test()
  local problem
  for _, site in ipairs(live) do
    if site.world and not site.problem then
      local ok, message = pcall(site._settle, site)
      if not ok then site:_fail(tostring(message)) end
    end
    problem = site:_reset(false) or problem
  end
  if problem then error(problem, 0) end
end

local function end_file()
  for _, site in ipairs(live) do
    site:_reset(true)
    give_core(site)
  end
  live = {}
end

busted.subscribe({ 'test', 'end' }, function()
  end_test()
  return nil, true
end)
busted.subscribe({ 'file', 'end' }, function()
  end_file()
  return nil, true
end)

test.faults, test.is_real = rules.faults, options.real ~= nil
core.library 'test_faults' (test, raise)
core.library 'test_assert' (core, tg, rules, raise, options.real ~= nil)
return test
