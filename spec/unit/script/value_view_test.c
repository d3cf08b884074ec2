#include "script/value_view.h"

#include "script/lua.h"

/* Where the library at hand is another, encoders do without the view: only there this may fail. */
static void memory_is_as_expected(void **state)
{
    struct tg_view view;

    tg_view_open(*state, &view, "key");
    assert_true(view.good);
    assert_true(tg_view_type(view.null) == TG_VIEW_LIGHT);
    assert_true(tg_view_type(view.order) == TG_VIEW_LIGHT);
    assert_true(view.null != view.order);
    assert_int_equal(0, lua_gettop(*state));
}

/* Each part somewhere else, near or far, is found out, without a crash. */
static void another_layout_is_refused(void **state)
{
    static const long moves[] = {-16, -8, -4, 4, 8, 16, 24, 4096, 1L << 40};
    const size_t fields = sizeof(tg_view_layout) / sizeof(size_t);

    for (size_t field = 0; field < fields; field++) {
        for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
            size_t offsets[sizeof(tg_view_layout) / sizeof(size_t)];
            struct tg_view_layout other;
            memcpy(offsets, &tg_view_layout, sizeof(offsets));
            offsets[field] += (size_t)moves[i];
            memcpy(&other, offsets, sizeof(other));
            if (tg_view_probe(*state, &other))
                fail_msg("field %zu moved by %ld is not found out", field, moves[i]);
        }
    }
    assert_int_equal(0, lua_gettop(*state));
    assert_true(tg_view_probe(*state, &tg_view_layout));
}

/* A state that has collected, compiled and grown looks the same. */
static void a_state_in_use_is_as_expected(void **state)
{
    lua_State *L = *state;

    for (int i = 0; i < 20; i++) {
        assert_int_equal(0,
                         luaL_dostring(L, "local t = {} for i = 1, 3000 do t['n' .. i] = { i } end "
                                          "junk = t collectgarbage 'step'"));
        assert_true(tg_view_probe(L, &tg_view_layout));
    }
}

static void members_are_found(void **state)
{
    lua_State *L = *state;

    assert_int_equal(0,
                     luaL_dostring(L, "keys, t = {}, {} for i = 1, 200 do keys[i] = 'k' .. i * 7 "
                                      "if i % 3 > 0 then t['k' .. i * 7] = i end end t.k7 = nil"));
    lua_getglobal(L, "keys");
    lua_getglobal(L, "t");
    const struct tg_view_table *keys = lua_topointer(L, -2), *t = lua_topointer(L, -1);
    for (uint32_t i = 1; i <= 200; i++) {
        const struct tg_view_node *node = tg_view_find(t, keys->array[i]);
        assert_true((node != NULL) == (i % 3 > 0 && i != 1));
        if (node != NULL)
            assert_true(tg_view_number(node->value) == i);
    }
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_is_as_expected),
        TEST(another_layout_is_refused),
        TEST(a_state_in_use_is_as_expected),
        TEST(members_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
