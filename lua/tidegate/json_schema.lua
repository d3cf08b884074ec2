-- JSON Schemas (2020-12) of what an XML Schema's values are in JSON, from its outline.
-- Called with the writer of JSON and json_simple.lua; gives a function that begins a set of
-- named schemas, which several XML Schemas may fill.
local pretty, simple_schema = ...

local insert, ipairs = table.insert, ipairs
local ordered = pretty.ordered

local MOST = 1000 -- constraints of one type: beyond, they are left to tidegate

-- Particles: which members must be there, and which exclude each other.

local function count_leaves(part, counts)
  if part.kind == 'leaf' then
    if part.member then counts[part.member] = (counts[part.member] or 0) + 1 end
  else
    for _, inner in ipairs(part.parts or {}) do count_leaves(inner, counts) end
  end
  return counts
end

local function is_empty(rule) return #rule.required == 0 and #rule.all == 0 end

local rule_of

-- The members of the part that stand nowhere else in the type.
local function own_members(type, part)
  local own, shared = {}, false
  for member, count in pairs(count_leaves(part, {})) do
    if type.leaves[member] == count then own[member] = true else shared = true end
  end
  return own, shared
end

local function sorted(set)
  local list = {}
  for key in pairs(set) do insert(list, key) end
  table.sort(list)
  return list
end

local function without(type, members, but)
  local list = {}
  for _, member in ipairs(sorted(members)) do
    if not (but and but[member]) then insert(list, { type.members[member].name, false }) end
  end
  return list
end

local function rule_schema(rule, absent)
  local pairs_list = {}
  if #rule.required > 0 then insert(pairs_list, { 'required', rule.required }) end
  if #absent > 0 then insert(pairs_list, { 'properties', ordered(absent) }) end
  if #rule.all > 0 then insert(pairs_list, { 'allOf', rule.all }) end
  return ordered(pairs_list)
end

local function merge(rule, other)
  local seen = {}
  for _, name in ipairs(rule.required) do seen[name] = true end
  for _, name in ipairs(other.required) do
    if not seen[name] then insert(rule.required, name) end
    seen[name] = true
  end
  for _, schema in ipairs(other.all) do insert(rule.all, schema) end
end

local function choice_rule(type, part, repeats)
  local alternatives, nullable = {}, part.min == 0
  for _, inner in ipairs(part.parts or {}) do
    local rule = rule_of(type, inner, repeats)
    if is_empty(rule) then nullable = true end
    local own, shared = own_members(type, inner)
    insert(alternatives, { rule = rule, own = own, shared = shared })
  end
  local members, shared = own_members(type, part)
  local list, empty = {}, 0
  for _, one in ipairs(alternatives) do
    shared = shared or one.shared
    if is_empty(one.rule) then empty = empty + 1 end
    local leaves = {}
    for member in pairs(one.own) do leaves[member] = true end
    insert(list, rule_schema(one.rule, repeats and {} or without(type, members, leaves)))
  end
  local result = { required = {}, all = {} }
  if #list == 0 or repeats and nullable then return result end
  if #list == 1 and not nullable then return alternatives[1].rule end
  if nullable and empty == 0 and not repeats then
    insert(list, ordered { { 'properties', ordered(without(type, members)) } })
  end
  local exact = not repeats and not shared and empty == 0
  insert(result.all, ordered { { exact and 'oneOf' or 'anyOf', list } })
  return result
end

local function sequence_rule(type, part, repeats)
  local rule = { required = {}, all = {} }
  for _, inner in ipairs(part.parts or {}) do merge(rule, rule_of(type, inner, repeats)) end
  if part.min ~= 0 then return rule end
  if is_empty(rule) or repeats then return { required = {}, all = {} } end
  local members, shared = own_members(type, part)
  local none = ordered { { 'properties', ordered(without(type, members)) } }
  if shared then none = ordered {} end
  return { required = {}, all = { ordered { { 'anyOf', { rule_schema(rule, {}), none } } } } }
