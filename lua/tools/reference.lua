-- Makes the API reference from a file of LuaCATS annotations:
--   luajit lua/tools/reference.lua lua/types/tidegate.lua docs/reference.md
-- Loaded by `require` it gives { parse, render } for the spec of the docs.
local reference = {}

-- Splits `text` into a type and the words after it. A type goes on through brackets, quotes,
-- unions and the results of `fun(…)`.
local function split_type(text)
  local at, depth, quote = 1, 0, nil
  while at <= #text do
    local c = text:sub(at, at)
    if quote then
      if c == quote then quote = nil end
    elseif c == "'" or c == '"' then
      quote = c
    elseif c:find '[%(<{%[]' then
      depth = depth + 1
    elseif c:find '[%)>}%]]' then
      depth = depth - 1
    elseif c == ' ' and depth == 0 then
      local before, after = text:sub(1, at - 1), text:match('^%s*(.)', at)
      local goes_on = before:find '|%s*$' or after == '|' or before:find '%):$' or before:find ',$'
      if not goes_on then break end
    end
    at = at + 1
  end
  return text:sub(1, at - 1), text:sub(at):match '^%s*#?%s*(.-)%s*$'
end

local function parse_field(text)
  local name, rest = text:match '^(%[.-%])%s+(.*)$'
  if not name then name, rest = text:match '^(%S+)%s+(.*)$' end
  local kind, note = split_type(rest)
  return { name = name, type = kind, note = note }
end

local function parse_return(text)
  local kind, rest = split_type(text)
  local name, note = rest:match '^([%a_][%w_]*)%s*(.*)$'
  if not name then name, note = nil, rest end
  return { type = kind, name = name, note = note }
end

-- What stands in front of the next line of code.
local function fresh() return { text = {}, params = {}, returns = {}, overloads = {} } end

local tags = {}

function tags.class(model, notes, rest)
  local name, parent = rest:match '^([%w_.]+)%s*:?%s*([%w_.]*)'
  local class = { name = name, parent = parent ~= '' and parent or nil, text = notes.text,
    fields = {}, functions = {}, overloads = {} }
  table.insert(model.classes, class)
  model.open = class
  notes.text = {}
end

function tags.alias(model, notes, rest)
  local name, kind = rest:match '^([%w_.]+)%s*(.*)$'
  local alias = { name = name, type = kind, text = notes.text, values = {} }
  table.insert(model.aliases, alias)
  model.alias = alias
  notes.text = {}
end

function tags.field(model, _, rest) table.insert(model.open.fields, parse_field(rest)) end
function tags.param(_, notes, rest) table.insert(notes.params, parse_field(rest)) end
tags['return'] = function(_, notes, rest) table.insert(notes.returns, parse_return(rest)) end
function tags.overload(model, notes, rest)
  table.insert(model.open and model.open.overloads or notes.overloads, rest)
end
function tags.async(_, notes) notes.async = true end

local function annotate(model, notes, line)
  local value, note = line:match '^%-%-%-|%s*(%S+)%s*#?%s*(.-)%s*$'
  if value then return table.insert(model.alias.values, { value = value, note = note }) end
  local tag, rest = line:match '^%-%-%-@(%a+)%s*(.-)%s*$'
  if not tag then return table.insert(notes.text, (line:match '^%-%-%-%s?(.-)%s*$')) end
  if tags[tag] then tags[tag](model, notes, rest) end
end

