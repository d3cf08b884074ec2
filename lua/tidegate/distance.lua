-- How far two texts are apart: the fewest bytes to change, add or leave out.
local min = math.min

return function(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local swap = diagonal + (a:byte(i) == b:byte(j) and 0 or 1)
      diagonal = row[j]
      row[j] = min(swap, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end
