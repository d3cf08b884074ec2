-- What a script says of itself behind its function: the table is checked when it is loaded.
local pairs = ...

local function text(value) return type(value) == 'string' and value ~= '' end
local function flag(value) return type(value) == 'boolean' end
local function is_table(value) return type(value) == 'table' end

local function texts(value)
  if type(value) ~= 'table' then return false end
  for _, item in ipairs(value) do
    if not text(item) then return false end
  end
  return #value > 0
end

local function status(value)
  return type(value) == 'number' and value >= 200 and value <= 599 and value % 1 == 0
end

local function by_name(value)
  if type(value) ~= 'table' then return false end
  for name, item in pairs(value) do
    if not text(name) or type(item) ~= 'table' then return false end
  end
  return true
end

local function errors(value)
  if type(value) ~= 'table' then return false end
  for code, words in pairs(value) do
    if not status(code) or code < 400 or not text(words) then return false end
  end
  return true
end

local keys = {
  id = { text, 'a text' }, summary = { text, 'a text' }, description = { text, 'a text' },
  tags = { texts, 'a list of texts' }, deprecated = { flag, 'true or false' },
  request = { is_table, 'a table' }, response = { is_table, 'a table' },
  status = { status, 'a number from 200 to 599' }, query = { by_name, 'schemas by name' },
  params = { by_name, 'schemas by name' },
  errors = { errors, 'texts by status, from 400' },
}

local NAMES = 'id, summary, description, tags, deprecated, request, response, status, query, '
  .. 'params, errors'
local content_keys = { schema = true, element = true, bare = true, content = true }

-- A body is a schema of tg.xml.schema with its element, another content, or a JSON Schema.
local function check_body(body, key, fail)
  if body.schema == nil and body.content == nil then return end
  for name in pairs(body) do
    if not content_keys[name] then fail(("%s: '%s' is not known"):format(key, tostring(name))) end
  end
  if body.content ~= nil and not text(body.content) then
    fail(key .. ': content is a media type')
  end
  if body.schema ~= nil and (type(body.schema) ~= 'userdata'
    or getmetatable(body.schema) ~= 'schema') then
    fail(key .. ': schema is one of tg.xml.schema')
  end
  if body.bare and not text(body.element) then fail(key .. ': bare is for an element') end
end

--- Checks the table that the script of that file gave; raises with the file.
return function(full, about)
  local function fail(message) error(('%s: %s'):format(full, message), 0) end
  if type(about) ~= 'table' then
    fail('behind the function a script returns a table, or nothing')
  end
  for key, value in pairs(about) do
    local known = keys[key]
    if not known then
      fail(("'%s' is nothing that a script says of itself: that is %s"):format(tostring(key),
        NAMES))
    end
    if not known[1](value) then fail(("%s is %s"):format(key, known[2])) end
  end
  for _, key in ipairs { 'request', 'response' } do
    if about[key] then check_body(about[key], key, fail) end
  end
  return about
end
