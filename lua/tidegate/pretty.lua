-- JSON for people: with line breaks, members in a known order, short things on one line.
local tg = ...

local insert, concat, sort = table.insert, table.concat, table.sort
local pretty = {}

local WIDTH = 96
local Ordered, Raw = {}, {}

--- An object whose members keep their order: a list of { key, value }.
function pretty.ordered(list) return setmetatable(list, Ordered) end

function pretty.is_ordered(value) return getmetatable(value) == Ordered end

--- JSON text that is taken as it is, such as a number with all its digits.
function pretty.raw(text) return setmetatable({ text = text }, Raw) end

local function pairs_of(value)
  if getmetatable(value) == Ordered then return value end
  local list = {}
  for key, item in pairs(value) do insert(list, { tostring(key), item }) end
  sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function is_list(value)
  local meta = getmetatable(value)
  return meta ~= Ordered and (value[1] ~= nil or meta == 'array')
end

local write

-- The items on one line; nil when they do not fit.
local function one_line(items, open, close, room)
  local length = 4
  for _, item in ipairs(items) do
    length = length + #item + 2
    if length > room or item:find('\n', 1, true) then return nil end
  end
  local space = open == '{' and ' ' or ''
  return open .. space .. concat(items, ', ') .. space .. close
end

local function join(items, open, close, indent)
  if #items == 0 then return open .. close end
  local line = one_line(items, open, close, WIDTH - #indent)
  if line then return line end
  local inner = indent .. '  '
  return open .. '\n' .. inner .. concat(items, ',\n' .. inner) .. '\n' .. indent .. close
end

local function write_list(value, indent)
  local items = {}
  for _, item in ipairs(value) do insert(items, write(item, indent .. '  ')) end
  return join(items, '[', ']', indent)
end

local function write_object(value, indent)
  local items = {}
  for _, pair in ipairs(pairs_of(value)) do
    insert(items, tg.json.encode(pair[1]) .. ': ' .. write(pair[2], indent .. '  '))
  end
  return join(items, '{', '}', indent)
end

function write(value, indent)
  if type(value) ~= 'table' then return (tg.json.encode(value)) end
  if getmetatable(value) == Raw then return value.text end
  if is_list(value) then return write_list(value, indent) end
  return write_object(value, indent)
end

--- The value as text, without a line break at its end.
function pretty.write(value) return write(value, '') end

return pretty
