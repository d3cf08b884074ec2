-- A Lua value as the text of a Lua literal, in a fixed order.
local function write(value, indent)
  if type(value) == 'string' then return ('%q'):format(value):gsub('\\\n', '\\n') end
  if type(value) ~= 'table' then return tostring(value) end
  local inner = indent .. '  '
  local lines, names = {}, {}
  for _, item in ipairs(value) do lines[#lines + 1] = inner .. write(item, inner) end
  for key in pairs(value) do
    if type(key) ~= 'number' then names[#names + 1] = key end
  end
  table.sort(names)
  for _, key in ipairs(names) do
    lines[#lines + 1] = inner .. '[' .. write(key, '') .. '] = ' .. write(value[key], inner)
  end
  if #lines == 0 then return '{}' end
  return '{\n' .. table.concat(lines, ',\n') .. '\n' .. indent .. '}'
end

return function(value) return (write(value, '')) end
