-- Finds the line of each key of the table that a Lua file returns, by reading its text: an error
-- about a value can then say where the value stands. Returns one function.
local insert = table.insert

local function tokens(text)
  local list, at, line = {}, 1, 1
  local function push(kind, value) insert(list, { kind = kind, value = value, line = line }) end
  local function skip(to)
    local _, breaks = text:sub(at, to):gsub('\n', '')
    line, at = line + breaks, to + 1
  end
  while at <= #text do
    local equals = text:match('^%-%-%[(=*)%[', at) or text:match('^%[(=*)%[', at)
    local comment = text:find('^%-%-', at)
    if equals then
      local _, stop = text:find(']' .. equals .. ']', at, true)
      local inside = text:sub(at, stop or #text):match('^%[=*%[(.*)%]=*%]$')
      if not comment then push('string', inside) end
      skip(stop or #text)
    elseif comment then
      skip((text:find('\n', at, true) or #text + 1) - 1)
    elseif text:find('^%s', at) then
      skip(select(2, text:find('^%s+', at)))
    elseif text:find('^[%a_]', at) then
      local word = text:match('^[%w_]+', at)
      push('name', word)
      at = at + #word
    elseif text:find('^["\']', at) then
      local quote, from = text:sub(at, at), at + 1
      while from <= #text and text:sub(from, from) ~= quote do
        from = from + (text:sub(from, from) == '\\' and 2 or 1)
      end
      push('string', text:sub(at + 1, from - 1))
      skip(from)
    else
      push('symbol', text:sub(at, at))
      at = at + 1
    end
  end
  return list
end

local opens = { ['('] = true, ['{'] = true, ['['] = true, ['function'] = true, ['if'] = true,
  ['do'] = true, ['repeat'] = true }
local closes = { [')'] = true, ['}'] = true, [']'] = true, ['end'] = true, ['until'] = true }

-- Fills lines['backends.crm.timeout'] = 7 from the constructor behind `return`.
local function find_lines(text)
  local list, lines, i = tokens(text), {}, 1
  local function is(k, value)
    return list[k] and list[k].kind ~= 'string' and list[k].value == value
  end
  local function skip_value()
    local depth = 0
    while list[i] do
      local word = list[i].kind ~= 'string' and list[i].value
      if depth == 0 and (word == ',' or word == ';' or word == '}') then return end
      if opens[word] then depth = depth + 1 elseif closes[word] then depth = depth - 1 end
      i = i + 1
    end
  end
  local function read_table(prefix)
    local index = 0
    i = i + 1
    while list[i] and not is(i, '}') do
      local key
      local line = list[i].line
      if is(i, '[') and list[i + 1] and is(i + 2, ']') and is(i + 3, '=') then
        key, i = list[i + 1].value, i + 4
      elseif list[i].kind == 'name' and is(i + 1, '=') and not is(i + 2, '=') then
        key, i = list[i].value, i + 2
      else
        index = index + 1
        key = index
      end
      local full = prefix == '' and tostring(key) or prefix .. '.' .. key
      lines[full] = line
      if is(i, '{') then read_table(full) end
      skip_value()
      if is(i, ',') or is(i, ';') then i = i + 1 end
    end
    i = i + 1
  end
  while list[i] do
    if is(i, 'return') and is(i + 1, '{') then
      i = i + 1
      read_table('')
    end
    i = i + 1
  end
  return lines
end

return find_lines
