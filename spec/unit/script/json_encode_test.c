#include "script/json_encode.h"

#include "script/lua.h"

/* both(value, depth): encodes it both ways, and checks that they give the same bytes when the
 * direct one gives any. Returns the JSON, or nil and the error, and whether the direct way did it.
 */
static int both_call(lua_State *L)
{
    const struct tg_values *values = tg_values_get(L);
    struct tg_json_options options = {.depth = (size_t)luaL_optinteger(L, 2, 0)};
    struct tg_buffer direct = {0}, stack = {0}, either = {0};
    struct tg_parse_error error, again;

    tg_buffer_put(&direct, 'x');
    bool is_direct =
        tg_json_encode_direct(values, lua_topointer(L, 1), tg_json_depth(&options), &direct);
    bool good = tg_json_encode_stack(L, 1, &options, &stack, &error);
    assert_true(good || !is_direct);
    assert_true(good == tg_json_encode(L, 1, &options, &either, &again));
    assert_true(tg_text_is(tg_text(stack.base, stack.len), tg_text(either.base, either.len)));
    if (!good)
        assert_string_equal(error.text, again.text);
    if (is_direct &&
        !tg_text_is(tg_text(direct.base + 1, direct.len - 1), tg_text(stack.base, stack.len)))
        fail_msg("directly %.*s\n  not %.*s", (int)direct.len - 1, direct.base + 1, (int)stack.len,
                 stack.base);
    lua_settop(L, 0);
    if (good)
        lua_pushlstring(L, stack.base, stack.len);
    else
        lua_pushnil(L);
    lua_pushstring(L, good ? "" : error.text);
    lua_pushboolean(L, is_direct);
    tg_buffer_dispose(&direct);
    tg_buffer_dispose(&stack);
    tg_buffer_dispose(&either);
    return 3;
}

static int set_up_both(void **state)
{
    int failed = set_up(state);

    lua_register(*state, "both", both_call);
    return failed;
}

#define WITH_BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_both, tear_down)

/* What a document is made of needs no second walk. */
static void plain_values_go_the_direct_way(void **state)
{
    static const char *const values[] = {
        "{}",
        "tg.array {}",
        "{ 1, 'x', true, false, tg.null, {}, { 2 }, 1.5, -0.0, 2^53, 1e300, -7 }",
        "{ a = 1, b = { c = { d = 'e' } }, [''] = 'x' }",
        "{ a = ('x'):rep(15), b = ('x'):rep(16), c = ('x'):rep(32), d = ('x'):rep(33) }",
        "{ a = ('\"'):rep(300), b = 'a\"b\\\\c\\n\\0', c = '\xe2\x82\xac \xf0\x9f\x98\x80' }",
        "{ [('k'):rep(15)] = 1, [('k'):rep(16)] = 2, [('k'):rep(33)] = 3 }",
        "{ ['a\"b'] = 4, ['\xc3\xa9'] = 5 }",
        "decode '{\"id\":12345678901234567890,\"e\":[],\"l\":[1,{\"x\":null},[]]}'",
        "{ raw = tg.raw '[1, 2]', [decode '12345678901234567890'] = 1 }",
        "setmetatable({ a = 1 }, { __index = { b = 2 } })",
        "setmetatable({ 1, 2 }, { __pairs = error })",
        "decode('{\"b\":1,\"a\":{\"d\":[],\"c\":{}}}', { ordered = true })",
        "tg.ordered { { 'z', 1 }, { 'y', 'x' }, { 'x', tg.ordered() } }",
        "(function(o) o.y = nil o.w = 4 return o end)(tg.ordered { { 'z', 1 }, { 'y', 2 } })",
        "(function(o) o.x = 3 o.y = nil o.y = 5 return o end)(tg.ordered { { 'y', 2 } })",
        "(function() local t = { a = 1, b = 2, c = 3 } t.a = nil t.c = nil return t end)()",
        "(function() local t = { a = 1 } t.a = nil return t end)()",
        "(function() local t = { 1, 2, 3 } t[3] = nil return t end)()",
        "(function() local t = {} for i = 1, 1000 do t[i] = { i } end return t end)()",
        "(function() local t = {} for i = 1, 1000 do t['k' .. i] = i end return t end)()",
    };
    char code[1000];

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        snprintf(code, sizeof(code), "return select(3, both(%s))", values[i]);
        expect(state, code, "true");
    }
}

/* However many of what kind came before others in it, an array has nothing beside its array part.
 */
static void arrays_go_the_direct_way(void **state)
{
    expect(state,
           "local kinds = { '{\"a\":1}', '{\"b\":[1]}', '7', '{}' } "
           "local function list(n, kind, m, other) "
           "  local text = (kinds[kind] .. ','):rep(n) .. (kinds[other] .. ','):rep(m) "
           "  return '[' .. text:sub(1, -2) .. ']' "
           "end "
           "for round = 1, 3 do for n = 0, 20 do for m = 0, 20 do for kind = 1, 4 do "
           "  local other = (kind + round - 1) % 4 + 1 "
           "  local text = list(n, kind, m, other) "
           "  local json, problem, direct = both(decode(text)) "
           "  if json ~= text then return json or problem end "
           "  if not direct then return text .. ' is not plain' end "
           "end end end end "
           "for _, n in ipairs { 127, 128, 129, 500, 1024, 1025, 3000, 9000 } do "
           "  for _, text in ipairs { list(n, 1, 0, 1), list(n, 2, 7, 1), list(5, 1, n, 3), "
           "      list(5, 4, n, 2) } do "
           "    local json, problem, direct = both(decode(text)) "
           "    if not direct then return n .. ' are not plain' end "
           "  end "
           "end return 'plain'",
           "plain");
}

