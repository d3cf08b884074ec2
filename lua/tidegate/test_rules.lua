-- Backends by rule: what a spec says they answer, and what they were asked.
local http, tg, raise, distance, patterns = ...

local insert, concat = table.insert, table.concat
local parse_pattern, match = patterns.parse, patterns.match

local rules = {}

-- Faults by name: those of connecting, and those behind it.
local connect_faults = { refuse = true, unreachable = true, timeout = true }
local wire_faults = { reset = true, stall = true, truncate = true, garbage = true }

rules.faults = { 'refuse', 'timeout', 'reset', 'stall', 'truncate', 'garbage' }

local answer_keys = { status = true, headers = true, json = true, xml = true, text = true,
  body = true, after = true, chunks = true, every = true, fault = true }

-- Answers: a table, a function, the name of a fault, or a list of these.

local function check_fault(name)
  if connect_faults[name] or wire_faults[name] then return end
  raise(("there is no fault '%s'; there are %s; a text is { text = '%s' }"):format(tostring(name),
    concat(rules.faults, ', '), tostring(name)))
end

local function check_answer(answer)
  if type(answer) == 'function' then return answer end
  if type(answer) == 'string' then answer = { fault = answer } end
  if type(answer) ~= 'table' then
    raise('a rule answers with a table, a function, the name of a fault or a list of these, not '
      .. type(answer))
  end
  for key in pairs(answer) do
    if not answer_keys[key] then
      raise(("an answer has no '%s'; it has status, headers, json, xml, text, body, after, " ..
        'chunks, every, fault'):format(tostring(key)))
    end
  end
  if answer.fault ~= nil then check_fault(answer.fault) end
  return answer
end

local function check_answers(answer)
  if type(answer) == 'table' and answer[1] ~= nil then
    local list = {}
    for _, one in ipairs(answer) do insert(list, check_answer(one)) end
    return list
  end
  return { check_answer(answer) }
end

-- Content type and bytes of an answer's content.
local function content_of(answer)
  if answer.json ~= nil then
    local text = type(answer.json) == 'string' and answer.json or tg.json.encode(answer.json)
    return 'application/json', text
  end
  if answer.xml ~= nil then
    local text = type(answer.xml) == 'string' and answer.xml or tg.xml.encode(answer.xml)
    return 'application/xml', text
  end
  if answer.text ~= nil then return 'text/plain; charset=utf-8', answer.text end
  return nil, answer.body or ''
end

local function first_line(status)
  return ('HTTP/1.1 %d %s'):format(status, 'Status')
end

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
  local rule = setmetatable({ pattern = parse_pattern(pattern), answers = check_answers(answer),
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

local function finish(conn)
  local call = conn.call
  call.finished_at, call.ended = conn.backend.site:_now(), conn.backend.site:_tick()
  conn.call = nil
end

local function shut(conn, how)
  if conn.closed then return end
  conn.closed = true
  conn.peer[how](conn.peer)
  if conn.call then finish(conn) end
end

local function write(conn, bytes)
  conn.out, conn.sent = conn.out and conn.out:sub(conn.sent + 1) .. bytes or bytes, 0
end

local function is_gone(conn) return conn.closed or not conn.call end

-- Each call has a connection of its own: one used again would be made anew when it is reset,
-- and could not be refused.
local function end_answer(conn)
  finish(conn)
  conn.closing = true
end

local function send_chunks(conn, answer, head)
  local site = conn.backend.site
  write(conn, head)
  local function send(i)
    if is_gone(conn) then return end
    local chunk = answer.chunks[i]
    if not chunk then
      write(conn, '0\r\n\r\n')
      return end_answer(conn)
    end
    if #chunk > 0 then write(conn, ('%x\r\n%s\r\n'):format(#chunk, chunk)) end
    if answer.fault and i == math.ceil(#answer.chunks / 2) then
      if answer.fault ~= 'stall' then conn.closing = true end
      return
    end
    site:_later(answer.every or 0, function() send(i + 1) end)
  end
  send(1)
end

local function send_fault(conn, fault, head, body)
  if fault == 'reset' then return shut(conn, 'reset') end
  if fault == 'garbage' then
    write(conn, 'this is not HTTP\r\n\r\n')
    conn.closing = true
  elseif fault == 'truncate' then
    write(conn, head .. body:sub(1, math.floor(#body / 2)))
    conn.closing = true
  elseif body ~= '' then
    write(conn, head .. body:sub(1, math.floor(#body / 2)))
  end
end

local function respond(conn, answer)
  if is_gone(conn) then return end
  local content_type, body = content_of(answer)
  local status, added = answer.status or 200, {}
  if conn.candidates then insert(added, { 'connection', 'close' }) end
  if answer.fault == 'truncate' and body == '' then body = 'cut short' end
  if answer.chunks then
    insert(added, { 'transfer-encoding', 'chunked' })
  elseif status ~= 204 and status ~= 304 then
    insert(added, { 'content-length', #body })
  end
  if content_type then insert(added, 1, { 'content-type', content_type }) end
  local head = http.bytes(first_line(status), http.head(answer.headers, added))
  if conn.call.method == 'HEAD' then
    write(conn, head)
    return end_answer(conn)
  end
  if answer.chunks then return send_chunks(conn, answer, head) end
  if answer.fault then return send_fault(conn, answer.fault, head, body) end
  write(conn, head .. body)
  end_answer(conn)
end

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
    answer = check_answer(answer(call) or {})
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
  site:_later(answer.after or 0, function() respond(conn, answer) end)
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
