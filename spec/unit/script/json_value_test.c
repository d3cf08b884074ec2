#include "script/lua.h"

#include <stdlib.h>

#include "script/json_value.h"

static void decodes_every_kind_of_value(void **state)
{
    expect(state,
           "local t = decode('{\"a\":[1,\"x\",true,false,null,{}],\"b\":-1.5}') "
           "return #t.a .. t.a[1] .. t.a[2] .. tostring(t.a[3]) .. tostring(t.a[4]) .. "
           "tostring(t.a[5] == tg.null) .. type(t.a[6]) .. t.b",
           "61xtruefalsetruetable-1.5");
    expect(state, "return decode('false')", "false");
    expect(state, "return decode('\"\\\\u00e9\\\\n\"')", "\xc3\xa9\n");
    expect(state,
           "return decode('\"\xc3\xa9\\\\n\xe6\xbc\xa2\xe5\xad\x97\\\\u00e9\xf0\x9f\x98\x80 plain "
           "text \xc3\xa9\"')",
           "\xc3\xa9\n\xe6\xbc\xa2\xe5\xad\x97\xc3\xa9\xf0\x9f\x98\x80 plain text \xc3\xa9");
    expect(state, "return select(2, decode('\"\xc3\xa9\xed\xa0\x80\"')).message",
           "json: line 1, column 4: the text is not UTF-8");
    expect(state, "return #decode('\"a\\\\u0000b\"')", "3");
    expect(state, "return decode('{\"a\\\\nb\":1}')['a\\nb']", "1");
}

static void encodes_every_kind_of_value(void **state)
{
    expect(state, "return encode { 1, 'x', true, false, tg.null, {}, { 2 }, 1.5, 'a\"b' }",
           "[1,\"x\",true,false,null,{},[2],1.5,\"a\\\"b\"]");
    expect(state, "return encode { a = { b = { c = 1 } } }", "{\"a\":{\"b\":{\"c\":1}}}");
    expect(state, "return encode 'x'", "\"x\"");
    expect(state, "return encode(tg.null)", "null");
}

/* Keys that came before are written as they were: none may take the place of another, whatever the
 * collector does to their strings in between. */
static void keys_that_come_again_are_the_same(void **state)
{
    expect(state,
           "local long = ('k'):rep(60) "
           "for round = 1, 6 do "
           "  for i = 1, 700 do "
           "    local a, b = 'k' .. i % 50 .. round % 2, 'q\"' .. i "
           "    local want = '[{\"' .. a .. '\":1},{\"' .. a .. '\":{\"q\\\\\"' .. i .. "
           "'\":2}},{\"' .. long .. '\":3}]' "
           "    local got = encode { { [a] = 1 }, { [a] = { [b] = 2 } }, { [long] = 3 } } "
           "    if got ~= want then return got .. ' not ' .. want end "
           "  end "
           "  collectgarbage() "
           "end "
           "return 'same'",
           "same");
}

/* The decoder expects keys in the order that they had before: what comes instead is read as well.
 */
