-- What a rule answers: as a spec writes it, and as it goes over a connection.
local http, tg, raise = ...

local insert, concat = table.insert, table.concat

local answers = {}

-- Faults by name: those of connecting, and those behind it.
local connect_faults = { refuse = true, unreachable = true, timeout = true }
answers.connect_faults = connect_faults
local wire_faults = { reset = true, stall = true, truncate = true, garbage = true }

answers.faults = { 'refuse', 'timeout', 'reset', 'stall', 'truncate', 'garbage' }

local answer_keys = { status = true, headers = true, json = true, xml = true, text = true,
  body = true, after = true, chunks = true, every = true, fault = true }

-- Answers: a table, a function, the name of a fault, or a list of these.

local function check_fault(name)
  if connect_faults[name] or wire_faults[name] then return end
  raise(("there is no fault '%s'; there are %s; a text is { text = '%s' }"):format(tostring(name),
    concat(answers.faults, ', '), tostring(name)))
end

function answers.check(answer)
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

function answers.check_all(answer)
  if type(answer) == 'table' and answer[1] ~= nil then
    local list = {}
    for _, one in ipairs(answer) do insert(list, answers.check(one)) end
    return list
  end
  return { answers.check(answer) }
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

-- Over a connection.
local function finish(conn)
  local call = conn.call
  call.finished_at, call.ended = conn.backend.site:_now(), conn.backend.site:_tick()
  conn.call = nil
end

function answers.shut(conn, how)
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
  if fault == 'reset' then return answers.shut(conn, 'reset') end
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

function answers.respond(conn, answer)
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

return answers
