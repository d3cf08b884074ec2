-- Backends by rule: what a spec says they answer, and what they were asked.
local http, tg, raise, distance, patterns, answers = ...

local insert, concat = table.insert, table.concat
local parse_pattern, match = patterns.parse, patterns.match
local connect_faults, shut = answers.connect_faults, answers.shut

local rules = { faults = answers.faults }

-- Rules.

local Rule = {}
Rule.__index = Rule

-- The rule answers so often; then older ones do.
function Rule:times(n)
  self.most = n
  return self
end

local function is_spent(rule) return rule.most ~= nil and rule.used >= rule.most end

-- The answer that comes next: the last one of a list goes on.
local function upcoming(rule) return rule.answers[math.min(rule.used + 1, #rule.answers)] end

-- Calls: what was sent, its body parsed when somebody asks.

local Call = {}
Call.__index = Call
function Call:json() return tg.try(tg.json.decode(self.body)) end
function Call:xml(opts) return tg.try(tg.xml.decode(self.body, opts)) end
function Call:form() return http.query(self.body) end

local function make_call(backend, message, at)
  local path, query = message.target:match '^([^?]*)%??(.*)$'
  return setmetatable({ backend = backend.name, method = message.method, target = message.target,
    path = path, query = http.query(query), headers = message.headers or http.fields {},
    body = message.body or '', at = at }, Call)
end

-- Backends.

local Backend = {}
Backend.__index = Backend

function rules.backend(site, name)
  return setmetatable({ name = name, site = site, rules = {}, calls = {}, conns = {} }, Backend)
end

function rules.is_backend(value) return getmetatable(value) == Backend end

--- Answers calls that the pattern matches; the rule made last is asked first.
function Backend:on(pattern, answer, opts)
  if type(pattern) ~= 'string' then raise "a rule is backend:on('GET /path', answer)" end
  local rule = setmetatable({ pattern = parse_pattern(pattern), answers = answers.check_all(answer),
    used = 0, most = opts and opts.times, stands = self.site._outside_test() }, Rule)
  insert(self.rules, 1, rule)
  return rule
end

-- How often it was called, as luassert's `called` asks.
function Backend:called(times, compare)
  local count = #self.calls
  if compare then return compare(count, times or 1), count end
  if times then return count == times, count end
  return count > 0, count
end

local function find_rule(backend, call)
  for _, rule in ipairs(backend.rules) do
    local params = not is_spent(rule) and match(rule.pattern, call)
    if params then return rule, params end
  end
end

local function explain_unmatched(backend, call)
  local text = ("backend '%s' was called, and no rule answers: %s %s"):format(backend.name,
    call.method, call.target)
  local near = {}
  for order, rule in ipairs(backend.rules) do
    insert(near, { rule = rule, order = order,
      far = distance(rule.pattern.text, call.method .. ' ' .. call.target) })
  end
  table.sort(near, function(a, b)
    return a.far ~= b.far and a.far < b.far or a.far == b.far and a.order < b.order
  end)
  if not near[1] then return text .. '; it has no rules' end
  local lines = { text .. '; the nearest rules:' }
  for i = 1, math.min(3, #near) do
    local rule = near[i].rule
    insert(lines, '  ' .. rule.pattern.text ..
      (is_spent(rule) and (' (used up after %d)'):format(rule.used) or ''))
  end
  return concat(lines, '\n')
end

-- A connection is wanted for a call: what becomes of it.
function rules.dial(backend, peer, base_path, method, target)
  local site = backend.site
  local call = make_call(backend, { method = method, target = target }, site:_now())
  local rule = find_rule(backend, call)
  local answer = backend.fault and { fault = backend.fault } or rule and upcoming(rule)
  local fault = type(answer) == 'table' and connect_faults[answer.fault] and answer.fault
  if not fault then
    insert(backend.conns, { peer = peer, backend = backend, base_path = base_path,
      reader = http.reader(false) })
    return 'open'
  end
  call.fault, call.began = fault, site:_tick()
  insert(backend.calls, call)
  if rule then rule.used = rule.used + 1 end
  if fault == 'timeout' then backend.silent = peer end
  return fault
end

-- What becomes of connections in real time, where nobody knows yet which call they are for: 'open',
-- 'refuse' or 'timeout'; or nil and why that can't be said.
local function covers_all(rule)
  return rule.pattern.method == 'ANY' and rule.pattern.rest and #rule.pattern.segments == 0
end

local function door_of(rule)
  local answer = upcoming(rule)
  local fault = type(answer) == 'table' and connect_faults[answer.fault] and answer.fault
  if not fault then return 'open' end
  if fault == 'unreachable' then return nil, "'unreachable' happens in virtual time only" end
  if rule.most or rule.used + 1 < #rule.answers then
    return nil, ("how often '%s' has happened is known in virtual time only"):format(fault)
  end
  return fault
end

function rules.door(backend)
  if backend.fault then return connect_faults[backend.fault] and backend.fault or 'open' end
  local hidden, door = {}, nil
  for _, rule in ipairs(backend.rules) do
    if not is_spent(rule) and not hidden[rule.pattern.text] then
      local found, problem = door_of(rule)
      if not found then return nil, problem end
      if door and door ~= found then
        return nil, ("backend '%s' does '%s' for some calls only: that happens in virtual time only"
          ):format(backend.name, door == 'open' and found or door)
      end
      door, hidden[rule.pattern.text] = found, not rule.most
      if covers_all(rule) and not rule.most then break end
    end
  end
  return door or 'open'
end

--- A connection to a place where these backends are: { backend, base_path } each.
function rules.accept(candidates, peer)
  local first = candidates[1].backend
  insert(first.conns, { peer = peer, backend = first, base_path = candidates[1].base_path,
    candidates = candidates, reader = http.reader(false) })
end

-- What happens on one connection.

local function with_fault(answer, fault)
  local copy = {}
  for key, value in pairs(answer) do copy[key] = value end
  copy.fault = fault
  return copy
end

-- A function's answer is known only now: it is too late to refuse the connection.
local function answer_for(backend, rule, call)
  local answer = upcoming(rule)
  rule.used = rule.used + 1
  if type(answer) == 'function' then
    answer = answers.check(answer(call) or {})
    if type(answer) == 'function' or connect_faults[answer.fault] then
      error("a rule's function answers with a table or one of reset, stall, truncate, garbage", 0)
    end
  end
  return backend.fault and with_fault(answer, backend.fault) or answer
end

-- Of several backends at one place the first that has a rule for the call, else the first.
local function find_call(conn, message)
  local target, site = message.target, conn.backend.site
  local function try(backend, base_path)
    message.target = target:sub(#base_path + 1)
    local call = make_call(backend, message, site:_now())
    return call, find_rule(backend, call)
  end
  for _, candidate in ipairs(conn.candidates or {}) do
    local call, rule, params = try(candidate.backend, candidate.base_path)
    if rule then
      conn.backend = candidate.backend
      return call, rule, params
    end
  end
  return try(conn.backend, conn.base_path)
end

local function on_request(conn, message)
  local call, rule, params = find_call(conn, message)
  local backend = conn.backend
  local site = backend.site
  call.began = site:_tick()
  conn.call, call.params = call, params
  insert(backend.calls, call)
  if not rule then
    site:_fail(explain_unmatched(backend, call))
    return shut(conn, 'reset')
  end
  call.rule = rule.pattern.text
  local ok, answer = pcall(answer_for, backend, rule, call)
  if not ok then
    site:_fail(("the rule '%s' of backend '%s' failed: %s"):format(call.rule, backend.name,
      tostring(answer)))
    return shut(conn, 'reset')
  end
  site:_later(answer.after or 0, function() answers.respond(conn, answer) end)
end

local function flush(conn)
  if not conn.out then return false end
  local n = conn.peer:send(conn.out, conn.sent + 1)
  if not n then
    shut(conn, 'close')
    return true
  end
  conn.sent = conn.sent + n
  if conn.sent == #conn.out then conn.out = nil end
  if not conn.out and conn.closing then shut(conn, 'close') end
  return n > 0
end

local function receive(conn)
  local bytes = conn.peer:receive()
  if bytes == '' then return false end
  if not bytes then
    if conn.call then conn.call.cancelled = true end
    shut(conn, 'close')
    return true
  end
  local message, problem = conn.reader:feed(bytes)
  if problem then conn.backend.site:_fail(problem) end
  if message then on_request(conn, message) end
  return true
end

-- Lets all connections of a backend go on; true when something has happened.
function rules.step(backend)
  local moved, conns = false, backend.conns
  for i = 1, #conns do
    local conn = conns[i]
    if not conn.closed then moved = flush(conn) or moved end
    if not conn.closed then moved = receive(conn) or moved end
  end
  for i = #conns, 1, -1 do
    if conns[i].closed then table.remove(conns, i) end
  end
  return moved
end

-- Ends the connections; a spec's own rules go, those that stand begin anew.
function rules.reset(backend, keeps_rules)
  for _, conn in ipairs(backend.conns) do conn.peer:close() end
  backend.conns, backend.calls, backend.silent = {}, {}, nil
  local kept = {}
  for _, rule in ipairs(backend.rules) do
    rule.used = 0
    if keeps_rules or rule.stands then insert(kept, rule) end
  end
  backend.rules = kept
end

return rules
