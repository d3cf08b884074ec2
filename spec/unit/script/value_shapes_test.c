#include "script/lua.h"

/* Documents by chance of a few keys, so that shapes come again, break off and mix. `write` gives
 * one as text and as what it must be once decoded. */
#define WRITER                                                                                     \
    "local seed = 1 "                                                                              \
    "local function chance(n) seed = (seed * 16807) % 2147483647 return seed % n + 1 end "         \
    "local names = { 'id', 't', 'cm', 'name', 'a key longer than one block', '', 'q\"', "          \
    "'e\\195\\169', "                                                                              \
    "  ('k'):rep(61), ('k'):rep(64), ('k'):rep(65) } "                                             \
    "local function write_key(key) "                                                               \
    "  local text = '\"' .. key:gsub('\"', '\\\\\"') .. '\"' "                                     \
    "  if chance(40) == 1 then text = text:gsub('t', '\\\\u0074') end "                            \
    "  return text .. (chance(30) == 1 and ' : ' or ':') "                                         \
    "end "                                                                                         \
    "local write "                                                                                 \
    "local function write_object(depth, kind) "                                                    \
    "  local value, parts = {}, {} "                                                               \
    "  for i = 1, kind % 13 == 0 and 30 or kind % 17 == 0 and 70 or kind % 5 do "                  \
    "    local key = kind % 7 == 0 and 'map' .. chance(5000) "                                     \
    "      or (names[(kind + i) % 14] or 'x') .. (i > 9 and i or '') "                             \
    "    if value[key] == nil then "                                                               \
    "      local text "                                                                            \
    "      text, value[key] = write(depth - 1) "                                                   \
    "      parts[#parts + 1] = write_key(key) .. text "                                            \
    "    end "                                                                                     \
    "  end "                                                                                       \
    "  return '{' .. table.concat(parts, chance(9) == 1 and ' , ' or ',') .. '}', value "          \
    "end "                                                                                         \
    "function write(depth) "                                                                       \
    "  local what = depth > 0 and chance(6) or chance(3) "                                         \
    "  if what == 1 then local n = chance(1e6) / 4 return ('%.17g'):format(n), n end "             \
    "  if what == 2 then return '\"s\\\\n\"', 's\\n' end "                                         \
    "  if what == 3 then return 'true', true end "                                                 \
    "  if what == 4 then return write_object(depth, chance(60)) end "                              \
    "  local kind, parts, list = chance(60), {}, tg.array {} "                                     \
    "  for i = 1, chance(4) == 1 and chance(40) or chance(4) do "                                  \
    "    if what == 5 and chance(12) > 1 then parts[i], list[i] = write_object(depth - 1, kind) "  \
    "    else parts[i], list[i] = write(depth - 1) end "                                           \
    "  end "                                                                                       \
    "  return '[' .. table.concat(parts, ',') .. ']', list "                                       \
    "end "

static void objects_are_what_is_written(void **state)
{
    expect(state,
           WRITER "for i = 1, 3000 do "
                  "  local text, value = write(4) "
                  "  local got, problem = decode(text) "
                  "  if got == nil then return problem.message .. ' in ' .. text end "
                  "  local want = encode(value, { sorted = true }) "
                  "  got = encode(got, { sorted = true }) "
                  "  if got ~= want then return text .. ' gave ' .. got .. ' not ' .. want end "
                  "  if i % 500 == 0 then collectgarbage() end "
                  "end return 'same'",
           "same");
}

/* What came before makes no difference, not even when all shapes were forgotten meanwhile. */
static void documents_come_again(void **state)
{
    expect(state,
           WRITER "local texts, want = {}, {} "
                  "for i = 1, 300 do "
                  "  local value "
                  "  texts[i], value = write(4) "
                  "  want[i] = encode(value, { sorted = true }) "
                  "end "
                  "for round = 1, 20 do "
                  "  for i = 1, 300 do "
                  "    if encode(decode(texts[i]), { sorted = true }) ~= want[i] then "
                  "      return 'in round ' .. round .. ': ' .. texts[i] "
                  "    end "
                  "  end "
                  "  for i = 1, 900 do decode('{\"' .. round .. '-' .. i .. '\":1}') end "
                  "end return 'same'",
           "same");
}

