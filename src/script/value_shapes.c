#include "script/value_shapes.h"

#include <lauxlib.h>

#include "script/value.h"

#define LONGER 16     /* shapes with one more key */
#define FIRST 64      /* the same of the empty one */
#define REFUSALS 4096 /* after so many all are forgotten */
#define USES 16       /* before there are functions */
#define MADE 64       /* shapes that have some */
#define MADE_KEYS 24  /* keys of such a shape: a function has 200 parameters at most */

static int ref(uint16_t shape)
{
    return TG_VALUE_REF_SHAPES + shape * TG_SHAPE_REFS;
}

static struct tg_shape *add(struct tg_shapes *shapes)
{
    struct tg_shape *shape =
        (struct tg_shape *)(void *)tg_buffer_reserve(&shapes->list, sizeof(*shape));

    memset(shape, 0, sizeof(*shape));
    shapes->list.len += sizeof(*shape);
    return shape;
}

static size_t count_of(const struct tg_shapes *shapes)
{
    return shapes->list.len / sizeof(struct tg_shape);
}

void tg_shapes_begin(struct tg_shapes *shapes)
{
    if (shapes->list.len != 0 && shapes->refused < REFUSALS)
        return;
    shapes->list.len = 0;
    shapes->made = shapes->refused = 0;
    add(shapes);
}

static bool has_key(const struct tg_shapes *shapes, uint16_t shape, const char *base)
{
    for (; shape != TG_SHAPE_EMPTY; shape = tg_shape_at(shapes, shape)->shorter) {
        if (tg_shape_at(shapes, shape)->base == base)
            return true;
    }
    return false;
}

/* The key as it is written, with what is around it. */
static void write_json(struct tg_shape *shape)
{
    char json[TG_SHAPE_KEY + 3];

    json[0] = '"';
    memcpy(json + 1, shape->base, shape->len);
    json[shape->len + 1] = '"';
    json[shape->len + 2] = ':';
    size_t len = shape->len + 3 < TG_BLOCK ? shape->len + 3 : TG_BLOCK;
    memcpy(shape->json, json, len);
    shape->json_bits = (uint16_t)((1U << len) - 1);
}

/* The key is on top. */
static uint16_t add_longer(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shorter,
                           struct tg_text key, bool is_plain)
{
    uint16_t shape = (uint16_t)count_of(shapes);

    lua_pushvalue(L, -1);
    lua_rawseti(L, refs, ref(shape));
    struct tg_shape *new = add(shapes), *old = tg_shape_at(shapes, shorter);
    new->base = lua_tostring(L, -1);
    new->len = (uint32_t)key.len;
    new->shorter = shorter;
    new->next = old->longer;
    new->count = old->count + 1;
    if (is_plain)
        write_json(new);
    old->longer = shape;
    old->longer_count++;
    return shape;
}

static uint16_t find_longer(const struct tg_shapes *shapes, uint16_t shape, struct tg_text key)
{
    uint16_t at = tg_shape_at(shapes, shape)->longer;

    while (at != TG_SHAPE_EMPTY) {
        const struct tg_shape *longer = tg_shape_at(shapes, at);
        if (longer->len == key.len && memcmp(longer->base, key.base, key.len) == 0)
            return at;
        at = longer->next;
    }
    return TG_SHAPE_NONE;
}

static uint16_t learn(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape,
                      struct tg_text key, bool is_plain)
{
    const struct tg_shape *old = tg_shape_at(shapes, shape);
    uint16_t found = TG_SHAPE_NONE;

    if (key.len > TG_SHAPE_KEY || old->count == TG_SHAPE_KEYS)
        return TG_SHAPE_NONE;
    if (count_of(shapes) == TG_SHAPES || old->longer_count == (old->count == 0 ? FIRST : LONGER)) {
        shapes->refused++;
        return TG_SHAPE_NONE;
    }
    lua_pushlstring(L, key.base, key.len);
    if (!has_key(shapes, shape, lua_tostring(L, -1)))
        found = add_longer(L, shapes, refs, shape, key, is_plain);
    lua_pop(L, 1);
    return found;
}

uint16_t tg_shape_with(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape,
                       struct tg_text key, bool is_plain)
{
    uint16_t found = find_longer(shapes, shape, key);

    return found != TG_SHAPE_NONE ? found : learn(L, shapes, refs, shape, key, is_plain);
}

