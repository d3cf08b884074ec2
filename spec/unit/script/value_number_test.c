#include "script/lua.h"

#define BIG "local n = decode('1234567890123456789') "

static void a_number_that_a_double_does_not_hold_keeps_its_digits(void **state)
{
    expect(state, BIG "return encode { n }", "[1234567890123456789]");
    expect(state, "return encode(decode('[0.1000000000000000055,1e400,-1E-400]'))",
           "[0.1000000000000000055,1e400,-1E-400]");
    expect(state, "return type(decode('9007199254740992'))", "number");
    expect(state, "return type(decode('9007199254740993'))", "userdata");
}

static void it_prints_and_joins_as_its_digits(void **state)
{
    expect(state, BIG "return tostring(n)", "1234567890123456789");
    expect(state, BIG "return 'a' .. n .. 1", "a12345678901234567891");
    expect(state, BIG "return n .. n", "12345678901234567891234567890123456789");
    expect(state, BIG "return n .. {}", "script:1: attempt to concatenate a table value");
}

static void equal_ones_are_one_value(void **state)
{
    expect(state, BIG "return n == decode('1234567890123456789')", "true");
    expect(state, BIG "return n == decode('1234567890123456788')", "false");
    expect(state, BIG "local t = { [n] = 'x' } return t[decode('[1234567890123456789]')[1]]", "x");
    expect(state,
           BIG "collectgarbage() collectgarbage() "
               "local t = { [n] = 'x' } n = nil collectgarbage() collectgarbage() "
               "return t[decode('1234567890123456789')]",
           "x");
}

static void it_can_be_a_key_of_json(void **state)
{
    expect(state, BIG "return encode { [n] = n }", "{\"1234567890123456789\":1234567890123456789}");
    expect(state, BIG "return encode({ [n] = 1, a = 2 }, { sorted = true })",
           "{\"1234567890123456789\":1,\"a\":2}");
}

static void literals_that_nobody_has_are_collected(void **state)
{
    expect(state,
           "collectgarbage() local before = collectgarbage('count') "
           "for i = 1, 20000 do decode('12345678901234567' .. (10000 + i)) end "
           "collectgarbage() collectgarbage() "
           "return collectgarbage('count') - before < 500",
           "true");
}

static void c_reads_the_digits(void **state)
{
    lua_State *L = *state;
    struct tg_text digits;
    (void)luaL_dostring(L, "return tg.json.decode('1234567890123456789'), 5, tg.null, tg.raw('1')");
    assert_true(tg_number_literal(L, 1, &digits));
    assert_true(tg_text_is(TG_TEXT("1234567890123456789"), digits));
    assert_true(tg_number_literal(L, -4, &digits));
    assert_false(tg_number_literal(L, 2, &digits));
    assert_false(tg_number_literal(L, 3, &digits));
    assert_false(tg_number_literal(L, 4, &digits));
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_that_a_double_does_not_hold_keeps_its_digits),
        TEST(it_prints_and_joins_as_its_digits),
        TEST(equal_ones_are_one_value),
        TEST(it_can_be_a_key_of_json),
        TEST(literals_that_nobody_has_are_collected),
        TEST(c_reads_the_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
