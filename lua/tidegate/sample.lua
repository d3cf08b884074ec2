-- Examples of values of an XML Schema, from its outline: as small as they can be with all in them.
-- Called with the writer of JSON, the reader of patterns and json_simple.lua.
local pretty, pattern, simple_schema = ...

local insert, ipairs = table.insert, ipairs
local ordered = pretty.ordered

local DEEP = 6   -- levels below which only what must be there is shown
local MANY = 150 -- members after which it is so, too

local function give_up() error({ none = true }, 0) end

-- Simple types.

local texts = {
  date = '2026-01-31', dateTime = '2026-01-31T12:00:00Z', time = '12:00:00Z', duration = 'P1D',
  gYear = '2026', gYearMonth = '2026-01', gMonthDay = '--01-31', gDay = '---31', gMonth = '--01',
  base64Binary = 'dGlkZWdhdGU=', hexBinary = 'cafe', anyURI = 'https://example.org/',
  language = 'en', boolean = 'true',
}

local function limit_text(limit)
  if limit and not limit.exclusive then return limit.text end
  return nil
end

local function number_text(simple)
  local step = simple.class == 'integer' and 1 or 0.5
  local value = simple.class == 'integer' and 1 or 1.5
  if simple.fraction_digits == 0 or simple.total_digits == 1 then value, step = 1, 1 end
  local low = simple.low and tonumber(simple.low.text)
  local high = simple.high and tonumber(simple.high.text)
  if high and (value > high or simple.high.exclusive and value >= high) then
    if limit_text(simple.high) then return simple.high.text end
    value = high - step
  end
  if low and (value < low or simple.low.exclusive and value <= low) then
    if limit_text(simple.low) then return simple.low.text end
    value = low + step
  end
  return ('%.14g'):format(value)
end

local function fit(text, simple)
  local low, high = simple.min_length or 0, simple.max_length or math.huge
  if #text > high then text = text:sub(1, high) end
  if #text < low then text = text .. ('x'):rep(low - #text) end
  return text
end

