-- What `tidegate import` writes, and what it leaves alone: files that were edited since it wrote
-- them. A list of digests beside them says which ones these are.
-- Called with what files.lua gives and tg.
local files, tg = ...

local insert, concat, sort = table.insert, table.concat, table.sort
local keeping = {}

local LIST = '.tidegate-import'
local HEAD = '# Digests of what tidegate import wrote here: a file that differs has been edited.\n'

local function digest(text) return tg.hash.sha256(text) end

local function read_list(folder)
  local known = {}
  if not files.exists(folder .. '/' .. LIST) then return known end
  for sum, path in files.read(folder .. '/' .. LIST):gmatch '(%x+)  ([^\n]+)' do
    known[path] = sum
  end
  return known
end

-- What becomes of a file of the site.
local function fate(folder, path, text, known, force)
  local full = folder .. '/' .. path
  if not files.exists(full) then
    if known[path] and not force then return 'deleted' end
    return 'made'
  end
  local there = files.read(full)
  if there == text then return 'same' end
  if digest(there) == known[path] then return 'changed' end
  if force then return 'replaced' end
  return known[path] == digest(text) and 'edited' or 'kept'
end

-- Files that were written once and are not wanted any more.
local function find_obsolete(folder, wanted, known)
  local list = {}
  for path, sum in pairs(known) do
    if not wanted[path] and files.exists(folder .. '/' .. path) then
      local edited = digest(files.read(folder .. '/' .. path)) ~= sum
      insert(list, { path = path, fate = edited and 'unwanted' or 'removed' })
    end
  end
  sort(list, function(a, b) return a.path < b.path end)
  return list
end

--- What would be done with the list of { path, text }.
function keeping.plan(folder, list, force)
  local known, wanted, steps = read_list(folder), {}, {}
  for _, file in ipairs(list) do
    wanted[file[1]] = true
    insert(steps, { path = file[1], text = file[2],
      fate = fate(folder, file[1], file[2], known, force) })
  end
  for _, step in ipairs(find_obsolete(folder, wanted, known)) do insert(steps, step) end
  return steps, next(known) ~= nil
end

local words = {
  made = 'made %s', changed = 'changed %s', replaced = 'wrote over %s, which was edited',
  removed = 'removed %s',
  kept = '%s was edited and is left alone; what would be written there now is different',
  unwanted = '%s was edited and is left alone; the service does not need it any more',
  deleted = '%s was deleted and is left out',
}

--- Whether one of the steps leaves something to a person.
function keeping.is_open(steps)
  for _, step in ipairs(steps) do
    if step.fate == 'kept' or step.fate == 'unwanted' then return true end
  end
  return false
end

function keeping.is_change(steps)
  for _, step in ipairs(steps) do
    if step.fate ~= 'same' and step.fate ~= 'edited' and step.fate ~= 'deleted' then return true end
  end
  return false
end

function keeping.show(folder, steps)
  for _, step in ipairs(steps) do
    local line = words[step.fate]
    if line then print(line:format(folder .. '/' .. step.path)) end
  end
end

local writes = { made = true, changed = true, replaced = true }

--- Does it.
function keeping.apply(folder, steps)
  local lines = {}
  for _, step in ipairs(steps) do
    local full = folder .. '/' .. step.path
    if writes[step.fate] then files.write(full, step.text) end
    if step.fate == 'removed' then os.remove(full) end
    if step.text then insert(lines, digest(step.text) .. '  ' .. step.path .. '\n') end
  end
  sort(lines)
  files.write(folder .. '/' .. LIST, HEAD .. concat(lines))
end

-- What differs between two OpenAPI documents.

local function keys_of(a, b)
  local list, seen = {}, {}
  for _, value in ipairs { a, b } do
    for key in pairs(value) do
      if not seen[key] then insert(list, key) end
      seen[key] = true
    end
  end
  sort(list)
  return list
end

local function compare(lines, before, after, show)
  for _, key in ipairs(keys_of(before, after)) do
    local old, new = before[key], after[key]
    if old == nil then
      insert(lines, show(key) .. ' is new')
    elseif new == nil then
      insert(lines, show(key) .. ' is gone')
    elseif tg.json.encode(old, { sorted = true }) ~= tg.json.encode(new, { sorted = true }) then
      insert(lines, { key, old, new })
    end
  end
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

local function compare_types(lines, name, before, after)
  local more = {}
  compare(more, before.properties or {}, after.properties or {}, function(key)
    return ('  %s: member %s'):format(name, key)
  end)
  for _, line in ipairs(more) do
    insert(lines, type(line) == 'string' and line
      or ('  %s: member %s is another one now'):format(name, line[1]))
  end
  local old, new = set_of(before.required), set_of(after.required)
  for _, key in ipairs(keys_of(old, new)) do
    local both = (before.properties or {})[key] and (after.properties or {})[key]
    if both and old[key] ~= new[key] then
      insert(lines, ('  %s: member %s %s'):format(name, key,
        new[key] and 'must be there now' or 'need not be there any more'))
    end
  end
  return #lines
end

--- Lines that say what differs between the documents, as text.
function keeping.differences(before, after)
  local old, new = tg.json.decode(before), tg.json.decode(after)
  if type(old) ~= 'table' or type(new) ~= 'table' then return {} end
  local lines, all = {}, {}
  compare(all, old.paths or {}, new.paths or {}, function(path) return '  operation ' .. path end)
  for _, line in ipairs(all) do
    insert(lines, type(line) == 'string' and line
      or ('  operation %s is described anew'):format(line[1]))
  end
  all = {}
  compare(all, (old.components or {}).schemas or {}, (new.components or {}).schemas or {},
    function(name) return '  type ' .. name end)
  for _, line in ipairs(all) do
    local count = #lines
    if type(line) == 'string' then
      insert(lines, line)
    elseif compare_types(lines, 'type ' .. line[1], line[2], line[3]) == count then
      insert(lines, ('  type %s is another one now'):format(line[1]))
    end
  end
  return lines
end

return keeping
