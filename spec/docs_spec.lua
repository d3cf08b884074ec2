-- The docs say what is there: types and reference know every name of `tg`, links lead somewhere.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local TYPES, REFERENCE = 'lua/types/tidegate.lua', 'docs/reference.md'

local reference = dofile 'lua/tools/reference.lua'

local WALK = [[
  local tg = require 'tidegate'
  local function walk(value, prefix, depth, out)
    for name, inner in pairs(value) do
      if type(name) == 'string' then
        out[#out + 1] = prefix .. name
        local inside = type(inner) == 'table' or type(inner) == 'userdata'
        if inside and depth < 3 and inner ~= tg.null then
          pcall(walk, inner, prefix .. name .. '.', depth + 1, out)
        end
      end
    end
    return out
  end
  return function() return tg.text(table.concat(walk(tg, 'tg.', 1, {}), '\n')) end
]]

local function missing_from(names, others)
  local list = {}
  for name in pairs(names) do
    if not others[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

describe('the types of lua/types/tidegate.lua', function()
  local seen, typed = {}, nil

  setup(function()
    local tide = gate.serve { script = WALK }
    local names = tide:get('/').body
    tide:stop()
    for name in names:gmatch '[^\n]+' do seen[name] = true end
    typed = reference.names(reference.parse(posix.read(TYPES)), 'tg')
  end)

  it('know every name that a script sees', function()
    assert(seen['tg.json'] and seen['tg.time'], 'the walk found too little')
    assert.same({}, missing_from(seen, typed))
  end)

  it('know no name that is not there', function()
    assert.same({}, missing_from(typed, seen))
  end)
end)

describe('docs/reference.md', function()
  it('is what ./dev docs makes', function()
    local made = reference.render(reference.parse(posix.read(TYPES)))
    assert(made == posix.read(REFERENCE), REFERENCE .. ' is not current: run ./dev docs')
  end)
end)

describe('the maker of the reference', function()
  local model = reference.parse [[
---@meta tidegate

--- What scripts see.
---@class tidegate
---@field null userdata  stands for null
local tg = {}

--- Asks.
---@async
---@param url string  absolute
---@param opts? { method?: string, headers: table<string, string|string[]> }  how
---@return tidegate.Res? res
---@return string? err  what went wrong
function tg.ask(url, opts) end

---@class tidegate.json
---@overload fun(value: any): string
tg.json = {}

function tg.json.encode(value) end

---@class tidegate.Res : tidegate.Base  an answer
---@field body? string|fun(): string?  the bytes
local Res = {}
function Res:xml() end

---@alias tidegate.Code
---| 'timeout' # too late
---| 'reset'
]]

  it('finds names, also of tables in tables', function()
    assert.same({ ['tg.null'] = true, ['tg.ask'] = true, ['tg.json'] = true,
      ['tg.json.encode'] = true }, reference.names(model, 'tg'))
  end)

  it('tells types from words', function()
    local ask = model.classes[1].functions[1]
    assert.same({ name = 'url', type = 'string', note = 'absolute' }, ask.params[1])
    assert.same({ name = 'opts?', note = 'how',
      type = '{ method?: string, headers: table<string, string|string[]> }' }, ask.params[2])
    assert.same({ type = 'tidegate.Res?', name = 'res', note = '' }, ask.returns[1])
    assert.same({ type = 'string?', name = 'err', note = 'what went wrong' }, ask.returns[2])
    assert.same({ name = 'body?', type = 'string|fun(): string?', note = 'the bytes' },
      model.classes[3].fields[1])
    assert.same({ { value = "'timeout'", note = 'too late' }, { value = "'reset'", note = '' } },
      model.aliases[1].values)
  end)

  it('writes Markdown', function()
    local text = reference.render(model)
    assert.matches('## tidegate\n\nWhat scripts see%.\n', text)
    assert.matches('### tg%.ask%(url, opts%)\n\nAsks%.\n\n%- `url` `string`: absolute\n', text)
    assert.matches('waits: other requests', text)
    assert.matches('### Res:xml%(%)', text)
    assert.matches('string\\|fun', text)
  end)
end)

describe('links in the docs', function()
  local function anchors(text)
    local found = {}
    for heading in ('\n' .. text):gmatch '\n#+ ([^\n]+)' do
      found[heading:lower():gsub('[^%w%s_-]', ''):gsub('%s', '-')] = true
    end
    return found
  end

  local function broken(path, text)
    local list, folder = {}, path:match '^(.*/)' or ''
    local shown = text:gsub('```.-```', '')
    for target in shown:gmatch '%]%(([^)%s]+)%)' do
      local file, anchor = target:match '^([^#]*)#?(.*)$'
      if not target:find '^%a+:' then
        local there = file == '' and path or folder .. file
        local exists = os.rename(there, there)
        if not exists or (anchor ~= '' and not anchors(posix.read(there))[anchor]) then
          list[#list + 1] = path .. ': ' .. target
        end
      end
    end
    return list
  end

  it('lead to files and headings that are there', function()
    local wrong = {}
    local find = "find README.md docs src examples bench -name '*.md' ! -path '*/node_modules/*'"
    for path in io.popen(find):lines() do
      for _, entry in ipairs(broken(path, posix.read(path))) do wrong[#wrong + 1] = entry end
    end
    assert.same({}, wrong)
  end)

  it('are found broken when they are', function()
    assert.same({ 'docs/x.md: none.md', 'docs/x.md: #no' },
      broken('docs/x.md', '[a](none.md) [b](#no) [c](https://x/y) [d](../dev)'))
  end)
end)