-- Texts that may match the patterns, one after the other.
local function patterned(simple, index)
  local text = pattern.sample(simple.patterns[#simple.patterns], index)
  if not text then give_up() end
  local low, high = simple.min_length or 0, simple.max_length or math.huge
  if (#text < low or #text > high) and index < 40 then return patterned(simple, index + 1) end
  return text
end

local simple_text

local function list_text(simple)
  local items = {}
  for i = 1, math.max(1, simple.min_length or 1) do items[i] = simple_text(simple.item, 'item') end
  return table.concat(items, ' ')
end

local function string_text(simple, name)
  local plain = texts[simple.builtin]
  if simple.patterns then return patterned(simple, 0) end
  local limit = limit_text(simple.low) or limit_text(simple.high)
  if plain then return limit or plain end
  return fit(name:gsub('^@', ''), simple)
end

function simple_text(simple, name)
  if simple.enumeration then return simple.enumeration[1] end
  if simple.class == 'list' then return list_text(simple) end
  if simple.class == 'union' then
    if not simple.members then give_up() end
    return simple_text(simple.members[1], name)
  end
  if simple.json == 'boolean' then return 'true' end
  if simple.json == 'number' and not simple.patterns then return number_text(simple) end
  return string_text(simple, name)
end

local function simple_value(simple, text)
  if simple.class ~= 'list' then return simple_schema.value(simple, text) end
  local items = {}
  for item in text:gmatch '%S+' do insert(items, simple_schema.value(simple.item, item)) end
  return setmetatable(items, { __metatable = 'array' })
end

-- Elements.

local Walk = {}
Walk.__index = Walk

local function is_small(walk) return walk.depth >= DEEP or walk.count >= MANY end

local function raw_text(element)
  local space = element.namespace ~= '' and (' xmlns="%s"'):format(element.namespace) or ''
  return ('<%s%s/>'):format(element.name, space)
end

function Walk:attributes(type, members)
  for _, attribute in ipairs(type.attributes) do
    if attribute.required or attribute.value or not is_small(self) then
      local ok, text = true, attribute.value
      if not text then ok, text = pcall(simple_text, attribute.simple, attribute.key) end
      if ok then insert(members, { attribute.key, simple_value(attribute.simple, text) })
      elseif attribute.required then give_up() end
    end
  end
end

-- Adds what the particle has to `found`, lists by member.
function Walk:part(type, part, found)
  if part.max == 0 then return end
  if part.kind == 'leaf' then return self:leaf(type, part, found) end
  if part.kind == 'choice' then return self:choice(type, part, found) end
  for _ = 1, math.max(part.min, 1) do
    for _, inner in ipairs(part.parts or {}) do self:optional(type, inner, found) end
  end
end

-- What need not be there is left out when it is too much, or can't be done.
function Walk:optional(type, part, found)
  if part.min > 0 then return self:part(type, part, found) end
  if is_small(self) then return end
  local trial = {}
  for member, list in pairs(found) do trial[member] = { unpack(list) } end
  if not pcall(self.part, self, type, part, trial) then return end
  for member, list in pairs(trial) do found[member] = list end
end

function Walk:choice(type, part, found)
  for _ = 1, math.max(part.min, 1) do
    local done = #(part.parts or {}) == 0
    for _, inner in ipairs(part.parts or {}) do
      local trial = {}
      for member, list in pairs(found) do trial[member] = { unpack(list) } end
      if not done and pcall(self.part, self, type, inner, trial) then
        done = true
        for member, list in pairs(trial) do found[member] = list end
      end
    end
    if not done then give_up() end
  end
end

function Walk:leaf(type, part, found)
  local member = type.members[part.member or 0]
  if not member then give_up() end
  if not member.element then
    if part.min == 0 then return end
    give_up()
  end
  local list = found[part.member] or {}
  for _ = 1, math.max(part.min, 1) do insert(list, (self:element(member.element))) end
  found[part.member] = list
end

function Walk:object(type, members)
  self:attributes(type, members)
  if type.simple then
    insert(members, { '#text', simple_value(type.simple, simple_text(type.simple, 'text')) })
    return
  end
  local found = {}
  if type.part then self:optional(type, type.part, found) end
  for i, member in ipairs(type.members) do
    local list = found[i]
    if list then
      insert(members, { member.name, member.array and setmetatable(list,
        { __metatable = 'array' }) or list[1] })
    end
  end
end

-- The type itself; an abstract one by the first that is derived from it.
function Walk:concrete(id)
  local type = self.outline.types[tostring(id)]
  if not type.abstract then return type end
  local other = type.derived and type.derived[1] or give_up()
  return self.outline.types[tostring(other)], true
end

function Walk:element(element)
  local type, is_other = self:concrete(element.type)
  if self.open[type.id] and self.open[type.id] > 1 then give_up() end
  self.count = self.count + 1
  if type.raw then return raw_text(element) end
  if not type.complex then
    return simple_value(type.simple, element.value or simple_text(type.simple, element.name))
  end
  local members = {}
  if is_other then insert(members, { '@xsi:type', type.shown }) end
  self.depth, self.open[type.id] = self.depth + 1, (self.open[type.id] or 0) + 1
  local ok, err = pcall(self.object, self, type, members)
  self.depth, self.open[type.id] = self.depth - 1, self.open[type.id] - 1
  if not ok then error(err, 0) end
  return ordered(members)
end

--- An example of the element's value, for the writer of JSON; nil when none is known.
return function(outline, element)
  local walk = setmetatable({ outline = outline, depth = 0, count = 0, open = {} }, Walk)
  local ok, value = pcall(walk.element, walk, element)
  if ok then return value end
  if type(value) ~= 'table' then error(value, 0) end
  return nil
end
