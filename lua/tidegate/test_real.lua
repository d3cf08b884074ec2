-- Sites in real time: this program serves them over real sockets, or one that runs already does;
-- rules answer where the backends are expected.
local core, rules, raise, literal, options = ...

local insert = table.insert
local wire, process = core.wire, core.process

local real = {}

local READY = 20     -- seconds for a gate to begin, and to end
local WAIT_MOST = 5  -- seconds that a test may wait by its clock
local LOG_MS = 25    -- for the log of a request to be written
local SIGTERM = 15

local VIRTUAL = ': tag the test #virtual, and it is left out here'

--- A spec wants to wait: only for as long as somebody who looks on would.
function real.check_wait(seconds)
  if seconds <= WAIT_MOST then return end
  raise(('the clock goes on by at most %d seconds in real time, not by %g'):format(WAIT_MOST,
    seconds) .. VIRTUAL)
end

-- Listeners: where backends are, each with those that are there.

local function listen(host, port, whose)
  local listener, problem = wire.listen(host, port)
  if listener then return listener end
  raise(("no rules for backend '%s': can't listen at %s port %d: %s"):format(whose, host, port,
    problem))
end

-- An address of loopback that is this process's own: somebody else's client, who tries a port where
-- nobody was a moment ago, does not come to it.
local function own_address()
  local pid = process.pid()
  return ('127.%d.%d.%d'):format(1 + bit.rshift(pid, 16) % 254,
    bit.band(bit.rshift(pid, 8), 255), 1 + pid % 254)
end

-- One for each address of a backend; `changed` says where they are.
local function listen_anywhere(addresses)
  local places, changed, host = {}, {}, own_address()
  for name, list in pairs(addresses) do
    changed[name] = {}
    for i = 1, #list do
      local listener = listen(host, 0, name)
      changed[name][i] = ('http://%s:%d'):format(host, listener:port())
      insert(places, { listener = listener, names = { { name = name, base_path = '' } } })
    end
  end
  return places, changed
end

local function check_address(name, address)
  local host = address.host
  local is_near = host:find '^127%.' or host == 'localhost' or host == '::1'
  if address.is_plain and is_near then return end
  raise(("no rules for backend '%s': the gate calls it at %s, and rules answer on loopback " ..
    'without TLS: start the gate with such an address'):format(name, host))
end

-- Where the site says that its backends are.
local function listen_there(addresses)
  local places, known, names = {}, {}, {}
  for name in pairs(addresses) do insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    for _, address in ipairs(addresses[name]) do
      check_address(name, address)
      local key = address.host .. ' ' .. address.port
      if not known[key] then
        known[key] = { listener = listen(address.host, address.port, name), names = {} }
        insert(places, known[key])
      end
      insert(known[key].names, { name = name, base_path = address.base_path })
    end
  end
  return places
end

-- A world: from the first request of a test to its end.

local World = {}
World.__index = World

function World:now() return wire.now() - self.began end

-- What is due is known by the spec's side alone.
function World.next() return nil end

local function candidates_of(site, place)
  local list = {}
  for i, one in ipairs(place.names) do
    list[i] = { backend = site._backends[one.name], base_path = one.base_path }
  end
  return list
end

local function door_of(candidates)
  local door
  for _, candidate in ipairs(candidates) do
    local found, problem = rules.door(candidate.backend)
    if not found then return nil, problem end
    if door and door ~= found and found ~= 'open' and door ~= 'open' then
      return nil, 'two backends at one address fail in two ways'
    end
    door = (not door or door == 'open') and found or door
  end
  return door
end

function World:settle()
  for _, place in ipairs(self.places) do
    local candidates = candidates_of(self.site, place)
    local door, problem = door_of(candidates)
    if not door then self.site:_fail(problem .. VIRTUAL) end
    place.door = door or 'open'
    place.listener:set(place.door)
    local peer = place.listener:accept()
    while peer do
      rules.accept(candidates, peer)
      peer = place.listener:accept()
    end
  end
end

