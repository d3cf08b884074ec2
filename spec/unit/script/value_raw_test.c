#include "script/lua.h"

#include "script/json_value.h"

static void raw_json_is_spliced_as_it_is(void **state)
{
    expect(state, "return encode { tg.raw '{\"x\": 1.0}', tg.raw ' [ ] ' }",
           "[{\"x\": 1.0}, [ ] ]");
    expect(state, "return encode(tg.raw '1')", "1");
    expect(state, "return tostring(tg.raw '[1, 2]')", "[1, 2]");
}

static void text_that_is_no_json_raises_with_its_place(void **state)
{
    expect(state, "tg.raw '[1,\\n2,]'", "script:1: json: line 2, column 3: expected a value");
    expect(state, "tg.raw ''", "script:1: json: line 1, column 1: expected a value");
    expect(state, "tg.raw {}",
           "script:1: bad argument #1 to 'tg.raw' (string expected, got table)");
    expect(state, "tg.raw(('['):rep(256) .. (']'):rep(256)) return 'fine'", "fine");
    expect(state, "return (select(2, pcall(tg.raw, ('['):rep(257) .. (']'):rep(257))))",
           "script:1: json: line 1, column 257: more than 256 levels (limit depth)");
}

static void the_text_lives_as_long_as_it(void **state)
{
    expect(state,
           "local r = {} for i = 1, 200 do r[i] = tg.raw('\"' .. ('x'):rep(300) .. i .. '\"') end "
           "for i = 1, 200 do local s = ('y'):rep(300) .. i end collectgarbage() collectgarbage() "
           "for i = 1, 200 do "
           "  if encode(r[i]) ~= '\"' .. ('x'):rep(300) .. i .. '\"' then return i end "
           "end return 'all'",
           "all");
}

static int count_collected(lua_State *L)
{
    ++*(int *)lua_touserdata(L, lua_upvalueindex(1));
    return 0;
}

static void bytes_of_c_are_spliced_and_their_anchor_is_kept(void **state)
{
    lua_State *L = *state;
    static int collected;
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    struct tg_text text;

    collected = 0;
    lua_newuserdata(L, 1);
    lua_newtable(L);
    lua_pushlightuserdata(L, &collected);
    lua_pushcclosure(L, count_collected, 1);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    int anchor = lua_gettop(L);
    tg_raw_push_metatable(L);
    tg_raw_push(L, TG_TEXT("{\"c\":true}"), anchor, anchor + 1);
    lua_replace(L, anchor);
    lua_settop(L, anchor);
    lua_gc(L, LUA_GCCOLLECT, 0);
    assert_int_equal(0, collected);
    assert_true(tg_raw_text(L, -1, &text));
    assert_true(tg_json_encode(L, -1, NULL, &out, &error));
    assert_true(tg_text_is(TG_TEXT("{\"c\":true}"), tg_text(out.base, out.len)));
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    assert_int_equal(1, collected);
    assert_int_equal(0, lua_gettop(L));
    tg_buffer_dispose(&out);
}

static void other_values_are_not_raw(void **state)
{
    lua_State *L = *state;
    struct tg_text text;
    (void)luaL_dostring(L, "return tg.json.decode('1234567890123456789'), 'x', {}, tg.null");
    for (int i = 1; i <= 4; i++)
        assert_false(tg_raw_text(L, i, &text));
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(raw_json_is_spliced_as_it_is), TEST(text_that_is_no_json_raises_with_its_place),
        TEST(the_text_lives_as_long_as_it), TEST(bytes_of_c_are_spliced_and_their_anchor_is_kept),
        TEST(other_values_are_not_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
