-- The output `-o lines`: one line for each test that fails, as editors read it and as a gate says
-- why it does not take a site over.
local concat, insert = table.concat, table.insert

local function one_line(text)
  local parts = {}
  for line in tostring(text):gmatch '[^\n]+' do
    local piece = line:match '^%s*(.-)%s*$'
    if piece ~= '' then insert(parts, piece) end
  end
  return concat(parts, ' | ')
end

local function place_of(failure)
  local text = one_line(failure.message or 'no message')
  local place, rest = text:match '^([^%s:]+:%d+): (.*)$'
  if place then return place, rest end
  local trace = failure.trace or {}
  return ('%s:%d'):format(trace.short_src or '?', trace.currentline or 0), text
end

return function()
  local busted = require 'busted'
  local handler = require 'busted.outputHandlers.base' ()
  local function show(failure)
    local place, text = place_of(failure)
    io.stdout:write(place, ': ', failure.name or '', ': ', text, '\n')
  end
  busted.subscribe({ 'suite', 'end' }, function()
    for _, failure in ipairs(handler.errors) do show(failure) end
    for _, failure in ipairs(handler.failures) do show(failure) end
    io.stdout:flush()
    return nil, true
  end)
  return handler
end