-- Waits for anybody at the other ends, for so many milliseconds.
function World:move(ms)
  local readers, writers = {}, {}
  local function add(peer, out)
    if peer:fd() < 0 then return end
    insert(readers, peer:fd())
    if out then insert(writers, peer:fd()) end
  end
  for _, place in ipairs(self.places) do
    if place.door == 'open' then insert(readers, place.listener:fd()) end
    for _, one in ipairs(place.names) do
      for _, conn in ipairs(self.site._backends[one.name].conns) do add(conn.peer, conn.out) end
    end
  end
  for _, exchange in ipairs(self.site.exchanges) do add(exchange.peer, exchange.out) end
  wire.wait(readers, writers, math.ceil(ms))
end

function World:connect(address)
  local peer, problem = wire.connect(self.host, self.port, address)
  if peer then return peer end
  return nil, ('no connection to %s port %d from %s: %s'):format(self.host, self.port, address,
    problem)
end

-- What is wrong with how the gate has ended, if anything is.
local function stop(child)
  child:kill(SIGTERM)
  local limit, said = wire.now() + READY * 1000, {}
  local status = child:reap()
  while not status and wire.now() < limit do
    wire.wait({ child:fd() }, {}, 5)
    insert(said, child:read() or '')
    status = child:reap()
  end
  insert(said, child:read() or '')
  child:stop()
  if status == 0 then return nil end
  return ('tidegate ended with %s:\n%s'):format(status and 'status ' .. status or 'force',
    table.concat(said))
end

function World:close()
  for _, place in ipairs(self.places) do place.listener:set 'open' end
  return self.child and stop(self.child) or nil
end

-- Starting the gate.

local function await_ready(child)
  local text, limit = '', wire.now() + READY * 1000
  while wire.now() < limit do
    wire.wait({ child:fd() }, {}, 100)
    local bytes = child:read()
    text = text .. (bytes or '')
    local port = text:match 'event=ready[^\n]* url=http://127%.0%.0%.1:(%d+)'
    if port then return tonumber(port), text end
    if not bytes then break end
  end
  child:stop()
  return nil, text
end

-- A site: as those of virtual time are.

local Site = {}
Site.__index = Site

function Site:backends() return self.names end
function Site.covered() return {} end

-- The gate writes its log by a thread of its own, a moment later.
function Site:log()
  if not self.child or self.child:fd() < 0 then return '' end
  local pieces = {}
  wire.wait({ self.child:fd() }, {}, LOG_MS)
  repeat
    local bytes = self.child:read()
    insert(pieces, bytes or '')
  until not bytes or bytes == ''
  return table.concat(pieces)
end

function Site:world(_, _, _, site)
  local world = setmetatable({ site = site, places = self.places }, World)
  if options.real ~= true then
    world.host, world.port = options.real.host, options.real.port
  else
    self.child = process.serve(self.folder, self.changes)
    world.child = self.child
    local port, text = await_ready(self.child)
    if not port then
      self.child = nil
      return nil, text
    end
    world.host, world.port = '127.0.0.1', port
  end
  world.began = wire.now()
  return world
end

function Site:close()
  for _, place in ipairs(self.places) do place.listener:close() end
  self.places = {}
end

local function copy(value)
  local result = {}
  for key, item in pairs(value) do result[key] = item end
  return result
end

--- A site by its folder; `overrides` change it, when it is served by us.
function real.site(folder, changes, overrides)
  if options.real ~= true and (overrides or folder ~= options.site) then
    raise('a gate that runs can\'t be changed, nor be another site; --real starts one of its own')
  end
  local read, problems = core.read(folder, changes, false)
  if not read then raise((problems:gsub('%s+$', ''))) end
  local site = setmetatable({ folder = folder, names = read:backends() }, Site)
  local addresses = read:addresses()
  read:close()
  if options.real ~= true then
    site.places = listen_there(addresses)
    return site
  end
  local changed = overrides and copy(overrides) or {}
  site.places, changed.addresses = listen_anywhere(addresses)
  site.changes = literal(changed)
  return site
end

return real
