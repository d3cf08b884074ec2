-- Assertions for responses and backends, said with luassert.
local core, tg, rules, raise, is_real = ...

local assert = require 'luassert'
local diff = core.library 'test_diff' (tg)

local concat, insert = table.concat, table.insert

local function subject(state, what, is_one)
  local value = rawget(state, 'payload')
  if not is_one(value) then
    raise(("say whose: assert.%s(%s) first"):format(what, what == 'response' and 'res' or 'crm'))
  end
  return value
end

local function is_response(value)
  return type(value) == 'table' and type(value.status) == 'number' and value.headers ~= nil
end

-- What else is known of a response that is not as expected.
local function context(res)
  local lines = { '' }
  if res.status >= 400 and res.body ~= '' then insert(lines, '  body: ' .. res.body:sub(1, 500)) end
  for line in (res.log or ''):gmatch '[^\n]+' do
    if line:find 'level=warn' or line:find 'level=error' then insert(lines, '  log: ' .. line) end
  end
  return #lines > 1 and concat(lines, '\n') or ''
end

-- Registers `assert.response(res).has.NAME(…)`: the check gives a sentence when it fails, and what
-- to say when it was not to hold.
local function register(name, check)
  assert:register('assertion', name, function(state, arguments)
    local res = subject(state, 'response', is_response)
    local failure = check(res, unpack(arguments, 1, arguments.n))
    local message = failure
    if not failure and not state.mod then
      message = ('the response was not expected to have %s %s'):format(name,
        arguments.n > 0 and tostring(arguments[1]) or '')
    end
    rawset(state, 'failure_message', message and message .. context(res) or nil)
    return failure == nil
  end)
end

assert:register('modifier', 'response', function(state, arguments)
  if not arguments then return state end
  if not is_response(arguments[1]) then raise 'assert.response takes what site:get gave' end
  rawset(state, 'payload', arguments[1])
  return state
end)

assert:register('modifier', 'backend', function(state, arguments)
  if not arguments then return state end
  if not rules.is_backend(arguments[1]) then raise 'assert.backend takes site.backend.NAME' end
  rawset(state, 'payload', arguments[1])
  return state
end)

register('status', function(res, expected)
  if res.status == expected then return nil end
  return ('expected status %s, was %d'):format(tostring(expected), res.status)
end)

-- What real time may differ by: a machine has other things to do.
local EARLY, LATE = is_real and 0.005 or 0.001, is_real and 0.5 or 0.001

register('took', function(res, seconds)
  if res.elapsed >= seconds - EARLY and res.elapsed <= seconds + LATE then return nil end
  return ('expected an answer after %g s, it came after %.3f s'):format(seconds, res.elapsed)
end)

register('took_at_most', function(res, seconds)
  if res.elapsed <= seconds + LATE then return nil end
  return ('expected an answer within %g s, it came after %.3f s'):format(seconds, res.elapsed)
end)

register('header', function(res, name, expected)
  local value = res.headers[name]
  if value == nil then return ("expected a header '%s', there is none"):format(tostring(name)) end
  if expected == nil or value == expected then return nil end
  return ("expected header '%s': %s, was %s"):format(name, tostring(expected), value)
end)

register('body', function(res, expected)
  if res.body == expected then return nil end
  return ('expected body %q, was %q'):format(tostring(expected), res.body)
end)

local function json_check(exact)
  return function(res, expected)
    local value, err = tg.json.decode(res.body)
    if err then return 'expected JSON: ' .. tostring(err) end
    local found = diff.values(expected, value, exact)
    return found and 'the JSON is not as expected:\n' .. found
  end
end

register('json', json_check(false))
register('exact_json', json_check(true))

register('xml', function(res, expected)
  local text = type(expected) == 'string' and expected or tg.xml.encode(expected)
  local found, problem = diff.xml(text, res.body)
  if problem then raise('what is expected is no XML: ' .. problem) end
  return found and 'the XML is not as expected:\n' .. found
end)

-- A status or a code.
register('problem', function(res, expected)
  local content_type = res.headers['content-type']
  if content_type ~= 'application/problem+json' then
    return ('expected a problem, was %d %s'):format(res.status, tostring(content_type))
  end
  if expected == nil then return nil end
  local value = tg.json.decode(res.body) or {}
  local key = type(expected) == 'number' and 'status' or 'code'
  if value[key] == expected then return nil end
  return ('expected a problem of %s %s, was %s'):format(key, tostring(expected),
    tostring(value[key]))
end)

register('cached', function(res)
  if res.cache == 'hit' then return nil end
  return ('expected an answer from the cache; Cache-Status: %s'):format(
    res.headers['cache-status'] or 'none')
end)

-- Two calls overlap when each began before the other had ended.
local function overlap(a, b)
  local never = math.huge
  return a.began < (b.ended or never) and b.began < (a.ended or never)
end

local function any_overlap(one, other)
  for _, a in ipairs(one.calls) do
    for _, b in ipairs(other.calls) do
      if overlap(a, b) then return true end
    end
  end
  return false
end

-- assert.concurrent(crm, orders, …): each two of them were asked at the same time.
assert:register('assertion', 'concurrent', function(state, arguments)
  for i = 1, arguments.n do
    if not rules.is_backend(arguments[i]) then raise 'assert.concurrent takes site.backend.NAME' end
  end
  for i = 1, arguments.n do
    for k = i + 1, arguments.n do
      if not any_overlap(arguments[i], arguments[k]) then
        rawset(state, 'failure_message',
          ("expected calls of '%s' and '%s' at the same time; they were asked %d and %d times")
          :format(arguments[i].name, arguments[k].name, #arguments[i].calls, #arguments[k].calls))
        return false
      end
    end
  end
  rawset(state, 'failure_message', 'expected no calls at the same time')
  return true
end)
