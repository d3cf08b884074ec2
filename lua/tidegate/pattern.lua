-- Patterns of XML Schema: read into a tree, written as ECMA-262 has them, and texts that match.
local insert, concat = table.insert, table.concat
local pattern = {}

-- Reading. A pattern is a list of branches; a branch is a list of pieces { atom, min, max }; an
-- atom is a char, a group, or a set of items: { from, to } or { class = 'd' }.

local Reader = {}
Reader.__index = Reader

local function give_up(why) error({ why = why }, 0) end

function Reader:peek() return self.text:match('^[%z\1-\127\194-\244][\128-\191]*', self.at) end

function Reader:take()
  local char = self:peek() or give_up 'it ends too early'
  self.at = self.at + #char
  return char
end

function Reader:accept(text)
  if self.text:sub(self.at, self.at + #text - 1) ~= text then return false end
  self.at = self.at + #text
  return true
end

local plain_escapes = { n = '\n', r = '\r', t = '\t' }

-- What stands behind a backslash: a char, or a class.
function Reader:escape()
  local char = self:take()
  if plain_escapes[char] then return plain_escapes[char] end
  if char == 'p' or char == 'P' then
    local name = self.text:match('^{([%w%-]+)}', self.at) or give_up 'a category without a name'
    self.at = self.at + #name + 2
    return { class = char, name = name }
  end
  if char:find '[sSiIcCdDwW]' then return { class = char } end
  return char
end

function Reader:set_item()
  local char = self:take()
  if char == '\\' then char = self:escape() end
  return char
end

function Reader:set()
  local set = { negated = self:accept '^' }
  while not self:accept ']' do
    if self:accept '-[' then
      set.minus = self:set().set
    else
      local from = self:set_item()
      local next_two = self.text:sub(self.at, self.at + 1)
      if type(from) == 'string' and next_two:sub(1, 1) == '-' and next_two ~= '-]'
        and next_two ~= '-[' then
        self:take()
        insert(set, { from, self:set_item() })
      else
        insert(set, type(from) == 'string' and { from, from } or from)
      end
    end
  end
  return { set = set }
end

function Reader:atom()
  local char = self:take()
  if char == '(' then
    local group = self:branches()
    if not self:accept ')' then give_up 'a bracket is not closed' end
    return { group = group }
  end
  if char == '[' then return self:set() end
  if char == '.' then return { set = { negated = true, { '\n', '\n' }, { '\r', '\r' } } } end
  if char ~= '\\' then return { char = char } end
  local escaped = self:escape()
  return type(escaped) == 'string' and { char = escaped } or { set = { escaped } }
end

function Reader:times()
  if self:accept '?' then return 0, 1 end
  if self:accept '*' then return 0, math.huge end
  if self:accept '+' then return 1, math.huge end
  local all, low, comma, high = self.text:match('^({(%d+)(,?)(%d*)})', self.at)
  if not all then return 1, 1 end
  self.at = self.at + #all
  return tonumber(low), comma == '' and tonumber(low) or tonumber(high) or math.huge
end

function Reader:branches()
  local branches, branch = {}, {}
  insert(branches, branch)
  while self.at <= #self.text and self:peek() ~= ')' do
    if self:accept '|' then
      branch = {}
      insert(branches, branch)
    else
      local piece = { self:atom() }
      piece[2], piece[3] = self:times()
      insert(branch, piece)
    end
  end
  return branches
end

--- The tree of a pattern; nil when it has what is not known here.
function pattern.read(text)
  local reader = setmetatable({ text = text, at = 1 }, Reader)
  local ok, tree = pcall(reader.branches, reader)
  if ok and reader.at > #text then return tree end
  return nil
end

-- As ECMA-262 has it, for the flag u.

local START = ':A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF'
  .. '\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD'
local inner_classes = {
  s = ' \\t\\n\\r', d = '\\p{Nd}', D = '\\P{Nd}', i = START,
  c = START .. '\\-.0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040',
  w = '\\p{L}\\p{M}\\p{N}\\p{S}', W = '\\p{P}\\p{Z}\\p{C}',
}
local controls = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }

local function char_text(char, inside)
  if controls[char] then return controls[char] end
  return (char:gsub(inside and '[%^%-%[%]\\]' or '[%^%$\\%.%*%+%?%(%)%[%]{}|/]', '\\%0'))
