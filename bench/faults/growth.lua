-- Whether a figure of a process grows while it does the same over and over: told from the noise by
-- the line of least squares through the medians of like spans of time.
local growth = {}

-- What the slope is off by at most, in standard errors, at 97.5 % (Student's t), by the number of
-- medians less two; beyond the last it hardly changes.
local OFF = { 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16 }

function growth.median(list)
  table.sort(list)
  local half = #list / 2
  return (list[math.ceil(half)] + list[math.floor(half) + 1]) / 2
end

local function medians(points, span)
  local spans, list = {}, {}
  for _, point in ipairs(points) do
    local at = math.floor(point[1] / span)
    spans[at] = spans[at] or {}
    table.insert(spans[at], point[2])
  end
  for at, values in pairs(spans) do list[#list + 1] = { at, growth.median(values) } end
  return list
end

local function means(list)
  local x, y = 0, 0
  for _, one in ipairs(list) do x, y = x + one[1], y + one[2] end
  return x / #list, y / #list
end

-- Of a list of { seconds, value }: by how much the value grows in a span, and how far off that may
-- be. A span is a whole period of what is done, so that all medians are of like moments.
function growth.of(points, span)
  local list = medians(points, span)
  if #list < 3 then return 0, math.huge end
  local x, y = means(list)
  local xx, xy, left = 0, 0, 0
  for _, one in ipairs(list) do
    xx, xy = xx + (one[1] - x) ^ 2, xy + (one[1] - x) * (one[2] - y)
  end
  for _, one in ipairs(list) do
    left = left + (one[2] - y - xy / xx * (one[1] - x)) ^ 2
  end
  local free = #list - 2
  return xy / xx, OFF[math.min(free, #OFF)] * math.sqrt(left / free / xx)
end

return growth
