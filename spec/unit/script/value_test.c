#include "script/lua.h"

static void null_is_one_value_that_is_not_nil(void **state)
{
    expect(state, "return tg.null ~= nil and decode('null') == tg.null", "true");
    expect(state, "return type(tg.null)", "userdata");
}

static void an_array_stays_one_when_empty(void **state)
{
    expect(state, "return encode(tg.array())", "[]");
    expect(state, "return encode(tg.array {})", "[]");
    expect(state, "return encode({})", "{}");
    expect(state, "return encode(decode('[]'))", "[]");
    expect(state, "local t = {} return tg.array(t) == t", "true");
    expect(state, "local t = decode('[1]') t[1] = nil return encode(t)", "[]");
}

static void its_mark_can_not_be_touched(void **state)
{
    expect(state, "return getmetatable(tg.array())", "array");
    expect(state, "return pcall(setmetatable, tg.array(), {})", "false");
}

static void a_table_with_a_metatable_is_no_array(void **state)
{
    expect(state, "tg.array(setmetatable({}, {}))",
           "script:1: bad argument #1 to 'tg.array' (the table has a metatable)");
    expect(state, "tg.array(tg.ordered())",
           "script:1: bad argument #1 to 'tg.array' (the table has a metatable)");
    expect(state, "tg.array(1)",
           "script:1: bad argument #1 to 'tg.array' (table expected, got number)");
    expect(state, "return encode(tg.array(tg.array()))", "[]");
}

static void a_buffer_is_given_out_empty(void **state)
{
    lua_State *L = *state;
    struct tg_buffer *buffer = tg_values_buffer(L);
    tg_buffer_append(buffer, "x", 1);
    assert_ptr_equal(buffer, tg_values_buffer(L));
    assert_int_equal(0, buffer->len);
}

static void the_scanner_is_made_once(void **state)
{
    assert_ptr_equal(tg_values_xml(*state), tg_values_xml(*state));
}

/* More keys than are remembered, of all lengths, again and again: each is the right string. */
static void keys_are_what_they_were_written(void **state)
{
    expect(state,
           "local names = {} "
           "for i = 1, 2000 do names[i] = ('k'):rep(i % 40) .. i end "
           "for round = 1, 3 do for i, name in ipairs(names) do "
           "  local t = decode('{\"' .. name .. '\":' .. i .. '}') "
           "  if t[name] ~= i or next(t) ~= name then return name end "
           "end collectgarbage() end "
           "return 'all'",
           "all");
}

static void all_memory_goes_with_the_state(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        void *other;
        set_up(&other);
        expect(&other, "return encode(tg.xml.decode('<a>&lt;<b/></a>'), { sorted = true })",
               "{\"a\":{\"#text\":\"<\",\"b\":\"\"}}");
        tear_down(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(null_is_one_value_that_is_not_nil), TEST(an_array_stays_one_when_empty),
        TEST(its_mark_can_not_be_touched),       TEST(a_table_with_a_metatable_is_no_array),
        TEST(a_buffer_is_given_out_empty),       TEST(the_scanner_is_made_once),
        TEST(keys_are_what_they_were_written),   TEST(all_memory_goes_with_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
