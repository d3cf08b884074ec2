-- The OpenAPI 3.1 document of a site: from its routes, and what their scripts say of themselves.
-- Called with C functions, tg, the scripts' tables by path, the routes and the options.
local native, tg, abouts, routes, options = ...

local insert, ipairs, pairs = table.insert, ipairs, native.pairs
local shapes = native.library 'shapes' (native, tg)
local ordered = shapes.pretty.ordered

local methods = { GET = 'get', PUT = 'put', POST = 'post', DELETE = 'delete', OPTIONS = 'options',
  HEAD = 'head', PATCH = 'patch', TRACE = 'trace' }
local any_methods = { 'get', 'put', 'post', 'delete', 'patch' }

local set = shapes.new_set('#/components/schemas/', { Problem = true })
local outlines = {}

local function outline_of(schema)
  outlines[schema] = outlines[schema] or shapes.outline(schema)
  return outlines[schema]
end

-- Bodies.

local function body_schema(body)
  if body.schema == nil then return body end
  local outline = outline_of(body.schema)
  return set:root(outline, shapes.element(outline, body.element), body.bare)
end

local function content_of(body)
  if body.content then return ordered { { body.content, ordered {} } } end
  return ordered { { 'application/json', ordered { { 'schema', body_schema(body) } } } }
end

-- Paths.

local function take_path(pattern)
  local method, path = pattern:match '^(%S+) (.*)$'
  local names = {}
  local template = path:gsub('{([%w_]+)(%.*)}', function(name, dots)
    insert(names, { name = name, rest = dots ~= '' })
    return '{' .. name .. '}'
  end)
  return method, template, names
end

local function shape_of(template) return (template:gsub('{[^}]*}', '{}')) end

-- Parameters have the names of the first route of that shape.
local function path_parameters(names, own, about)
  local list = {}
  for i, name in ipairs(names) do
    local schema = (about.params or {})[own[i].name] or ordered { { 'type', 'string' } }
    local parameter = { { 'name', name.name }, { 'in', 'path' }, { 'required', true },
      { 'schema', schema } }
    if own[i].rest then
      insert(parameter, 3, { 'description', 'The rest of the path, which may have slashes.' })
    end
    insert(list, ordered(parameter))
  end
  return list
end

local function add_query(list, query)
  local names = {}
  for name in pairs(query) do insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    insert(list, ordered { { 'name', name }, { 'in', 'query' }, { 'schema', query[name] } })
  end
end

-- Responses.

local common = { [400] = 'BadRequest', [502] = 'BadGateway', [504] = 'GatewayTimeout' }
local reasons = { Problem = 'Something went wrong.',
  BadRequest = 'The request is not what is described here.', BadGateway = 'A backend failed.',
  GatewayTimeout = 'A backend was too slow.' }
local used = { Problem = true }

local function problem(words)
  return ordered { { 'description', words }, { 'content', ordered { { 'application/problem+json',
    ordered { { 'schema', ordered { { '$ref', '#/components/schemas/Problem' } } } } } } } }
end

local function common_problem(name)
  used[name] = true
  return ordered { { '$ref', '#/components/responses/' .. name } }
end

local function add_problems(list, route, about)
  local errors, codes = about.errors or {}, {}
  local has = { [400] = about.request ~= nil, [502] = route.calls, [504] = route.calls }
  for code in pairs(errors) do has[code] = true end
  for code, wanted in pairs(has) do
    if wanted then insert(codes, code) end
  end
  table.sort(codes)
  for _, code in ipairs(codes) do
    insert(list, { tostring(code), errors[code] and problem(errors[code])
      or common_problem(common[code]) })
  end
  insert(list, { 'default', common_problem 'Problem' })
end

local function responses_of(route, about)
  local status = about.status or 200
  local good = { { 'description', status == 204 and 'Done.' or 'The answer.' } }
  if route.script == nil then good[1][2] = 'What the backend answers.' end
  if about.response then insert(good, { 'content', content_of(about.response) }) end
  local list = { { tostring(status), ordered(good) } }
  add_problems(list, route, about)
  return ordered(list)
end

-- Operations.

local ids = {}

local function operation_id(about, method, template)
  local id = about.id or method .. template:gsub('[^%w]+', '_'):gsub('_$', '')
  local name, n = id, 1
  while ids[name] do
    n = n + 1
    name = id .. '_' .. n
  end
  ids[name] = true
  return name
end

local function operation(route, method, template, names, own)
  local about = route.script and abouts[route.script] or {}
  local list = { { 'operationId', operation_id(about, method, template) } }
  for _, key in ipairs { 'summary', 'description', 'tags', 'deprecated' } do
    if about[key] ~= nil then insert(list, { key, about[key] }) end
  end
  local parameters = path_parameters(names, own, about)
  add_query(parameters, about.query or {})
  if #parameters > 0 then insert(list, { 'parameters', parameters }) end
  if about.request then
    insert(list, { 'requestBody', ordered { { 'required', true },
      { 'content', content_of(about.request) } } })
  end
  insert(list, { 'responses', responses_of(route, about) })
  return ordered(list)
end

-- Paths of one shape are one path.
local paths, by_shape, left_out = {}, {}, {}

local function path_of(template, names)
  local shape = shape_of(template)
  if not by_shape[shape] then
    by_shape[shape] = { template = template, names = names, has = {}, list = {} }
    insert(paths, { template, by_shape[shape].list })
  end
  return by_shape[shape]
end

local function add(route, path, method, own)
  if path.has[method] then return end
  path.has[method] = true
  insert(path.list, { method, operation(route, method, path.template, path.names, own) })
end

local function add_route(route, only_any)
  local method, template, own = take_path(route.pattern)
  if (method == 'ANY') ~= only_any then return end
  if method == 'ANY' then
    local path = path_of(template, own)
    for _, one in ipairs(any_methods) do add(route, path, one, own) end
  elseif methods[method] then
    add(route, path_of(template, own), methods[method], own)
  else
    insert(left_out, route.pattern)
  end
end

for _, route in ipairs(routes) do add_route(route, false) end
for _, route in ipairs(routes) do add_route(route, true) end
for _, pair in ipairs(paths) do ordered(pair[2]) end

-- The whole.

local problem_schema = ordered {
  { 'type', 'object' },
  { 'description', 'Problem details, as RFC 9457 has them.' },
  { 'properties', ordered {
    { 'type', ordered { { 'type', 'string' } } }, { 'title', ordered { { 'type', 'string' } } },
    { 'status', ordered { { 'type', 'integer' } } },
    { 'detail', ordered { { 'type', 'string' } } } } },
}

local components = { { 'Problem', problem_schema } }
for _, pair in ipairs(set.components) do insert(components, pair) end

local responses = {}
for _, name in ipairs { 'Problem', 'BadRequest', 'BadGateway', 'GatewayTimeout' } do
  if used[name] then insert(responses, { name, problem(reasons[name]) }) end
end

local info = { { 'title', options.title }, { 'version', options.version } }
local document = { { 'openapi', '3.1.0' }, { 'info', ordered(info) } }
if options.server then
  insert(document, { 'servers', { ordered { { 'url', options.server } } } })
end
insert(document, { 'paths', ordered(paths) })
insert(document, { 'components', ordered {
  { 'schemas', ordered(components) },
  { 'responses', ordered(responses) } } })

return shapes.pretty.write(ordered(document)) .. '\n', table.concat(left_out, '\n')