/* Long ones are put into their table in parts. */
static void arrays_of_any_length_keep_their_order(void **state)
{
    expect(
        state,
        "for _, n in ipairs { 1, 7, 8, 9, 15, 16, 17, 511, 512, 513, 1024, 5000 } do "
        "  for odd = 0, 2 do "
        "    for _ = 1, 3 do "
        "      local parts = {} "
        "      for i = 1, n do parts[i] = ('{\"a\":%d,\"b\":%d}'):format(i, -i) end "
        "      if odd > 0 then parts[n] = odd == 1 and '7' or '{\"b\":1,\"a\":' .. n .. '}' end "
        "      local list = decode('[' .. table.concat(parts, ',') .. ']') "
        "      if #list ~= n then return n .. ' became ' .. #list end "
        "      for i = 1, odd > 0 and n - 1 or n do "
        "        if list[i].a ~= i or list[i].b ~= -i then return 'item ' .. i .. ' of ' .. n end "
        "      end "
        "      if odd == 1 and list[n] ~= 7 or odd == 2 and list[n].a ~= n then "
        "        return 'the odd item of ' .. n "
        "      end "
        "    end "
        "  end "
        "end return 'same'",
        "same");
}

static void a_key_twice_is_found_in_known_shapes(void **state)
{
    expect(state,
           "for i = 1, 40 do decode('[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2,\"c\":3}]') end "
           "local out = {} "
           "for _, text in ipairs { '{\"a\":1,\"a\":2}', '[{\"a\":1,\"b\":2,\"a\":3}]', "
           "  '{\"a\":1,\"b\":2,\"c\":3,\"b\":4}', '{\"a\":1,\"b\":2,\"\\\\u0061\":3}', "
           "  '[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2},{\"b\":1,\"b\":2}]' } do "
           "  out[#out + 1] = select(2, decode(text)).message:match 'column .*' "
           "end return table.concat(out, '; ')",
           "column 8: key \"a\" twice; column 15: key \"a\" twice; column 20: key \"b\" twice; "
           "column 14: key \"a\" twice; column 37: key \"b\" twice");
}

/* Where no key is expected, or one that had escapes, nothing may pass for it. */
static void what_is_no_key_is_none(void **state)
{
    expect(state,
           "local known = '{\"a\":1,\"b\":2,\"\\\\u0063\":3}' "
           "for i = 1, 40 do decode('[' .. known .. ',' .. known .. ']') end "
           "for _, before in ipairs { '{', '{\"a\":1,', '{\"a\":1,\"b\":2,', "
           "  '{\"a\":1,\"b\":2,\"\\\\u0063\":3,' } do "
           "  for byte = 0, 255 do "
           "    for _, behind in ipairs { ':1,\"and more than a block\":2}', "
           "      '\":1,\"and more than a block\":2}', ',1,\"and more than a block\":2}' } do "
           "      local text = before .. string.char(byte) .. behind "
           "      if decode(text) and not (byte == 34 and behind:sub(1, 1) == '\"') then "
           "        return ('%q'):format(text) "
           "      end "
           "    end "
           "  end "
           "end return 'none'",
           "none");
}

static void shapes_end_at_their_limits(void **state)
{
    char code[1200];

    for (int keys = TG_SHAPE_KEYS - 1; keys <= TG_SHAPE_KEYS + 1; keys++) {
        snprintf(code, sizeof(code),
                 "local parts = {} for i = 1, %d do parts[i] = '\"k' .. i .. '\":' .. i end "
                 "local text = '{' .. table.concat(parts, ',') .. '}' local last "
                 "for _ = 1, 40 do "
                 "  last = decode('[' .. text .. ',' .. text .. ']')[2] "
                 "  for i = 1, %d do if last['k' .. i] ~= i then return 'wrong' end end "
                 "end return last.k%d",
                 keys, keys, keys);
        char want[8];
        snprintf(want, sizeof(want), "%d", keys);
        expect(state, code, want);
    }
}

static void ordered_objects_have_none(void **state)
{
    expect(state,
           "local out = {} for i = 1, 40 do "
           "  local list = decode('[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4}]', { ordered = true }) "
           "  out = encode(list) if out ~= '[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4}]' then break end "
           "end return out",
           "[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_are_what_is_written),
        TEST(documents_come_again),
        TEST(arrays_of_any_length_keep_their_order),
        TEST(a_key_twice_is_found_in_known_shapes),
        TEST(what_is_no_key_is_none),
        TEST(shapes_end_at_their_limits),
        TEST(ordered_objects_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