static void keys_may_come_in_another_order(void **state)
{
    static const char again[] =
        "local long = ('k'):rep(17) "
        "local function check(...) "
        "  local text = '[{\"t\":1,\"cm\":2,\"abcdefgh\":3},' .. table.concat({ ... }, ',') .. ']' "
        "  local list = decode(text) "
        "  local out = {} "
        "  for i = 2, #list do out[#out + 1] = encode(list[i], { sorted = true }) end "
        "  return table.concat(out, ' ') "
        "end ";
    char code[1200];
#define CHECK(arguments, want)                                                                     \
    snprintf(code, sizeof(code), "%s return check(%s)", again, arguments);                         \
    expect(state, code, want)
    CHECK("'{\"t\":4,\"cm\":5,\"abcdefgh\":6}'", "{\"abcdefgh\":6,\"cm\":5,\"t\":4}");
    CHECK("'{ \"t\" : 4 , \"cm\"\\n:5}'", "{\"cm\":5,\"t\":4}");
    CHECK("'{\"cm\":5,\"t\":4}', '{\"cm\":6,\"t\":7}'", "{\"cm\":5,\"t\":4} {\"cm\":6,\"t\":7}");
    CHECK("'{\"\\\\u0074\":4}', '{\"t\":5}', '{\"\\\\u0074\":6}'", "{\"t\":4} {\"t\":5} {\"t\":6}");
    CHECK("'{\"t1\":4}', '{\"\":5}', '{\"\":6,\"x\":7}', '{\"\":8,\"x\":9}'",
          "{\"t1\":4} {\"\":5} {\"\":6,\"x\":7} {\"\":8,\"x\":9}");
    CHECK("'[\"t\",\"cm\"]', '\"t\"', '{\"t\":[\"t\",{\"cm\":{\"t\":1}}]}'",
          "[\"t\",\"cm\"] \"t\" {\"t\":[\"t\",{\"cm\":{\"t\":1}}]}");
    CHECK("'{\"' .. long .. '\":1}', '{\"' .. long .. '\":2,\"t\":3}'",
          "{\"kkkkkkkkkkkkkkkkk\":1} {\"kkkkkkkkkkkkkkkkk\":2,\"t\":3}");
#undef CHECK
    expect(state, "return select(2, decode('[{\"t\":1},{\"t\"1}]')).message",
           "json: line 1, column 14: expected \":\"");
    expect(state, "return select(2, decode('[{\"t\":1},{\"t\":}]')).message",
           "json: line 1, column 15: expected a value");
    expect(state, "return select(2, decode('[{\"t\":1},{\"t\":2,\"t\":3}]')).message",
           "json: line 1, column 17: key \"t\" twice");
    expect(state, "return select(2, decode('[{\"t\":1},[1,\"t\":2]]')).message",
           "json: line 1, column 16: expected \",\" or \"]\"");
    expect(state, "return select(2, decode('{\"t\":{\"t\":1},\"t')).message",
           "json: line 1, column 16: a string without its end");
    expect(state, "return select(2, decode('{\"t\":{\"t\":1},\"t\"')).message",
           "json: line 1, column 17: expected \":\"");
    expect(state, "return select(2, decode('{\"t\":{\"t\":1},\"t\":')).message",
           "json: line 1, column 18: expected a value");
}

static void sorts_when_asked(void **state)
{
    expect(state,
           "return encode({ b = 1, a = { z = 1, y = { 1 } }, B = 2, ab = { d = 1, c = 2 } }, "
           "{ sorted = true })",
           "{\"B\":2,\"a\":{\"y\":[1],\"z\":1},\"ab\":{\"c\":2,\"d\":1},\"b\":1}");
}

static void refuses_what_has_no_json_with_its_place(void **state)
{
    expect(state, "encode { items = { 1, 2, { fn = print } } }",
           "script:1: cannot encode .items[3].fn: a function");
    expect(state, "encode(print)", "script:1: cannot encode: a function");
    expect(state, "encode { a = coroutine.create(print) }", "script:1: cannot encode .a: a thread");
    expect(state, "encode(nil)", "script:1: cannot encode: nil");
    expect(state, "encode { a = 0 / 0 }", "script:1: cannot encode .a: not a number (NaN)");
    expect(state, "encode { a = -1 / 0 }", "script:1: cannot encode .a: an infinite number");
    expect(state, "encode { a = { ['b c'] = { ['1'] = '\\255' } } }",
           "script:1: cannot encode .a[\"b c\"][\"1\"]: text that is not UTF-8");
    expect(state, "encode { ['\\255'] = 1 }", "script:1: cannot encode: text that is not UTF-8");
    expect(state, "encode { ['\\255'] = print }",
           "script:1: cannot encode: text that is not UTF-8");
    expect(state, "encode { a = io.stdout }", "script:1: cannot encode .a: a userdata");
    expect(state, "encode()",
           "script:1: bad argument #1 to 'tg.json.encode' (value expected, got no value)");
}

