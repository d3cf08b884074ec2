-- What differs between what a spec expects and what came: values by path, XML line by line.
local tg = ...

local insert, sort, concat = table.insert, table.sort, table.concat

local diff = {}

local function show(value)
  if value == nil then return 'nothing' end
  if type(value) == 'string' then return ('%q'):format(value):gsub('\\\n', '\\n') end
  if type(value) ~= 'table' then return tostring(value) end
  local text = tg.json.encode(value, { sorted = true })
  return #text <= 200 and text or text:sub(1, 200) .. '…'
end

local function is_list(value) return value[1] ~= nil end

local function keys_of(expected, actual)
  local keys, seen = {}, {}
  for _, from in ipairs { expected, actual } do
    for key in pairs(from) do
      if not seen[key] then
        seen[key] = true
        insert(keys, key)
      end
    end
  end
  sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == 'number'
  end)
  return keys
end

local function place(where, key)
  return type(key) == 'number' and ('%s[%d]'):format(where, key) or where .. '.' .. tostring(key)
end

local function compare(expected, actual, exact, where, found)
  if type(expected) ~= 'table' or type(actual) ~= 'table' then
    if expected ~= actual then
      insert(found, ('  %s: expected %s, was %s'):format(where, show(expected), show(actual)))
    end
    return
  end
  local whole = exact or is_list(expected) or is_list(actual)
  for _, key in ipairs(keys_of(expected, whole and actual or {})) do
    compare(expected[key], actual[key], exact, place(where, key), found)
  end
end

-- Lines that say what differs, or nil. Members that are not expected count only when `exact`; lists
-- have the same length.
function diff.values(expected, actual, exact)
  local found = {}
  compare(expected, actual, exact, '$', found)
  if #found == 0 then return nil end
  if #found > 10 then
    local more = #found - 10
    for i = #found, 11, -1 do found[i] = nil end
    insert(found, ('  … and %d more'):format(more))
  end
  return concat(found, '\n')
end

-- XML in one form: names with their namespaces, attributes in order, no blanks between elements.

local function scope_of(attributes, outer)
  local scope = setmetatable({}, { __index = outer })
  for name, value in pairs(attributes) do
    local prefix = name:match '^xmlns:?(.*)$'
    if prefix then scope[prefix] = value end
  end
  return scope
end

local function expand(name, scope, is_attribute)
  local prefix, own = name:match '^([^:]*):(.*)$'
  if not prefix and is_attribute then return name end
  local uri = scope[prefix or '']
  return uri and uri ~= '' and ('{%s}%s'):format(uri, own or name) or name
end

local function attributes_text(attributes, scope)
  local list = {}
  for name, value in pairs(attributes) do
    if not name:find '^xmlns:' and name ~= 'xmlns' then
      insert(list, (' %s="%s"'):format(expand(name, scope, true), tostring(value)))
    end
  end
  sort(list)
  return concat(list)
end

local function write(node, outer, indent, lines)
  local first, attributes = 2, {}
  if type(node[2]) == 'table' and node[2][1] == nil then
    first, attributes = 3, node[2]
  end
  local scope = scope_of(attributes, outer)
  insert(lines, ('%s<%s%s>'):format(indent, expand(node[1], scope),
    attributes_text(attributes, scope)))
  for i = first, #node do
    if type(node[i]) == 'table' then
      write(node[i], scope, indent .. '  ', lines)
    else
      local text = tostring(node[i]):match '^%s*(.-)%s*$'
      if text ~= '' then insert(lines, indent .. '  ' .. text) end
    end
  end
end

local function canonical(text)
  local tree, err = tg.xml.decode(text, { preset = 'jsonml' })
  if not tree then return nil, tostring(err) end
  local lines = {}
  write(tree, {}, '', lines)
  return lines
end

-- Lines that say what differs, or nil; a second result when what was expected is no XML.
function diff.xml(expected, actual)
  local wanted, problem = canonical(expected)
  if not wanted then return nil, problem end
  local lines, why = canonical(actual)
  if not lines then return '  it is no XML: ' .. why end
  for i = 1, math.max(#wanted, #lines) do
    if wanted[i] ~= lines[i] then
      return ('  in line %d of the canonical form\n  expected %s\n  was      %s'):format(i,
        wanted[i] or 'the end', lines[i] or 'the end')
    end
  end
end

return diff