/* Refused, or at least looked at closely. */
static void others_do_not(void **state)
{
    static const char *const values[] = {
        "{ 1, a = 2 }",
        "{ a = 2, [1.5] = 1 }",
        "{ [0] = 1 }",
        "{ [0] = 1, 2, 3 }",
        "{ 1, 2, nil, 4 }",
        "{ [2] = 1 }",
        "{ [true] = 1 }",
        "{ [tg.null] = 1 }",
        "tg.array { a = 1 }",
        "{ print }",
        "{ a = { b = coroutine.create(print) } }",
        "{ 0 / 0 }",
        "{ a = 1 / 0 }",
        "{ '\\255' }",
        "{ ['\\237\\160\\128'] = 1 }",
        "{ ('x'):rep(40) .. '\\192\\128' }",
        "{ io.stdout }",
        "{ [tg.raw '1'] = 1 }",
        "(function() local t = {} t.t = t return t end)()",
    };
    char code[400];

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        snprintf(code, sizeof(code),
                 "local json, _, direct = both(%s) return tostring(json) .. "
                 "tostring(direct)",
                 values[i]);
        expect(state, code, "nilfalse");
    }
    expect(state, "return select(3, both({ { { 1 } } }, 3))", "true");
    expect(state, "return select(3, both({ { { 1 } } }, 2))", "false");
    expect(state, "return (both({ [3] = 3, [2] = 2, [1] = 1 }))", "[1,2,3]");
}

/* Values of random shapes, in which every kind of value meets every kind of table. */
static const char generator[] =
    "local random = math.random "
    "local texts = { '', 'a', 'key', 'id', 'a\"b', 'x\\n', '\xc3\xa9', '\xe4\xbd\xa0\xe5\xa5\xbd', "
    "  ('long '):rep(5), ('longer '):rep(9), ('\xc3\xa4 '):rep(20), ('\\\\'):rep(40) } "
    "local exact = tg.json.decode '98765432109876543210' "
    "local odd = { print, '\\255', 0 / 0, 1 / 0, io.stdout } "
    "local function text() return texts[random(#texts)] .. (random(3) == 1 and random(99) or '') "
    "end "
    "local function scalar() "
    "  local n = random(60) "
    "  if n == 60 and random(4) == 1 then return odd[random(#odd)] end "
    "  if n < 25 then return text() elseif n < 40 then return random(-1000, 1000) * 10 ^ "
    "random(-3, 12) "
    "  elseif n < 45 then return random() elseif n < 48 then return exact elseif n < 50 then "
    "  return tg.null elseif n < 52 then return tg.raw '{\"r\":1}' else return n % 2 == 0 end end "
    "local value "
    "local function list(depth) "
    "  local t = {} for i = 1, random(0, 20) do t[i] = value(depth) end "
    "  if random(4) == 1 then t[#t] = nil end "
    "  return random(3) == 1 and tg.array(t) or t end "
    "local function backwards(depth) "
    "  local t = {} for i = random(0, 9), 1, -1 do t[i] = value(depth) end return t end "
    "local function object(depth) "
    "  local t, gone = {}, {} "
    "  for _ = 1, random(0, 12) do local k = text() t[k] = value(depth) gone[random(9)] = k end "
    "  if random(3) == 1 then for _, k in pairs(gone) do t[k] = nil end end "
    "  if random(20) == 1 then t[exact] = 1 end "
    "  if random(90) == 1 then t[random(5)] = 1 end "
    "  return t end "
    "local function ordered(depth) "
    "  local o = tg.ordered() "
    "  for _ = 1, random(0, 9) do o[text()] = value(depth) end "
    "  if random(2) == 1 then o[text()] = nil o[text()] = value(depth) end "
    "  return o end "
    "local kinds = { list, object, object, ordered, list, backwards } "
    "function value(depth) "
    "  if depth == 0 or random(3) < 3 then return scalar() end "
    "  return kinds[random(#kinds)](depth - 1) end "
    "math.randomseed(20) "
    "local direct, json = 0, 0 "
    "for i = 1, 4000 do "
    "  local text, _, is_direct = both(kinds[random(#kinds)](i % 6)) "
    "  json, direct = json + (text and 1 or 0), direct + (is_direct and 1 or 0) "
    "  if i % 500 == 0 then collectgarbage() end "
    "end ";

static void both_ways_give_the_same(void **state)
{
    char code[sizeof(generator) + 200];

    snprintf(code, sizeof(code),
             "%s return json > 2000 and json < 4000 and direct > json / 2 and "
             "direct < json or json .. ' ' .. direct",
             generator);
    expect(state, code, "true");
}

static void a_limit_is_kept(void **state)
{
    lua_State *L = *state;
    struct tg_parse_error error;

    assert_int_equal(0, luaL_dostring(L, "return { a = { 1, 2, 3 }, b = ('x'):rep(40) }"));
    for (size_t limit = 1; limit < 80; limit++) {
        struct tg_buffer out = {.limit = limit};
        bool good = tg_json_encode(L, -1, NULL, &out, &error);
        assert_true(out.len == (good ? 58 : 0));
        assert_true(out.len <= limit);
        tg_buffer_dispose(&out);
    }
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(plain_values_go_the_direct_way),
        WITH_BOTH(arrays_go_the_direct_way),
        WITH_BOTH(others_do_not),
        WITH_BOTH(both_ways_give_the_same),
        WITH_BOTH(a_limit_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
