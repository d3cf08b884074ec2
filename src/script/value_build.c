#include "script/value_build.h"

#include <lauxlib.h>

#define STEP 256

/* A C function has 8000 slots at most; the levels that open when it is crowded need few each. */
#define CROWDED 4000

void tg_builder_init(struct tg_builder *b, lua_State *L, bool ordered)
{
    luaL_checkstack(L, STEP, "too many values");
    tg_builder_init_apart(b, L, tg_values_push(L), ordered);
}

void tg_builder_init_apart(struct tg_builder *b, lua_State *L, struct tg_values *values,
                           bool ordered)
{
    int top = lua_gettop(L);

    *b = (struct tg_builder){
        .L = L,
        .values = values,
        .refs = top,
        .top = top,
        .room = top + STEP - 8,
        .crowded = top + CROWDED,
        .ordered = ordered,
    };
    values->levels.len = 0;
}

void tg_builder_grow(struct tg_builder *b)
{
    luaL_checkstack(b->L, STEP + 8, "too many values");
    b->room = b->top + STEP;
}

void tg_builder_open(struct tg_builder *b, bool object)
{
    struct tg_buffer *levels = &b->values->levels;
    struct tg_level *level = (struct tg_level *)(void *)tg_buffer_reserve(levels, sizeof(*level));

    level->base = b->top + 1;
    level->done = 0;
    level->object = object;
    level->has_table = false;
    levels->len += sizeof(*level);
    b->level = level;
}

/* Puts the values above `table` into it, behind the `done` that it has. */
static void fill_array(lua_State *L, int table, int done, int n)
{
    for (int i = done + n; i > done; i--)
        lua_rawseti(L, table, i);
}

static void put_table(struct tg_builder *b, int items, int pairs)
{
    lua_createtable(b->L, items, pairs);
    lua_insert(b->L, b->level->base);
    b->level->has_table = true;
}

static void flush_ordered(struct tg_builder *b)
{
    lua_State *L = b->L;
    int base = b->level->base;

    if (!b->level->has_table) {
        tg_ordered_push(L);
        lua_insert(L, base);
        b->level->has_table = true;
        b->top++;
    }
    for (int i = base + 1; i < b->top; i += 2) {
        lua_pushvalue(L, i);
        lua_pushvalue(L, i + 1);
        tg_ordered_set(L, base);
    }
    lua_settop(L, base);
    b->top = base;
}

void tg_builder_flush(struct tg_builder *b)
{
    struct tg_level *level = b->level;
    int base = level->base, n = b->top - base + 1 - level->has_table;

    if (level->object && b->ordered) {
        flush_ordered(b);
        return;
    }
    if (!level->has_table)
        put_table(b, level->object ? 0 : n, level->object ? n / 2 : 0);
    if (level->object) {
        for (int i = 0; i < n; i += 2)
            lua_rawset(b->L, base);
    } else {
        fill_array(b->L, base, level->done, n);
        level->done += n;
    }
    b->top = base;
}

void tg_builder_array(struct tg_builder *b, int n)
{
    lua_State *L = b->L;
    int table = b->top - n + 1;

    lua_createtable(L, n, 0);
    lua_insert(L, table);
    fill_array(L, table, 0, n);
    lua_rawgeti(L, b->refs, TG_VALUE_ARRAY);
    lua_setmetatable(L, table);
    b->top = table;
}

void tg_builder_close(struct tg_builder *b)
{
    struct tg_level *level = b->level;
    int n = b->top - level->base + 1;

    if (!level->has_table && !level->object) {
        tg_builder_array(b, n);
    } else if (!level->has_table && b->ordered) {
        tg_ordered_make(b->L, b->refs, n / 2);
        b->top = level->base;
    } else {
        if (!level->has_table || b->top > level->base)
            tg_builder_flush(b);
        if (!level->object) {
            lua_rawgeti(b->L, b->refs, TG_VALUE_ARRAY);
            lua_setmetatable(b->L, level->base);
        }
    }
    b->values->levels.len -= sizeof(*level);
    b->level--;
}

void tg_builder_drop(struct tg_builder *b)
{
    b->top = b->level->base - 1;
    lua_settop(b->L, b->top);
    b->values->levels.len -= sizeof(*b->level);
    b->level--;
}
