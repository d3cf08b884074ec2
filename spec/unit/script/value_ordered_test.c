#include "script/lua.h"

#define ABC "local o = tg.ordered { { 'c', 1 }, { 'a', 2 }, { 'b', 3 } } "

static void members_keep_their_order(void **state)
{
    expect(state, ABC "return encode(o)", "{\"c\":1,\"a\":2,\"b\":3}");
    expect(state, ABC "local s = '' for k, v in pairs(o) do s = s .. k .. v end return s",
           "c1a2b3");
    expect(state, ABC "return encode(o, { sorted = true })", "{\"c\":1,\"a\":2,\"b\":3}");
    expect(state, "return encode(tg.ordered())", "{}");
}

static void they_are_read_and_written_by_name(void **state)
{
    expect(state, ABC "return o.a + o.b", "5");
    expect(state, ABC "return o.x", "nil");
    expect(state, ABC "o.a = 9 return encode(o)", "{\"c\":1,\"a\":9,\"b\":3}");
}

static void a_new_one_comes_last(void **state)
{
    expect(state, ABC "o.z = 0 o.d = 4 return encode(o)",
           "{\"c\":1,\"a\":2,\"b\":3,\"z\":0,\"d\":4}");
    expect(state, ABC "o.x = nil return encode(o)", "{\"c\":1,\"a\":2,\"b\":3}");
}

static void one_that_comes_again_comes_last(void **state)
{
    expect(state, ABC "o.a = nil return encode(o)", "{\"c\":1,\"b\":3}");
    expect(state, ABC "o.a = nil o.a = 7 return encode(o)", "{\"c\":1,\"b\":3,\"a\":7}");
    expect(state, ABC "for i = 1, 5 do o.a = nil o.a = i end o.c = nil return encode(o)",
           "{\"b\":3,\"a\":5}");
}

static void the_last_of_equal_names_counts(void **state)
{
    expect(state, "return encode(tg.ordered { { 'a', 1 }, { 'b', 2 }, { 'a', 3 } })",
           "{\"a\":3,\"b\":2}");
}

static void decoding_gives_them(void **state)
{
    expect(
        state,
        "return encode(decode('{\"z\":1,\"b\":{\"y\":[{}],\"x\":2},\"a\":3}', { ordered = true }))",
        "{\"z\":1,\"b\":{\"y\":[{}],\"x\":2},\"a\":3}");
    expect(state,
           "local s, want = {}, {} "
           "for i = 1, 5000 do s[i] = ('\"k%d\":%d'):format(i * 7919 % 5003, i) end "
           "local text = '{' .. table.concat(s, ',') .. '}' "
           "return encode(decode(text, { ordered = true })) == text",
           "true");
}

static void wrong_arguments_raise(void **state)
{
    expect(state, "tg.ordered { 1 }",
           "script:1: bad argument #1 to 'tg.ordered' (a list of { key, value } pairs expected)");
    expect(state, "tg.ordered { { 1, 2 } }",
           "script:1: bad argument #1 to 'tg.ordered' (the key of each pair is a string)");
    expect(state, "tg.ordered { { 'a' } }",
           "script:1: bad argument #1 to 'tg.ordered' (a pair without a value (null is tg.null))");
    expect(state, ABC "o[1] = 2", "script:1: a key of an ordered object is a string, not a number");
    expect(state, "return getmetatable(tg.ordered())", "ordered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_keep_their_order),       TEST(they_are_read_and_written_by_name),
        TEST(a_new_one_comes_last),           TEST(one_that_comes_again_comes_last),
        TEST(the_last_of_equal_names_counts), TEST(decoding_gives_them),
        TEST(wrong_arguments_raise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