end

function rule_of(type, part, repeats)
  type.budget = type.budget - 1
  if part.max == 0 or type.budget < 0 then return { required = {}, all = {} } end
  if part.kind == 'leaf' then
    if part.min == 0 or not part.member then return { required = {}, all = {} } end
    return { required = { type.members[part.member].name }, all = {} }
  end
  repeats = repeats or part.max ~= 1
  if part.kind == 'choice' then return choice_rule(type, part, repeats) end
  return sequence_rule(type, part, repeats)
end

-- The fewest and the most of a member in a part.
local function bounds(part, member)
  local low, high = 0, 0
  if part.kind == 'leaf' then
    if part.member == member then low, high = 1, 1 end
  elseif part.kind == 'choice' then
    low = math.huge
    for _, inner in ipairs(part.parts or {}) do
      local l, h = bounds(inner, member)
      low, high = math.min(low, l), math.max(high, h)
    end
    if low == math.huge then low = 0 end
  else
    for _, inner in ipairs(part.parts or {}) do
      local l, h = bounds(inner, member)
      low, high = low + l, high + h
    end
  end
  local times = part.max < 0 and math.huge or part.max
  return low * part.min, high == 0 and 0 or high * times
end

-- Names of components.

local Set = {}
Set.__index = Set

local function component_name(set, type)
  local base = type.name:gsub('[^%w._-]', '_')
  local name, n = base, 1
  while set.taken[name] do
    n = n + 1
    name = base .. '-' .. n
  end
  set.taken[name] = true
  return name
end

local function add_ref(set, name) return ordered { { '$ref', set.prefix .. name } } end

-- Values.

local function raw_schema() return ordered {
  { 'type', 'string' }, { 'contentMediaType', 'application/xml' } } end

local function array_of(item, part, member)
  local low, high = 0, math.huge
  if part then low, high = bounds(part, member) end
  local list = { { 'type', 'array' }, { 'items', item } }
  if low > 0 then insert(list, { 'minItems', low }) end
  if high < 1e9 then insert(list, { 'maxItems', high }) end
  return ordered(list)
end

local attribute_schema = function(attribute)
  local schema = simple_schema(attribute.simple)
  if attribute.value and not attribute.fixed then
    schema = simple_schema.with_default(schema, attribute.simple, attribute.value)
  end
  return schema
end

local function attribute_members(type, properties, required)
  for _, attribute in ipairs(type.attributes) do
    insert(properties, { attribute.key, attribute_schema(attribute) })
    if attribute.required then insert(required, attribute.key) end
  end
end

local function content_members(set, outline, type, properties)
  for i, member in ipairs(type.members) do
    local schema = member.element and set:element(outline, member.element) or raw_schema()
    if member.array then schema = array_of(schema, type.part, i) end
    insert(properties, { member.name, schema })
  end
end

-- Names of attributes, and of the members that are known.
local function names_schema(properties)
  local names = {}
  for _, property in ipairs(properties) do
    if property[1]:sub(1, 1) ~= '@' then insert(names, property[1]) end
  end
  local attribute = ordered { { 'pattern', '^@' } }
  if #names == 0 then return attribute end
  return ordered { { 'anyOf', { attribute, ordered { { 'enum', names } } } } }
end