static void refuses_tables_that_are_neither_list_nor_object(void **state)
{
    expect(state, "encode { a = { [1] = 1, [3] = 3 } }",
           "script:1: cannot encode .a: a list with holes");
    expect(state, "encode { a = tg.array { 1, nil, 3 } }",
           "script:1: cannot encode .a: a list with holes");
    expect(state, "encode { 1, 2, x = 1 }",
           "script:1: cannot encode: a table with both list items and named members");
    expect(state, "local t = { x = 1 } t[1] = 1 encode(t)",
           "script:1: cannot encode: a table with both list items and named members");
    expect(state, "encode(tg.array { x = 1 })",
           "script:1: cannot encode: a table with both list items and named members");
    expect(state, "encode { [0] = 1 }",
           "script:1: cannot encode: a list with an index that is not 1, 2, 3\xe2\x80\xa6");
    expect(state, "encode { [1.5] = 1 }",
           "script:1: cannot encode: a list with an index that is not 1, 2, 3\xe2\x80\xa6");
    expect(state, "encode { [true] = 1 }", "script:1: cannot encode: a key that is a boolean");
}

/* In whatever order the items came: they may lie in the hash part of the table. */
static void a_list_is_one_however_it_was_filled(void **state)
{
    expect(state, "local t = {} for i = 5, 1, -1 do t[i] = i end return encode(t)", "[1,2,3,4,5]");
    expect(state, "local t = { [2] = 2, [1] = 1, [3] = { 1 } } return encode(t)", "[1,2,[1]]");
    expect(state, "local t = {} for i = 1, 100 do t[#t + 1] = i end return #decode(encode(t))",
           "100");
}

static void finds_cycles_by_their_depth(void **state)
{
    expect(state,
           "local t = {} t[1] = t "
           "local ok, err = pcall(encode, t) "
           "return err:match('%.%.%.: (.*)')",
           "nested deeper than 256 levels (a cycle?)");
    expect(state,
           "local function nest(n) local t = {} for i = 2, n do t = { t } end return t end "
           "encode(nest(256)) encode(nest(3), { depth = 3 }) encode(nest(1000), { depth = 1000 }) "
           "return tostring(pcall(encode, nest(257))) .. tostring(pcall(encode, nest(4), { depth = "
           "3 }))",
           "falsefalse");
}

static void decoding_holds_the_limit_of_depth(void **state)
{
    expect(state,
           "local function nest(n) return ('['):rep(n) .. (']'):rep(n) end "
           "assert(decode(nest(256))) assert(decode(nest(5), { depth = 5 })) "
           "assert(decode(nest(1000), { depth = 1000 })) "
           "local _, a = decode(nest(257)) local _, b = decode(nest(6), { depth = 5 }) "
           "return a.limit .. ' ' .. b.limit .. ' ' .. b.message",
           "depth depth json: line 1, column 6: more than 5 levels (limit depth)");
}

static void a_bad_text_gives_nil_and_an_error(void **state)
{
    expect(state,
           "local v, err = decode('[1,\\n]') "
           "return tostring(v) .. ' ' .. err.code .. ' ' .. err.line .. ' ' .. err.column",
           "nil parse 2 1");
    expect(state, "local v, err = decode('[1,\\n]') return err.message",
           "json: line 2, column 1: expected a value");
}

static void a_key_may_not_come_twice(void **state)
{
    expect(state, "return select(2, decode('{\"a\":1,\\n\"b\":2,\"a\":3}')).message",
           "json: line 2, column 7: key \"a\" twice");
    expect(state, "return select(2, decode('{\"a\":1,\"\\\\u0061\":3}')).message",
           "json: line 1, column 8: key \"a\" twice");
    expect(state, "return encode(decode('{\"a\":{\"a\":{\"a\":1}}}'))",
           "{\"a\":{\"a\":{\"a\":1}}}");
    expect(state, "return encode(decode('[{\"a\":1},{\"a\":2}]'))", "[{\"a\":1},{\"a\":2}]");
    expect(state,
           "local s = {} for i = 1, 3000 do s[i] = ('\"key number %d\":1'):format(i) end "
           "local good = decode('{' .. table.concat(s, ',') .. '}') "
           "s[3001] = '\"key number 77\":2' "
           "local bad, err = decode('{' .. table.concat(s, ',') .. '}') "
           "return tostring(good ~= nil) .. tostring(bad) .. err.message:match('key.*')",
           "truenilkey \"key number 77\" twice");
}