int tg_shape_steps(const struct tg_shapes *shapes, uint16_t shape, uint16_t *steps)
{
    int count = tg_shape_at(shapes, shape)->count;

    for (int i = count; i-- > 0; shape = tg_shape_at(shapes, shape)->shorter)
        steps[i] = shape;
    return count;
}

void tg_shape_push_key(lua_State *L, int refs, uint16_t shape)
{
    lua_rawgeti(L, refs, ref(shape));
}

/* ---- functions */

/* "a1,a2", and so on. */
static void write_names(struct tg_buffer *source, int count)
{
    for (int i = 1; i <= count; i++)
        tg_buffer_printf(source, i == 1 ? "a%d" : ",a%d", i);
}

/* A constructor; its keys go from the last to the first. */
static void write_table(struct tg_buffer *source, const struct tg_shapes *shapes, uint16_t shape,
                        int first)
{
    int value = first + tg_shape_at(shapes, shape)->count;

    tg_buffer_put(source, '{');
    for (; shape != TG_SHAPE_EMPTY; shape = tg_shape_at(shapes, shape)->shorter) {
        const struct tg_shape *step = tg_shape_at(shapes, shape);
        tg_buffer_append(source, "[\"", 2);
        for (uint32_t i = 0; i < step->len; i++)
            tg_buffer_printf(source, "\\%03u", (unsigned char)step->base[i]);
        tg_buffer_printf(source, "\"]=a%d,", value--);
    }
    tg_buffer_put(source, '}');
}

/* A function of the values of so many objects, which gives their tables. */
static void write_function(struct tg_buffer *source, const struct tg_shapes *shapes, uint16_t shape,
                           int objects)
{
    int count = tg_shape_at(shapes, shape)->count;

    tg_buffer_append(source, "function(", 9);
    write_names(source, objects * count);
    tg_buffer_append(source, ") return ", 9);
    for (int i = 0; i < objects; i++) {
        if (i != 0)
            tg_buffer_put(source, ',');
        write_table(source, shapes, shape, i * count);
    }
    tg_buffer_append(source, " end", 4);
}

static bool load(lua_State *L, const struct tg_buffer *source)
{
    if (luaL_loadbuffer(L, source->base, source->len, "=[tidegate shapes]") == 0 &&
        lua_pcall(L, 0, 2, 0) == 0)
        return true;
    lua_pop(L, 1);
    return false;
}

static void make_functions(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape)
{
    struct tg_buffer source = {0};

    tg_buffer_append(&source, "return ", 7);
    write_function(&source, shapes, shape, 1);
    tg_buffer_put(&source, ',');
    write_function(&source, shapes, shape, TG_SHAPE_RUN);
    bool good = load(L, &source);
    tg_buffer_dispose(&source);
    if (!good)
        return;
    lua_rawseti(L, refs, ref(shape) + 2);
    lua_rawseti(L, refs, ref(shape) + 1);
    shapes->made++;
    tg_shape_at(shapes, shape)->is_made = true;
}

/* ---- tables */

static void set_each(lua_State *L, const struct tg_shapes *shapes, int refs, uint16_t shape)
{
    int count = tg_shape_at(shapes, shape)->count, table = lua_gettop(L) - count + 1;

    lua_createtable(L, 0, count);
    lua_insert(L, table);
    for (; shape != TG_SHAPE_EMPTY; shape = tg_shape_at(shapes, shape)->shorter) {
        tg_shape_push_key(L, refs, shape);
        lua_insert(L, -2);
        lua_rawset(L, table);
    }
}

void tg_shape_make(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape)
{
    struct tg_shape *known = tg_shape_at(shapes, shape);

    if (!known->is_made && known->uses < USES && ++known->uses == USES && shapes->made < MADE &&
        known->count != 0 && known->count <= MADE_KEYS)
        make_functions(L, shapes, refs, shape);
    if (!known->is_made) {
        set_each(L, shapes, refs, shape);
        return;
    }
    lua_rawgeti(L, refs, ref(shape) + 1);
    lua_insert(L, -known->count - 1);
    lua_call(L, known->count, 1);
}

void tg_shape_make_run(lua_State *L, const struct tg_shapes *shapes, int refs, uint16_t shape)
{
    int values = tg_shape_at(shapes, shape)->count * TG_SHAPE_RUN;

    lua_rawgeti(L, refs, ref(shape) + 2);
    lua_insert(L, -values - 1);
    lua_call(L, values, TG_SHAPE_RUN);
}