local function object_schema(set, outline, type)
  local properties, required = {}, {}
  if type.shown and type.is_derived then
    insert(properties, { '@xsi:type', ordered { { 'const', type.shown } } })
  end
  attribute_members(type, properties, required)
  if type.simple then
    insert(properties, { '#text', simple_schema(type.simple) })
    insert(required, '#text')
  end
  content_members(set, outline, type, properties)
  local rule = { required = {}, all = {} }
  if type.part then
    type.leaves, type.budget = count_leaves(type.part, {}), MOST
    rule = rule_of(type, type.part, false)
  end
  for _, name in ipairs(rule.required) do insert(required, name) end
  local list = { { 'type', 'object' } }
  if #properties > 0 then insert(list, { 'properties', ordered(properties) }) end
  if #required > 0 then insert(list, { 'required', required }) end
  if type.any_attribute then
    insert(list, { 'additionalProperties', ordered { { 'type', 'string' } } })
    insert(list, { 'propertyNames', names_schema(properties) })
  else
    insert(list, { 'additionalProperties', false })
  end
  if #rule.all > 0 then insert(list, { 'allOf', rule.all }) end
  return ordered(list)
end

-- The values of a type by itself: of a derived type where another one is declared, too.
local function type_schema(set, outline, type)
  if type.raw then return raw_schema() end
  if not type.complex then return simple_schema(type.simple) end
  return object_schema(set, outline, type)
end

-- A schema that stands for the type; those with names are components.
function Set:type(outline, id)
  local type = outline.types[tostring(id)]
  if not type.name or type.raw then return type_schema(self, outline, type) end
  if not type.component then
    type.component = component_name(self, type)
    local place = { type.component, false }
    insert(self.components, place)
    place[2] = type_schema(self, outline, type)
  end
  return add_ref(self, type.component)
end

-- What may stand where the type is declared.
function Set:declared(outline, id)
  local type = outline.types[tostring(id)]
  if not type.derived or type.raw then return self:type(outline, id) end
  if not type.family then
    type.family = component_name(self, { name = type.name .. '.any' })
    local place, list = { type.family, false }, {}
    insert(self.components, place)
    if not type.abstract then insert(list, self:type(outline, id)) end
    for _, other in ipairs(type.derived) do
      local derived = outline.types[tostring(other)]
      derived.is_derived = true
      local schema = self:type(outline, other)
      if derived.complex then
        schema = ordered { { 'allOf', { schema, ordered { { 'required', { '@xsi:type' } } } } } }
      end
      insert(list, schema)
    end
    place[2] = ordered { { 'anyOf', list } }
  end
  return add_ref(self, type.family)
end

local function nil_schemas(outline, id)
  local type = outline.types[tostring(id)]
  local list = { ordered { { 'type', 'null' } } }
  if type.complex and not type.raw then
    insert(list, ordered { { 'type', 'object' }, { 'required', { '@xsi:nil' } },
      { 'properties', ordered { { '@xsi:nil', ordered { { 'const', true } } } } } })
  end
  return list
end

-- The value of an element.
function Set:element(outline, element)
  local schema = self:declared(outline, element.type)
  if not element.nillable then return schema end
  local list = nil_schemas(outline, element.type)
  insert(list, 1, schema)
  return ordered { { 'anyOf', list } }
end

-- Whether a type is derived is known before any is written.
local function mark_derived(outline)
  for _, type in pairs(outline.types) do
    for _, other in ipairs(type.derived or {}) do
      outline.types[tostring(other)].is_derived = true
    end
  end
end

-- The element of that name, '{namespace}name' or 'name'; nil when there is none, or more than one.
function Set.find(outline, name)
  if outline.elements[name] then return outline.elements[name] end
  local found
  for full, element in pairs(outline.elements) do
    if full:match '}(.*)$' == name then
      if found then return nil end
      found = element
    end
  end
  return found
end

--- The schema of a document with that root element; `bare` is without the object around it.
function Set:root(outline, element, bare)
  if not outline.marked then mark_derived(outline) end
  outline.marked = true
  local value = self:element(outline, element)
  if bare then return value end
  return ordered { { 'type', 'object' },
    { 'properties', ordered { { element.name, value } } }, { 'required', { element.name } },
    { 'additionalProperties', false } }
end

-- A set of components; references to them begin with `prefix`.
local function new(prefix, taken)
  return setmetatable({ prefix = prefix, taken = taken or {}, components = {} }, Set)
end

return new, Set.find