end

local function class_text(item)
  if item.name then
    if item.name:sub(1, 2) == 'Is' then give_up 'a block of Unicode' end
    return ('\\%s{%s}'):format(item.class, item.name)
  end
  return inner_classes[item.class] or give_up 'a class that is the rest'
end

local rests = { S = 's', I = 'i', C = 'c' }

local function set_text(set)
  local rest = #set == 1 and not set.minus and rests[set[1].class or '']
  if rest then return (set.negated and '[' or '[^') .. inner_classes[rest] .. ']' end
  local parts = {}
  for _, item in ipairs(set) do
    if item.class then
      insert(parts, class_text(item))
    elseif item[1] == item[2] then
      insert(parts, char_text(item[1], true))
    else
      insert(parts, char_text(item[1], true) .. '-' .. char_text(item[2], true))
    end
  end
  local text = (set.negated and '[^' or '[') .. concat(parts) .. ']'
  return set.minus and ('(?:(?!%s)%s)'):format(set_text(set.minus), text) or text
end

local function times_text(low, high)
  if low == 1 and high == 1 then return '' end
  if high == math.huge then
    return low == 0 and '*' or low == 1 and '+' or ('{%d,}'):format(low)
  end
  if low == 0 and high == 1 then return '?' end
  return low == high and ('{%d}'):format(low) or ('{%d,%d}'):format(low, high)
end

local function branches_text(branches)
  local texts = {}
  for _, branch in ipairs(branches) do
    local pieces = {}
    for _, piece in ipairs(branch) do
      local atom = piece[1]
      local text = atom.char and char_text(atom.char) or atom.set and set_text(atom.set)
        or '(?:' .. branches_text(atom.group) .. ')'
      insert(pieces, text .. times_text(piece[2], piece[3]))
    end
    insert(texts, concat(pieces))
  end
  return concat(texts, '|')
end

--- The pattern as a regular expression of ECMA-262; nil when that has no such thing.
function pattern.ecma(text)
  local tree = pattern.read(text)
  if not tree then return nil end
  local ok, result = pcall(branches_text, tree)
  return ok and '^(?:' .. result .. ')$' or nil
end

-- A text that matches.

local ascii = { d = '%d', D = '%D', s = '%s', S = '%S', w = '[%w$+<=>^`|~]', i = '[%a_:]',
  c = '[%w_:.-]', W = '[^%w$+<=>^`|~]', I = '[^%a_:]', C = '[^%w_:.-]' }
local categories = { L = '%a', Lu = '%u', Ll = '%l', N = '%d', Nd = '%d', P = '[!-#%%-*,-/:;?@_{}]',
  Z = ' ', Zs = ' ', IsBasicLatin = '.' }

local function class_has(item, char)
  if not item.name then return char:find(ascii[item.class]) ~= nil end
  local class = categories[item.name]
  return class ~= nil and (char:find(class) ~= nil) == (item.class == 'p')
end

local function set_has(set, char)
  local found = false
  for _, item in ipairs(set) do
    if item.class then
      found = found or class_has(item, char)
    else
      found = found or #char == #item[1] and char >= item[1] and char <= item[2]
    end
  end
  return found ~= (set.negated == true) and not (set.minus and set_has(set.minus, char))
end

local LIKED = 'aA1bB20cC3xXyYzZdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwW456789-_. :/@+,;=()!?&%#*'

local function sample_set(set)
  for char in LIKED:gmatch '.' do
    if set_has(set, char) then return char end
  end
  if not set.negated and set[1] and set[1][1] then return set[1][1] end
  give_up 'no character is known to match'
end

local function sample_branches(branches, extra)
  local out = {}
  for _, piece in ipairs(branches[1]) do
    local atom = piece[1]
    local count = math.min(piece[2] + extra, piece[3])
    for _ = 1, count do
      insert(out, atom.char or atom.set and sample_set(atom.set)
        or sample_branches(atom.group, extra))
    end
  end
  return concat(out)
end

--- A text that should match, with `extra` repetitions where they may be; nil: none is known.
function pattern.sample(text, extra)
  local tree = pattern.read(text)
  if not tree then return nil end
  local ok, result = pcall(sample_branches, tree, extra)
  return ok and result or nil
end

return pattern
