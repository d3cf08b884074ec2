-- What describes the values of schemas that scripts have: JSON Schemas, and examples.
-- Called with C functions and the table of calls (tg).
local native, tg = ...

local insert = table.insert
local pretty = native.library 'pretty' (tg)
local pattern = native.library 'pattern' ()
local simple = native.library 'json_simple' (pretty, pattern)
local new_set, find = native.library 'json_schema' (pretty, simple)
local sample = native.library 'sample' (pretty, pattern, simple)
local shapes = { pretty = pretty, new_set = new_set }

--- The outline of a schema; raises when it can't be converted by.
function shapes.outline(schema)
  return tg.try(tg.json.decode((native.schema_outline(schema))))
end

--- The element of that name in an outline; raises when there is none.
function shapes.element(outline, name)
  if name == nil then
    local only
    for _, element in native.pairs(outline.elements) do
      if only then
        native.raise "json_schema: element = 'name' is wanted: the schema has several"
      end
      only = element
    end
    return only or native.raise 'json_schema: the schema declares no element'
  end
  return find(outline, name)
    or native.raise(("json_schema: there is no element '%s', or more than one"):format(name))
end

--- An example of the element's value for pretty.write; nil when none is known.
function shapes.sample(outline, name) return sample(outline, shapes.element(outline, name)) end

--- schema:json_schema(opts): a document of JSON Schema as text.
function shapes.document(schema, opts)
  local outline, set = shapes.outline(schema), new_set '#/$defs/'
  local root = set:root(outline, shapes.element(outline, opts.element), opts.bare)
  local list = { { '$schema', 'https://json-schema.org/draft/2020-12/schema' } }
  for _, pair in ipairs(root) do insert(list, pair) end
  if #set.components > 0 then insert(list, { '$defs', pretty.ordered(set.components) }) end
  return pretty.write(pretty.ordered(list))
end

return shapes
