-- Recorded requests as the text of a spec.
local tg = ...

local insert, concat, sort = table.insert, table.concat, table.sort

local spec = {}

-- What a backend did, by the code that its caller saw.
local faults = { refused = 'refuse', unreachable = 'unreachable', timeout_connect = 'timeout',
  timeout = 'stall', timeout_first_byte = 'stall', timeout_idle = 'stall', reset = 'reset',
  protocol = 'garbage' }

local MASK = '(masked)'

-- Fields and parameters that carry secrets, by what their names contain.
local words = { 'authorization', 'cookie', 'token', 'secret', 'password', 'passwd', 'api-key',
  'apikey', 'api_key', 'access_key', 'session', 'signature', 'credential', 'csrf' }

local function is_secret(name)
  name = name:lower()
  for _, word in ipairs(words) do
    if name:find(word, 1, true) then return true end
  end
  return name == 'key' or name == 'sig' or name == 'pwd'
end

-- A value of env or file stands as stars in what the gate has recorded.
local function is_masked(text) return text:find '%*%*%*%*' ~= nil end

local function decoded(text) return text and tg.base64.decode(text) or '' end

-- Whether all of it can be said as rules; those that came of a cache are not here.
local function is_playable(item)
  for _, call in ipairs(item.calls) do
    if call.error and not faults[call.error] then return false end
  end
  return true
end

--- The items that can be, and how many can't.
function spec.playable(items)
  local list, left_out = {}, 0
  for _, item in ipairs(items) do
    if is_playable(item) then insert(list, item) else left_out = left_out + 1 end
  end
  return list, left_out
end

-- Text as Lua writes it, on one line.
local function quote(text)
  return (("'%s'"):format(text:gsub("[%z\1-\31\127\\']", function(c)
    if c == '\n' then return '\\n' end
    if c == "'" or c == '\\' then return '\\' .. c end
    return ('\\%03d'):format(c:byte())
  end)))
end

-- The target without parameters that are secret: { path, pairs }, as text.
local function without_secrets(target)
  local path, query = target:match '^([^?]*)%??(.*)$'
  local kept, gone = {}, false
  for pair in query:gmatch '[^&]+' do
    local name = pair:match '^[^=]*'
    if is_secret(name) or is_masked(pair) then gone = true else insert(kept, pair) end
  end
  return path, kept, gone
end

local function rule_pattern(call)
  local path, kept = without_secrets(call.target)
  path = path:gsub('[{}]', { ['{'] = '%7B', ['}'] = '%7D' })
  return ('%s %s%s'):format(call.method, path, #kept > 0 and '?' .. concat(kept, '&') or ''), #kept
end

-- Fields of one connection, and those that the answer has by itself.
local left_out = { ['content-length'] = true, ['transfer-encoding'] = true, connection = true,
  ['keep-alive'] = true, date = true, server = true, host = true, ['user-agent'] = true,
  ['content-type'] = false }

local function headers_text(headers, also)
  local names, lists = {}, {}
  for _, field in ipairs(headers) do
    local name, value = field[1]:lower(), field[2]
    if not left_out[name] and not (also and also[name]) then
      if not lists[name] then insert(names, name) end
      lists[name] = lists[name] or {}
      insert(lists[name], (is_secret(name) or is_masked(value)) and MASK or value)
    end
  end
  sort(names)
  local parts = {}
  for _, name in ipairs(names) do
    local list = lists[name]
    for i, value in ipairs(list) do list[i] = quote(value) end
    insert(parts, ('[%s] = %s'):format(quote(name),
      #list == 1 and list[1] or '{ ' .. concat(list, ', ') .. ' }'))
  end
  return #parts > 0 and 'headers = { ' .. concat(parts, ', ') .. ' }' or nil
end

local function answer_text(call)
  if call.error then return quote(faults[call.error]) end
  local parts = {}
  if call.status ~= 200 then insert(parts, 'status = ' .. call.status) end
  insert(parts, headers_text(call.headers))
  local body = decoded(call.body)
  if body ~= '' then insert(parts, 'body = ' .. quote(body)) end
  return '{ ' .. concat(parts, ', ') .. ' }'
end

-- Rules in an order in which the one that says most is made last, and so is asked first.
local function rules_text(item)
  local rules, known = {}, {}
  for _, call in ipairs(item.calls) do
    local pattern, weight = rule_pattern(call)
    local key = call.backend .. ' ' .. pattern
    if not known[key] then
      known[key] = { backend = call.backend, pattern = pattern, weight = weight, order = #rules,
        answers = {} }
      insert(rules, known[key])
    end
    insert(known[key].answers, answer_text(call))
  end
  sort(rules, function(a, b)
    if a.weight ~= b.weight then return a.weight < b.weight end
    return a.order < b.order
  end)
  local lines = {}
  for _, rule in ipairs(rules) do
    local answers = #rule.answers == 1 and rule.answers[1]
      or '{\n      ' .. concat(rule.answers, ',\n      ') .. ' }'
    insert(lines, ('    site.backend[%s]:on(%s, %s)'):format(quote(rule.backend),
      quote(rule.pattern), answers))
  end
  return lines
end

local function request_text(item)
  local path, kept = without_secrets(item.target)
  local target = path .. (#kept > 0 and '?' .. concat(kept, '&') or '')
  local parts = { 'method = ' .. quote(item.method), 'path = ' .. quote(target) }
  insert(parts, headers_text(item.headers))
  local body = decoded(item.body)
  if body ~= '' then insert(parts, 'body = ' .. quote(body)) end
  return '{ ' .. concat(parts, ', ') .. ' }', target
end

-- What the answer is asked for.
local function assertions(response, loose)
  local lines = { ('    assert.response(res).has.status(%d)'):format(response.status) }
  if loose then return lines end
  if response.type then
    insert(lines, ("    assert.response(res).has.header('content-type', %s)"):format(
      quote(response.type)))
  end
  local body = response.body and decoded(response.body)
  if not body or is_masked(body) then return lines end
  local is_json = (response.type or ''):find 'json' and tg.json.decode(body) ~= nil
  insert(lines, is_json
    and ("    assert.response(res).has.exact_json(tg.json.decode(%s))"):format(quote(body))
    or ('    assert.response(res).has.body(%s)'):format(quote(body)))
  return lines
end

--- The text; `loose` holds the numbers of requests of whose answers only the status is asked.
function spec.text(route, items, loose)
  local lines = {
    '-- Recorded by `tidegate record`: what clients sent and what the backends answered.',
    "local test = require 'tidegate.test'", "local tg = require 'tidegate' -- luacheck: ignore", '',
    ("describe(%s, function()"):format(quote(route)), '  local site = test.site()' }
  for number, item in ipairs(items) do
    local request, target = request_text(item)
    insert(lines, '')
    insert(lines, ('  it(%s, function()'):format(quote(('answers %s %s (request %d)'):format(
      item.method, target, number))))
    for _, line in ipairs(rules_text(item)) do insert(lines, line) end
    insert(lines, ('    local res = site:request %s'):format(request))
    for _, line in ipairs(assertions(item.response, loose[number])) do insert(lines, line) end
    insert(lines, '  end)')
  end
  insert(lines, 'end)\n')
  return concat(lines, '\n')
end

return spec
