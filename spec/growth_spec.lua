-- Whether bench/faults tells growth from noise.
local growth = require 'bench.faults.growth'

-- A point a second for so many minutes: a saw by the minute, noise, and what is added a minute.
local function points(minutes, added, noise)
  local list, seed = {}, 1
  for second = 0, minutes * 60 - 1 do
    seed = seed * 16807 % 2147483647
    list[#list + 1] = { second, 4e6 + added * second / 60 + second % 60 * 1000
      + noise * (seed / 1073741824 - 1) }
  end
  return list
end

describe('growth', function()
  it('is the slope by span', function()
    local slope, off = growth.of(points(15, 2000, 0), 60)
    assert.near(2000, slope, 1e-3)
    assert.near(0, off, 1e-3)
    slope = growth.of(points(15, -500, 0), 60)
    assert.near(-500, slope, 1e-3)
  end)

  it('is none where there is only noise, and is seen through noise', function()
    for _, noise in ipairs { 1000, 10000, 100000 } do
      local flat, off = growth.of(points(15, 0, noise), 60)
      assert.is_true(math.abs(flat) <= off)
      assert.is_true(off < noise / 10)
      local slope, about = growth.of(points(15, noise, noise), 60)
      assert.is_true(slope - about > noise / 2)
    end
  end)

  it('takes no notice of single points', function()
    local list = points(15, 0, 0)
    for i = 30, #list, 60 do list[i][2] = 1e9 * i end
    local slope = growth.of(list, 60)
    assert.near(0, slope, 1e-3)
  end)

  it('is not known from few spans', function()
    assert.equal(math.huge, select(2, growth.of(points(2, 0, 0), 60)))
    assert.is_true(select(2, growth.of(points(3, 0, 1000), 60)) < math.huge)
  end)
end)