-- The class whose variable is the longest beginning of `path`.
local function owner_of(model, path)
  local best
  for variable, class in pairs(model.variables) do
    local fits = path:sub(1, #variable) == variable and path:find('^[.:]', #variable + 1)
    if fits and (not best or #variable > #best.variable) then
      best = { variable = variable, class = class }
    end
  end
  return best and best.class
end

local function code(model, notes, line)
  local path, arguments = line:match '^function%s+([%w_.:]+)%s*(%b())'
  if path then
    local class = assert(owner_of(model, path), 'no class for ' .. path)
    table.insert(class.functions, { path = path, arguments = arguments, text = notes.text,
      params = notes.params, returns = notes.returns, async = notes.async,
      overloads = notes.overloads })
    return
  end
  local variable = line:match '^local%s+([%w_]+)%s*=' or line:match '^([%w_.]+)%s*='
  if variable and model.open then
    model.variables[variable] = model.open
    model.open.variable = variable
  elseif variable then
    local class = owner_of(model, variable)
    local field = { name = variable:match '([%w_]+)$', type = notes.type or 'any',
      note = table.concat(notes.text, ' ') }
    if class then table.insert(class.fields, field) end
  end
end

--- Reads annotations: { classes, aliases, variables }.
---@param text string
---@return table
function reference.parse(text)
  local model = { classes = {}, aliases = {}, variables = {} }
  local notes = fresh()
  for line in (text .. '\n'):gmatch '(.-)\n' do
    local type_tag = line:match '^%-%-%-@type%s+(.*)$'
    if type_tag then
      notes.type = type_tag
    elseif line:find '^%-%-%-' then
      annotate(model, notes, line)
    else
      if line ~= '' then code(model, notes, line) end
      notes, model.open, model.alias = fresh(), nil, nil
    end
  end
  return model
end

--- Every name below the variable `root` that the annotations know, such as `tg.json.encode`.
---@param model table
---@param root string
---@return table<string, boolean>
function reference.names(model, root)
  local names = {}
  for variable, class in pairs(model.variables) do
    if variable == root or variable:find('^' .. root .. '%.') then
      if variable ~= root then names[variable] = true end
      for _, field in ipairs(class.fields) do
        local plain = field.name:match '^([%w_]+)%??$'
        if plain then names[variable .. '.' .. plain] = true end
      end
      for _, fn in ipairs(class.functions) do names[(fn.path:gsub(':', '.'))] = true end
    end
  end
  return names
end

local function cell(text) return (text:gsub('|', '\\|')) end

local function render_text(out, text)
  if #text == 0 then return end
  out[#out + 1] = (table.concat(text, '\n'):gsub('\n\n+', '\n\n'))
  out[#out + 1] = ''
end

local function render_fields(out, fields)
  if #fields == 0 then return end
  out[#out + 1] = '| name | type | |'
  out[#out + 1] = '|---|---|---|'
  for _, field in ipairs(fields) do
    local name, kind, note = cell(field.name), cell(field.type), cell(field.note)
    out[#out + 1] = ('| `%s` | `%s` | %s |'):format(name, kind, note)
  end
  out[#out + 1] = ''
end

local function item(label, kind, note)
  return ('- %s`%s`%s'):format(label, kind, note ~= '' and ': ' .. note or '')
end

local function render_function(out, fn)
  out[#out + 1] = ('### %s%s'):format(fn.path, fn.arguments)
  out[#out + 1] = ''
  render_text(out, fn.text)
  for _, param in ipairs(fn.params) do
    out[#out + 1] = item(('`%s` '):format(param.name), param.type, param.note)
  end
  for _, result in ipairs(fn.returns) do
    local label = 'gives ' .. (result.name and ('`%s` '):format(result.name) or '')
    out[#out + 1] = item(label, result.type, result.note)
  end
  for _, overload in ipairs(fn.overloads) do out[#out + 1] = item('also ', overload, '') end
  if fn.async then out[#out + 1] = '- waits: other requests go on meanwhile' end
  if out[#out] ~= '' then out[#out + 1] = '' end
end

local function render_class(out, class)
  out[#out + 1] = '## ' .. class.name
  out[#out + 1] = ''
  render_text(out, class.text)
  if class.parent then
    out[#out + 1] = ('All that a `%s` has, and:'):format(class.parent)
    out[#out + 1] = ''
  end
  for _, overload in ipairs(class.overloads) do
    out[#out + 1] = ('Called as a function: `%s`'):format(overload)
    out[#out + 1] = ''
  end
  render_fields(out, class.fields)
  for _, fn in ipairs(class.functions) do render_function(out, fn) end
end

local function render_alias(out, alias)
  out[#out + 1] = ('### %s'):format(alias.name)
  out[#out + 1] = ''
  render_text(out, alias.text)
  if alias.type ~= '' then
    out[#out + 1] = ('`%s`'):format(alias.type)
    out[#out + 1] = ''
  end
  for _, value in ipairs(alias.values) do out[#out + 1] = item('', value.value, value.note) end
  if out[#out] ~= '' then out[#out + 1] = '' end
end

--- The reference as Markdown.
---@param model table
---@return string
function reference.render(model)
  local out = { '# Reference', '',
    'Made from `lua/types/tidegate.lua` by `./dev docs`: change it there.', '' }
  for _, class in ipairs(model.classes) do render_class(out, class) end
  if #model.aliases > 0 then
    out[#out + 1] = '## Names of types'
    out[#out + 1] = ''
    for _, alias in ipairs(model.aliases) do render_alias(out, alias) end
  end
  return table.concat(out, '\n'):gsub('\n+$', '') .. '\n'
end

local function main(from, to)
  local input = assert(io.open(from))
  local text = reference.render(reference.parse(input:read '*a'))
  input:close()
  local output = assert(io.open(to, 'w'))
  output:write(text)
  output:close()
end

if arg and arg[0] and arg[0]:find 'reference%.lua$' then main(arg[1], arg[2]) end

return reference