static void decodes_big_arrays_and_objects(void **state)
{
    expect(state,
           "local s = {} for i = 1, 100000 do s[i] = i end "
           "local t = decode('[' .. table.concat(s, ',') .. ']') "
           "for i = 1, 100000 do if t[i] ~= i then return i end end "
           "return #t .. getmetatable(t)",
           "100000array");
    expect(state,
           "local s = {} for i = 1, 20000 do s[i] = ('\"k%d\":[%d]'):format(i, i) end "
           "local t = decode('{' .. table.concat(s, ',') .. '}') "
           "for i = 1, 20000 do if t['k' .. i][1] ~= i then return i end end "
           "return 'all'",
           "all");
}

/* Wide and deep at once, so that the stack gets crowded. */
static void decodes_wide_and_deep_values(void **state)
{
    expect(state,
           "local wide = ('1,'):rep(300) "
           "local text = '0' "
           "for i = 1, 200 do text = i % 2 == 0 and '[' .. wide .. text .. ',2]' "
           "  or '{\"a\":' .. text .. ',\"b\":3,\"c\":[]}' end "
           "return encode(decode(text), { sorted = true }) == text",
           "true");
    expect(
        state,
        "local wide = ('1,'):rep(300) local text = '0' "
        "for i = 1, 200 do text = '{\"a\":[' .. wide .. text .. '],\"b\":3}' end "
        "return encode(decode(text, { ordered = true, depth = 1000 }), { depth = 1000 }) == text",
        "true");
}

static int as_table(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TUSERDATA);
    lua_newtable(L);
    lua_pushliteral(L, "text/plain");
    lua_setfield(L, -2, "accept");
    return 1;
}

static void a_userdata_may_stand_for_a_table(void **state)
{
    lua_State *L = *state;
    lua_newuserdata(L, 1);
    lua_newtable(L);
    lua_pushcfunction(L, as_table);
    lua_setfield(L, -2, "__totable");
    lua_setmetatable(L, -2);
    lua_setglobal(L, "headers");
    expect(state, "return encode { h = headers }", "{\"h\":{\"accept\":\"text/plain\"}}");
    expect(state,
           "local u = newproxy(true) getmetatable(u).__totable = function() return {} end "
           "local s = encode { u }",
           "script:1: cannot encode [1]: a userdata");
}

static void the_output_is_as_it_was_after_an_error(void **state)
{
    lua_State *L = *state;
    struct tg_buffer out = {0};
    struct tg_parse_error error;
    tg_buffer_append(&out, "x", 1);
    (void)luaL_dostring(L, "return { 'some text', print }");
    assert_false(tg_json_encode(L, 1, NULL, &out, &error));
    assert_string_equal("cannot encode [2]: a function", error.text);
    assert_int_equal(1, out.len);
    assert_int_equal(1, lua_gettop(L));
    lua_settop(L, 0);
    tg_buffer_dispose(&out);
}

static void the_limit_of_the_buffer_holds(void **state)
{
    lua_State *L = *state;
    struct tg_buffer out = {.limit = 1000};
    struct tg_parse_error error;
    lua_newtable(L);
    for (int i = 1; i <= 2000; i++) {
        lua_pushinteger(L, i);
        lua_rawseti(L, -2, i);
    }
    assert_false(tg_json_encode(L, 1, NULL, &out, &error));
    assert_non_null(strstr(error.text, "the JSON is too long"));
    assert_int_equal(0, out.len);
    lua_settop(L, 0);
    tg_buffer_dispose(&out);
}

static void options_are_read_strictly(void **state)
{
    expect(state, "decode('1', { order = true })",
           "script:1: bad argument #2 to 'tg.json.decode' (unknown option 'order'; did you mean "
           "'ordered'?)");
    expect(
        state, "decode('1', { ordered = 1 })",
        "script:1: bad argument #2 to 'tg.json.decode' (ordered is true or false, not a number)");
    expect(state, "encode('1', { depth = 0 })",
           "script:1: bad argument #2 to 'tg.json.encode' (depth is a number from 1 to 1000)");
    expect(state, "encode('1', { depth = 1001 })",
           "script:1: bad argument #2 to 'tg.json.encode' (depth is a number from 1 to 1000)");
    expect(state, "decode(1, 2)",
           "script:1: bad argument #2 to 'tg.json.decode' (table expected, got number)");
}

