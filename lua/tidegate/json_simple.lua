-- JSON Schemas of simple types, from the outline of an XML Schema.
-- Called with the writer of JSON and the reader of patterns.
local pretty, pattern = ...

local insert, ipairs = table.insert, ipairs
local ordered, raw = pretty.ordered, pretty.raw
local result = {}

-- A decimal as JSON has it, with all its digits; nil when it is none.
local function number_text(text)
  local sign, digits, rest = text:match '^%s*([+-]?)(%d*)(%.?%d*)%s*$'
  if not sign or digits == '' and rest == '' then return nil end
  digits = digits:gsub('^0+(%d)', '%1')
  if digits == '' then digits = '0' end
  rest = rest == '.' and '' or rest
  return (sign == '-' and '-' or '') .. digits .. rest
end

-- The text of a value of the type as JSON.
local function json_value(simple, text)
  if simple.json == 'boolean' then return text:find '^%s*[t1]' ~= nil end
  if simple.json == 'number' and simple.class ~= 'list' then
    local number = number_text(text)
    if number then return raw(number) end
    if tonumber(text) and text:find '^%s*[%d.+-]' then return tonumber(text) end
  end
  return text
end

local formats = { int = 'int32', long = 'int64', float = 'float', double = 'double' }
-- Where the length of a text is the number of its characters.
local by_characters = { string = true, normalizedString = true, token = true, anyURI = true,
  Name = true, NCName = true, NMTOKEN = true, language = true, ID = true, IDREF = true,
  ENTITY = true, anySimpleType = true }
local YEAR = '-?\\d{4,}'
local ZONE = '(?:Z|[+-]\\d\\d:\\d\\d)?'
-- The formats of JSON Schema want a time zone, those of XML Schema do not.
local times = {
  date = YEAR .. '-\\d\\d-\\d\\d' .. ZONE,
  dateTime = YEAR .. '-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?' .. ZONE,
  time = '\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?' .. ZONE,
  gYear = YEAR .. ZONE, gYearMonth = YEAR .. '-\\d\\d' .. ZONE,
  gMonth = '--\\d\\d(?:--)?' .. ZONE, gMonthDay = '--\\d\\d-\\d\\d' .. ZONE,
  gDay = '---\\d\\d' .. ZONE,
  duration = '-?P(?=.)(?:\\d+Y)?(?:\\d+M)?(?:\\d+D)?(?:T(?=.)(?:\\d+H)?(?:\\d+M)?'
    .. '(?:\\d+(?:\\.\\d+)?S)?)?',
}

local function add_limits(list, simple)
  for _, side in ipairs { { 'low', 'minimum', 'exclusiveMinimum' },
    { 'high', 'maximum', 'exclusiveMaximum' } } do
    local limit = simple[side[1]]
    local value = limit and (number_text(limit.text)
      or limit.text:match '^[+-]?[%d.]+[eE][+-]?%d+$')
    if value then insert(list, { limit.exclusive and side[3] or side[2], raw(value) }) end
  end
end

local function enumeration(simple)
  local values = {}
  for i, text in ipairs(simple.enumeration) do values[i] = json_value(simple, text) end
  return values
end

local function number_schema(simple)
  local list = { { 'type', simple.class == 'integer' and 'integer' or 'number' } }
  local format = formats[simple.builtin]
  if format then insert(list, { 'format', format }) end
  if simple.enumeration then insert(list, { 'enum', enumeration(simple) }) end
  add_limits(list, simple)
  if simple.class ~= 'float' and simple.class ~= 'union' then return ordered(list) end
  if simple.enumeration then return ordered { { 'enum', enumeration(simple) } } end
  local others = ordered { { 'enum', { 'INF', '-INF', 'NaN' } } }
  return ordered { { 'anyOf', { ordered(list), others } } }
end

local function add_patterns(list, simple)
  local all, unknown = {}, false
  if times[simple.builtin] then insert(all, '^' .. times[simple.builtin] .. '$') end
  for _, text in ipairs(simple.patterns or {}) do
    local ecma = pattern.ecma(text)
    if ecma then insert(all, ecma) else unknown = text end
  end
  if all[1] then insert(list, { 'pattern', all[1] }) end
  if all[2] then
    local more = {}
    for i = 2, #all do insert(more, ordered { { 'pattern', all[i] } }) end
    insert(list, { 'allOf', more })
  end
  if unknown then insert(list, { '$comment', 'pattern of XML Schema: ' .. unknown }) end
end

local function string_schema(simple)
  local list = { { 'type', 'string' } }
  if simple.builtin == 'base64Binary' then insert(list, { 'contentEncoding', 'base64' }) end
  if simple.builtin == 'hexBinary' then insert(list, { 'contentEncoding', 'base16' }) end
  if times[simple.builtin] then insert(list, { 'description', 'xs:' .. simple.builtin }) end
  if simple.enumeration and by_characters[simple.builtin] then
    insert(list, { 'enum', enumeration(simple) })
  end
  if by_characters[simple.builtin] then
    if simple.min_length then insert(list, { 'minLength', simple.min_length }) end
    if simple.max_length then insert(list, { 'maxLength', simple.max_length }) end
  end
  add_patterns(list, simple)
  return ordered(list)
end

local function list_schema(simple)
  local list = { { 'type', 'array' }, { 'items', result.of(simple.item) } }
  if simple.min_length then insert(list, { 'minItems', simple.min_length }) end
  if simple.max_length then insert(list, { 'maxItems', simple.max_length }) end
  return ordered(list)
end

-- Of members that are all texts: one of them. Lists in a union are texts.
local function union_schema(simple)
  if simple.json == 'boolean' then return ordered { { 'type', 'boolean' } } end
  if simple.json == 'number' then return number_schema(simple) end
  local schemas = {}
  for _, member in ipairs(simple.members or {}) do
    if member.json ~= 'string' or member.class == 'list' then
      return ordered { { 'type', 'string' } }
    end
    insert(schemas, result.of(member))
  end
  if #schemas == 1 then return schemas[1] end
  if #schemas == 0 or simple.enumeration then return string_schema(simple) end
  return ordered { { 'anyOf', schemas } }
end

function result.of(simple)
  if simple.name == 'xs:anySimpleType' then
    return ordered { { 'type', { 'string', 'number', 'boolean', 'array' } } }
  end
  if simple.class == 'list' then return list_schema(simple) end
  if simple.class == 'union' then return union_schema(simple) end
  if simple.json == 'boolean' then return ordered { { 'type', 'boolean' } } end
  if simple.json == 'number' then return number_schema(simple) end
  return string_schema(simple)
end

--- The schema with a default; a reference stays as it is.
function result.with_default(schema, simple, text)
  if simple.class == 'list' then return schema end
  insert(schema, { 'default', json_value(simple, text) })
  return schema
end

result.value = json_value
return setmetatable(result, { __call = function(_, simple) return result.of(simple) end })
