-- The limits of conversions: the keys `xml` and `json` of a site and of its routes, checked.
local check = ...

local size, number = check.size, check.number

local bytes, count = size(1, 1073741824), number(1, 1073741824)

local function limits(checks)
  return function(value, where, name)
    check.no_positions(value, where, name)
    return check.record(value, where, name, checks)
  end
end

return {
  xml = limits {
    input = bytes, depth = number(1, 100000), attributes = count, xmlns = count, name = bytes,
    names = count, elements = count, output = bytes,
  },
  json = limits {
    input = bytes, depth = number(1, 1024), key = bytes, attributes = count, elements = count,
    output = bytes,
  },
}
