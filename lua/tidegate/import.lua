-- `tidegate import`: a site of a WSDL document, with a JSON route for each of its operations.
local core, arguments = ...

local tg = require 'tidegate'
local insert = table.insert
local native = core.native
local files = core.library 'files' (core)
local text = core.library 'import_text' ()
local keeping = core.library 'import_files' (files, tg)
local shapes = core.library 'shapes' (native, tg)
local spec = core.library 'import_spec' (text, shapes.pretty)
local complain = files.complain

local usage = [[
usage: tidegate import FILE.wsdl [DIR] [options]

Makes a site of a SOAP service: a route with JSON for each operation, its script and its spec, the
client of the service, and an OpenAPI document. DIR is named after the file when it is not given.
Run again, it shows what has changed in the service, writes what follows from that, and leaves
alone what was edited.

  --force        write over files that were edited, too
  --dry-run      show what would be done, and do nothing
  --operations A,B
                 only these
  --service S, --port P, --soap 1.1|1.2
                 which one, when the document has several
  --root FOLDER  all that the document imports lies in there; the folder of the file when it is
                 not given

Exit status: 0 when all is done; 1 when the document can't be imported, or edited files were left
alone that would be different now, or a dry run found something to do; 2 for a wrong command line.
]]

local takes_value = { ['--operations'] = 'operations', ['--service'] = 'service',
  ['--port'] = 'port', ['--soap'] = 'version', ['--root'] = 'root' }
local flags = { ['--force'] = 'force', ['--dry-run'] = 'dry', ['--help'] = 'help', ['-h'] = 'help' }

-- The options, or nil and the exit status.
local function read_arguments()
  local read, i = { paths = {} }, 1
  while i <= #arguments do
    local word = arguments[i]
    if takes_value[word] then
      i = i + 1
      if not arguments[i] then return nil, complain('a value must follow ' .. word, 2) end
      read[takes_value[word]] = arguments[i]
    elseif flags[word] then
      read[flags[word]] = true
    elseif word:sub(1, 1) == '-' then
      return nil, complain(("unknown option '%s'; see tidegate import --help"):format(word), 2)
    else
      insert(read.paths, (word:gsub('(.)/+$', '%1')))
    end
    i = i + 1
  end
  if read.version and read.version ~= '1.1' and read.version ~= '1.2' then
    return nil, complain("--soap takes 1.1 or 1.2, not '" .. read.version .. "'", 2)
  end
  return read
end

-- Reading

local LIMITS = { input = '8MB', depth = 256, elements = 100000, names = 100000 }
local IMPORTS = [[//*[local-name()='import' or local-name()='include' or local-name()='redefine']
  [@location or @schemaLocation] ]]

-- The document and all that it names, as far as it is there: { path, text } each.
local function collect(path, list, seen)
  if seen[path] then return end
  seen[path] = true
  local content = native.file_read(path)
  local doc = content and tg.xml.parse(content, LIMITS)
  if not content then return end
  insert(list, { 'wsdl/' .. path, content })
  for _, node in ipairs(doc and doc:xpath(IMPORTS) or {}) do
    local location = node:attribute 'schemaLocation' or node:attribute 'location'
    local inner = native.file_path(path, location)
    if inner then collect(inner, list, seen) end
  end
end

local function named(list)
  if not list then return nil end
  local names = {}
  for name in list:gmatch '[^,%s]+' do names[name] = true end
  return names
end

-- Examples of what an operation takes and gives; what the schema refuses is none.
local function add_examples(operation, schema, outline)
  local function example(element)
    local value = element and shapes.sample(outline, element)
    if value == nil then return nil end
    local xml = schema:to_xml(shapes.pretty.write(value), { element = element, bare = true })
    if not xml then return nil end
    return value, xml
  end
  operation.request = example(operation.input)
  operation.answer, operation.xml = example(operation.output)
  local type_id = operation.input and shapes.element(outline, operation.input).type
  local kind = type_id and outline.types[tostring(type_id)]
  operation.is_object = kind and kind.complex and not kind.raw
end