/* An allocator that gives out until the budget is spent. */
static void *allocate(void *budget, void *memory, size_t old, size_t size)
{
    size_t *left = budget;

    if (size == 0) {
        *left += old;
        free(memory);
        return NULL;
    }
    if (size > old && size - old > *left)
        return NULL;
    *left -= size - old;
    return realloc(memory, size);
}

static int decode_much(lua_State *L)
{
    const struct tg_text *text = lua_touserdata(L, 1);
    struct tg_parse_error error;

    lua_settop(L, 0);
    if (!tg_json_decode(L, *text, NULL, &error))
        fail_msg("%s", error.text);
    return 0;
}

static int open_values(lua_State *L)
{
    tg_values_open(L);
    return 0;
}

static void memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    size_t budget = 400000;
    struct tg_buffer text = {0};
    tg_buffer_put(&text, '[');
    for (int i = 0; i < 20000; i++)
        tg_buffer_printf(&text, "{\"key\":\"value \\n %d\"},", i);
    tg_buffer_append(&text, "0]", 2);
    struct tg_text whole = tg_text(text.base, text.len);
    lua_State *L = lua_newstate(allocate, &budget);
    assert_non_null(L);
    assert_int_equal(0, lua_cpcall(L, open_values, NULL));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(LUA_ERRMEM, lua_cpcall(L, decode_much, &whole));
        lua_gc(L, LUA_GCCOLLECT, 0);
    }
    whole = TG_TEXT("[1]");
    assert_int_equal(0, lua_cpcall(L, decode_much, &whole));
    lua_close(L);
    assert_int_equal(400000, budget);
    tg_buffer_dispose(&text);
}

/* Memory that is full of digits when it is new. */
static void *allocate_digits(void *unused, void *old, size_t old_size, size_t size)
{
    (void)unused;
    if (size == 0) {
        free(old);
        return NULL;
    }
    char *made = realloc(old, size);
    if (made != NULL && size > old_size)
        memset(made + old_size, '7', size - old_size);
    return made;
}

static int push_literal(lua_State *L)
{
    struct tg_text *digits = lua_touserdata(L, 1), read;

    lua_settop(L, 0);
    tg_values_push(L);
    tg_number_push(L, 1, *digits);
    assert_true(tg_number_literal(L, -1, &read));
    assert_int_equal(read.len, digits->len);
    assert_string_equal(read.base, digits->base);
    return 0;
}

static void a_literal_ends_behind_its_digits(void **state)
{
    (void)state;
    struct tg_text digits = TG_TEXT("12345678901234567890");
    lua_State *L = lua_newstate(allocate_digits, NULL);

    assert_non_null(L);
    assert_int_equal(0, lua_cpcall(L, open_values, NULL));
    assert_int_equal(0, lua_cpcall(L, push_literal, &digits));
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decodes_every_kind_of_value),
        TEST(encodes_every_kind_of_value),
        TEST(keys_that_come_again_are_the_same),
        TEST(keys_may_come_in_another_order),
        TEST(sorts_when_asked),
        TEST(refuses_what_has_no_json_with_its_place),
        TEST(refuses_tables_that_are_neither_list_nor_object),
        TEST(a_list_is_one_however_it_was_filled),
        TEST(finds_cycles_by_their_depth),
        TEST(a_literal_ends_behind_its_digits),
        TEST(decoding_holds_the_limit_of_depth),
        TEST(a_bad_text_gives_nil_and_an_error),
        TEST(a_key_may_not_come_twice),
        TEST(decodes_big_arrays_and_objects),
        TEST(decodes_wide_and_deep_values),
        TEST(a_userdata_may_stand_for_a_table),
        TEST(the_output_is_as_it_was_after_an_error),
        TEST(the_limit_of_the_buffer_holds),
        TEST(options_are_read_strictly),
        TEST(memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
