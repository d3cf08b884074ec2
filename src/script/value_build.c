#include "script/value_build.h"

#include <lauxlib.h>

#define STEP 256

/* A C function has 8000 slots at most; the levels that open when it is crowded need few each. */
#define CROWDED 4000

static inline struct tg_level *add_level(struct tg_builder *b)
{
    struct tg_buffer *levels = &b->values->levels;

    b->level = (struct tg_level *)(void *)tg_buffer_reserve(levels, sizeof(*b->level));
    levels->len += sizeof(*b->level);
    return b->level;
}

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
    *add_level(b) = (struct tg_level){.base = top + 1, .is_mixed = true};
}

void tg_builder_grow(struct tg_builder *b)
{
    luaL_checkstack(b->L, STEP + 8, "too many values");
    b->room = b->top + STEP;
}

void tg_builder_open(struct tg_builder *b, bool object)
{
    struct tg_level *level = add_level(b), *around = level - 1;
    uint16_t shape = around->object ? around->shape : around->around;
    bool has_shape = object && b->shapes && !around->is_unknown && b->top <= b->crowded;

    *level = (struct tg_level){
        .base = b->top + 1,
        .object = object,
        .shape = has_shape ? TG_SHAPE_EMPTY : TG_SHAPE_NONE,
        .around = shape != TG_SHAPE_NONE ? shape : TG_SHAPE_EMPTY,
    };
}

/* Puts the values above `table` into it, behind the `done` that it has. It was made as large as the
 * first ones need; when more come, its array part grows only if they do so in their order. */
static void fill_array(lua_State *L, int table, int done, int n)
{
    if (done == 0) {
        for (int i = n; i > 0; i--)
            lua_rawseti(L, table, i);
        return;
    }
    for (int i = 1; i <= n; i++) {
        lua_pushvalue(L, table + i);
        lua_rawseti(L, table, done + i);
    }
    lua_settop(L, table);
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

/* ---- objects with a shape */

static inline bool has_shape(const struct tg_level *level)
{
    return level->object && level->shape != TG_SHAPE_NONE;
}

/* Puts the keys between the values. */
static void forget_shape(struct tg_builder *b)
{
    lua_State *L = b->L;
    struct tg_level *level = b->level;
    uint16_t steps[TG_SHAPE_KEYS];
    int count = tg_shape_steps(&b->values->shapes, level->shape, steps);

    if (b->top + count + 8 > b->room)
        tg_builder_grow(b);
    for (int i = 0; i < count; i++) {
        tg_shape_push_key(L, b->refs, steps[i]);
        lua_insert(L, level->base + 2 * i);
    }
    b->top += count;
    level->shape = TG_SHAPE_NONE;
    level[-1].is_unknown = true;
}

bool tg_builder_key(struct tg_builder *b, struct tg_text key, bool is_plain)
{
    struct tg_level *level = b->level;
    struct tg_shapes *shapes = &b->values->shapes;
    uint16_t longer = tg_shape_with(b->L, shapes, b->refs, level->shape, key, is_plain);

    if (longer == TG_SHAPE_NONE) {
        forget_shape(b);
        return false;
    }
    *tg_shape_guess(shapes, level->shape, level->around) = longer;
    level->shape = longer;
    return true;
}

/* Whether the object, whose values are on top, can stay as they are: its siblings before it are of
 * the same shape, and so are theirs. */
static inline bool joins_run(const struct tg_builder *b, const struct tg_level *level)
{
    const struct tg_level *array = level - 1;

    if (!has_shape(level) || array->object || array->is_mixed)
        return false;
    if (array->run != 0)
        return array->shape == level->shape;
    return level->base == array->base + array->has_table &&
           tg_shape_at(&b->values->shapes, level->shape)->is_made;
}

/* Grows its array part for n more, which come from the last to the first. */
static void grow_array(lua_State *L, int table, int done, int n)
{
    for (int i = done + 1; i <= done + n; i++) {
        lua_pushboolean(L, 0);
        lua_rawseti(L, table, i);
    }
}

/* The values of the run are on top, and its table is at the level's base. */
static void put_run(struct tg_builder *b, struct tg_level *level)
{
    struct tg_shapes *shapes = &b->values->shapes;
    int i = level->done + level->run;

    if (level->done != 0)
        grow_array(b->L, level->base, level->done, level->run);
    level->done = i;
    for (; level->run >= TG_SHAPE_RUN; level->run -= TG_SHAPE_RUN) {
        tg_shape_make_run(b->L, shapes, b->refs, level->shape);
        for (int k = 0; k < TG_SHAPE_RUN; k++)
            lua_rawseti(b->L, level->base, i--);
    }
    for (; level->run > 0; level->run--) {
        tg_shape_make(b->L, shapes, b->refs, level->shape);
        lua_rawseti(b->L, level->base, i--);
    }
}

static void settle_run(struct tg_builder *b)
{
    if (!b->level->has_table)
        put_table(b, b->level->run, 0);
    put_run(b, b->level);
}

void tg_builder_end_run(struct tg_builder *b)
{
    b->level->is_mixed = true;
    settle_run(b);
    b->top = b->level->base;
}

/* The table of an object is on top, and what is below it is a run that it does not belong to. */
static void break_run(struct tg_builder *b)
{
    lua_insert(b->L, b->level->base + b->level->has_table);
    b->level->is_mixed = true;
    settle_run(b);
    b->top = b->level->base + 1;
}

void tg_builder_flush(struct tg_builder *b)
{
    struct tg_level *level = b->level;
    int base = level->base, n = b->top - base + 1 - level->has_table;

    if (level->run != 0) {
        settle_run(b);
        b->top = base;
        return;
    }
    if (has_shape(level))
        return; /* they are few */
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

static void close_plain(struct tg_builder *b)
{
    struct tg_level *level = b->level;
    int n = b->top - level->base + 1;

    if (!level->has_table && !level->object && level->run == 0) {
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
}

void tg_builder_close(struct tg_builder *b)
{
    struct tg_level *level = b->level;
    bool waits = joins_run(b, level);

    if (waits) {
        level[-1].run++;
        level[-1].shape = level->shape;
    } else if (has_shape(level)) {
        tg_shape_make(b->L, &b->values->shapes, b->refs, level->shape);
        b->top = level->base;
    } else {
        close_plain(b);
    }
    b->values->levels.len -= sizeof(*level);
    b->level--;
    if (!waits && b->level->run != 0)
        break_run(b);
}

void tg_builder_drop(struct tg_builder *b)
{
    b->top = b->level->base - 1;
    lua_settop(b->L, b->top);
    b->values->levels.len -= sizeof(*b->level);
    b->level--;
}