-- All that the site is made of; raises with file, line and reason.
local function read_service(read)
  local path = read.paths[1]
  local root = read.root or path:match '^(.*)/[^/]*$' or '.'
  local file = path
  if path:sub(1, #root + 1) == root .. '/' then
    file = path:sub(#root + 2)
  elseif root ~= '.' then
    error(("%s does not lie in %s"):format(path, root), 0)
  end
  core.root(root)
  local options = { service = read.service, port = read.port, version = read.version,
    operations = named(read.operations) }
  local reader = core.library 'wsdl' (native, tg, { pairs = pairs })
  local wsdl = reader(file, options)
  local plan = { wsdl = wsdl, file = file, name = text.service_name(file),
    path = text.path_of(wsdl.address), title = file:match '([^/]+)$':gsub('%.[%a]+$', ''),
    service = read.service, port = read.port, version = read.version,
    operations = options.operations, sources = {} }
  local schema = native.schema_load(file, wsdl.schemas)
  for _, name in ipairs(wsdl.names) do
    local operation = wsdl.operations[name]
    for _, element in ipairs { operation.input or nil, operation.output or nil } do
      native.schema_knows(schema, element, file)
    end
  end
  local outline = shapes.outline(schema)
  for _, name in ipairs(wsdl.names) do add_examples(wsdl.operations[name], schema, outline) end
  collect(file, plan.sources, {})
  return plan
end

-- Making

local function make_files(plan)
  local list = { { 'site.lua', text.site(plan) }, { ('lua/%s.lua'):format(plan.name),
    text.client(plan) } }
  for _, name in ipairs(plan.wsdl.names) do
    local operation, stem = plan.wsdl.operations[name], text.file_name(name)
    insert(list, { ('routes/%s.lua'):format(stem), text.script(plan, operation) })
    insert(list, { ('spec/%s_spec.lua'):format(stem), spec.of(plan, operation) })
  end
  insert(list, { 'spec/soap.lua', spec.helper(plan.wsdl.version) })
  insert(list, { 'README.md', text.readme(plan) })
  insert(list, { '.luarc.json', files.luarc() })
  for _, source in ipairs(plan.sources) do insert(list, source) end
  return list
end

local function remove_all(folder, list)
  for _, file in ipairs(list) do os.remove(folder .. '/' .. file[1]) end
  for _, file in ipairs(list) do
    local path = file[1]
    while path:find '/' do
      path = path:match '^(.*)/'
      os.remove(folder .. '/' .. path)
    end
  end
  os.remove(folder)
end

-- The site is read, and described, before anything of it is written where it was asked for.
local function add_document(plan, list, folder)
  local place = files.temporary()
  for _, file in ipairs(list) do files.write(place .. '/' .. file[1], file[2]) end
  local document, problems = core.document(place, plan.title, '1.0.0')
  remove_all(place, list)
  if not document then
    local plain = place:gsub('%p', '%%%0')
    error((problems:gsub(plain, (folder:gsub('%%', '%%%%'))):gsub('%s+$', '')), 0)
  end
  insert(list, { 'openapi.json', document })
  return document
end

local function show_differences(folder, document)
  if not files.exists(folder .. '/openapi.json') then return end
  local lines = keeping.differences(files.read(folder .. '/openapi.json'), document)
  if #lines == 0 then return end
  print 'changed in the service:'
  for _, line in ipairs(lines) do print(line) end
end

local function import(read)
  local plan = read_service(read)
  local folder = read.paths[2] or plan.name
  local list = make_files(plan)
  local document = add_document(plan, list, folder)
  local steps, again = keeping.plan(folder, list, read.force)
  if again then show_differences(folder, document) end
  keeping.show(folder, steps)
  if read.dry then return keeping.is_change(steps) and 1 or 0 end
  keeping.apply(folder, steps)
  if again and not keeping.is_change(steps) and not keeping.is_open(steps) then
    print 'nothing has changed'
  end
  if not again then
    print(('\nnow try:\n  tidegate test %s\n  %s=http://… tidegate run %s'):format(folder,
      text.variable(plan.name), folder))
  end
  return keeping.is_open(steps) and 1 or 0
end

local read, status = read_arguments()
if not read then return status end
if read.help then
  io.stdout:write(usage)
  return 0
end
if #read.paths == 0 or #read.paths > 2 then
  io.stderr:write(usage)
  return 2
end
if not files.exists(read.paths[1]) then
  return complain(read.paths[1] .. " can't be read")
end
local ok, result = pcall(import, read)
if not ok then return complain(tostring(result)) end
return result
