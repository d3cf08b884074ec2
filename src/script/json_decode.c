/* JSON to Lua values. */
#include "script/json_value.h"

#include <lauxlib.h>
#include <stdint.h>

#include "codec/block.h"
#include "codec/json_number.h"
#include "codec/json_steps.h"
#include "script/value_build.h"

/* A key of an open object: equal keys have equal addresses, since Lua's strings are one. */
struct name {
    const char *key;
    const char *at; /* in the text */
};

struct decoder {
    struct tg_builder build;
    struct tg_json_reader reader;
    struct tg_buffer *names;                  /* keys of the open objects, the innermost last */
    size_t events;                            /* that are left of this turn */
    bool paused;                              /* it ended because there were none */
    uint32_t firsts[TG_JSON_VALUE_DEPTH + 1]; /* by depth: the first name of that object */
};

static struct name *names_of(const struct decoder *d)
{
    return (struct name *)(void *)d->names->base;
}

static uint32_t name_count(const struct decoder *d)
{
    return (uint32_t)(d->names->len / sizeof(struct name));
}

/* The first name that was there before, or NULL. */
static const struct name *find_twice_slowly(struct decoder *d, const struct name *names, size_t n)
{
    struct tg_buffer *seen = &d->build.values->seen;
    size_t slots = 32;

    while (slots < n * 2)
        slots *= 2;
    seen->len = 0;
    const char **set = (const char **)(void *)tg_buffer_reserve(seen, slots * sizeof(*set));
    memset(set, 0, slots * sizeof(*set));
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = (uint64_t)(uintptr_t)names[i].key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
        size_t slot = hash & (slots - 1);
        for (; set[slot] != NULL; slot = (slot + 1) & (slots - 1)) {
            if (set[slot] == names[i].key)
                return &names[i];
        }
        set[slot] = names[i].key;
    }
    return NULL;
}

static const struct name *find_twice(struct decoder *d, const struct name *names, size_t n)
{
    if (n > 8)
        return find_twice_slowly(d, names, n);
    for (size_t i = 1; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (names[i].key == names[j].key)
                return &names[i];
        }
    }
    return NULL;
}

/* How many bytes of a key an error shows: whole characters. */
static int shown(struct tg_text key)
{
    size_t n = key.len;

    if (n > 60) {
        for (n = 60; ((unsigned char)key.base[n] & 0xc0) == 0x80;)
            n--;
    }
    return (int)n;
}

/* An object is complete: no key may be in it twice. */
static bool check_names(struct decoder *d)
{
    uint32_t first = d->firsts[d->reader.depth + 1], count = name_count(d) - first;
    const struct name *twice = count > 1 ? find_twice(d, names_of(d) + first, count) : NULL;

    if (twice != NULL) {
        struct tg_text key = tg_text_of(twice->key);
        tg_json_fail(&d->reader, twice->at, "key \"%.*s\" twice", shown(key), key.base);
        return false;
    }
    d->names->len = first * sizeof(struct name);
    return true;
}

static void on_open(struct decoder *d, bool object)
{
    if (!object)
        tg_builder_other(&d->build);
    tg_builder_open(&d->build, object);
    d->firsts[d->reader.depth] = name_count(d);
}

static void add_name(struct decoder *d, const char *key, const char *at)
{
    struct name *name = (struct name *)(void *)tg_buffer_reserve(d->names, sizeof(*name));

    *name = (struct name){key, at};
    d->names->len += sizeof(*name);
}

/* The keys of an object that has a shape no more: no two of them are equal. */
static void add_names(struct decoder *d, uint16_t shape)
{
    const struct tg_shapes *shapes = &d->build.values->shapes;
    uint16_t steps[TG_SHAPE_KEYS];
    int count = tg_shape_steps(shapes, shape, steps);

    for (int i = 0; i < count; i++)
        add_name(d, tg_shape_at(shapes, steps[i])->base, NULL);
}

static void on_key(struct decoder *d)
{
    struct tg_builder *b = &d->build;
    struct tg_text text = d->reader.text;
    uint16_t shape = b->level->shape;
    bool is_plain = text.base == d->reader.token + 1;

    if (shape != TG_SHAPE_NONE) {
        if (tg_builder_key(b, text, is_plain))
            return;
        add_names(d, shape);
    }
    add_name(d, tg_value_push_key(b->L, b->values, b->refs, text), d->reader.token);
    b->top++;
}

/* Objects have the same keys in the same order again and again: takes the key that came next the
 * last time, when it comes again. */
static inline bool take_guess(struct decoder *d, const char *p)
{
    struct tg_level *level = d->build.level;

    if (level->shape == TG_SHAPE_NONE || d->reader.end - p < TG_BLOCK)
        return false;
    const struct tg_shapes *shapes = &d->build.values->shapes;
    uint16_t guess = *tg_shape_guess(shapes, level->shape, level->around);
    const struct tg_shape *longer = tg_shape_at(shapes, guess);
    if (!tg_shape_key_is_at(longer, p, d->reader.end))
        return false;
    tg_json_pass_key(&d->reader, p, longer->len);
    level->shape = guess;
    return true;
}

/* The key at p; gives the event of its value. */
static inline enum tg_json_event step_key(struct decoder *d, const char *p)
{
    if (!take_guess(d, p)) {
        if (tg_json_read_key(&d->reader, p) != TG_JSON_KEY)
            return TG_JSON_ERROR;
        on_key(d);
    }
    return tg_json_step_value(&d->reader);
}

/* The next event that is no key. */
static inline enum tg_json_event step(struct decoder *d)
{
    struct tg_json_reader *reader = &d->reader;
    const char *p = tg_json_skip_blanks(reader->at, reader->end);

    if (p == reader->end)
        return tg_json_step(reader);
    if (reader->state == TG_JSON_AFTER_VALUE && reader->depth != 0) {
        bool object = d->build.level->object;
        if (*p == ',') {
            p = tg_json_skip_blanks(p + 1, reader->end);
            return object ? step_key(d, p) : tg_json_read_value(reader, p);
        }
        if (*p == (object ? '}' : ']'))
            return tg_json_close(reader, p);
    } else if (reader->state == TG_JSON_AT_FIRST_KEY && *p == '"') {
        return step_key(d, p);
    }
    return tg_json_step(reader);
}

static void push_number(struct decoder *d, struct tg_json_number *number)
{
    if (!number->exact)
        tg_json_number_weigh(number);
    if (number->exact)
        lua_pushnumber(d->build.L, number->value);
    else
        tg_number_push(d->build.L, d->build.refs, number->text);
}

/* Pushes a value that is neither array nor object. */
static void push(struct decoder *d, enum tg_json_event event)
{
    lua_State *L = d->build.L;

    if (event == TG_JSON_STRING)
        lua_pushlstring(L, d->reader.text.base, d->reader.text.len);
    else if (event == TG_JSON_NUMBER)
        push_number(d, &d->reader.number);
    else if (event == TG_JSON_NULL)
        tg_null_push(L);
    else
        lua_pushboolean(L, event == TG_JSON_TRUE);
    d->build.top++;
}

/* False: an error, or its turn is over. */
static bool decode(struct decoder *d)
{
    while (d->events-- > 0) {
        tg_builder_room(&d->build);
        enum tg_json_event event = step(d);
        switch (event) {
        case TG_JSON_OBJECT:
        case TG_JSON_ARRAY:
            on_open(d, event == TG_JSON_OBJECT);
            continue;
        case TG_JSON_END:
            if (d->build.level->shape == TG_SHAPE_NONE && !check_names(d))
                return false;
            tg_builder_close(&d->build);
            break;
        case TG_JSON_STRING:
        case TG_JSON_NUMBER:
        case TG_JSON_TRUE:
        case TG_JSON_FALSE:
        case TG_JSON_NULL:
            tg_builder_other(&d->build);
            push(d, event);
            break;
        case TG_JSON_DONE:
            return true;
        case TG_JSON_KEY: /* it was taken */
        case TG_JSON_ERROR:
            return false;
        }
        if (d->reader.depth != 0)
            tg_builder_settle(&d->build);
    }
    d->paused = true;
    return false;
}

static void begin(struct decoder *d, struct tg_text text, const struct tg_json_options *options,
                  struct tg_parse_error *error)
{
    d->paused = false;
    d->names = &d->build.values->names;
    d->names->len = 0;
    tg_shapes_begin(&d->build.values->shapes);
    tg_json_begin(&d->reader, text,
                  options->depth < TG_JSON_VALUE_DEPTH ? options->depth : TG_JSON_VALUE_DEPTH,
                  &d->build.values->text, error);
}

bool tg_json_decode(lua_State *L, struct tg_text text, const struct tg_json_options *options,
                    struct tg_parse_error *error)
{
    static const struct tg_json_options defaults = {0};
    int top = lua_gettop(L);
    struct decoder d;

    if (options == NULL)
        options = &defaults;
    tg_builder_init(&d.build, L, options->ordered);
    d.build.shapes = !options->ordered;
    d.events = SIZE_MAX;
    begin(&d, text, options, error);
    bool good = decode(&d);
    if (good)
        lua_replace(L, top + 1);
    lua_settop(L, top + good);
    tg_values_rest(d.build.values);
    return good;
}

/* ---- in turns */

/* The block of a decoding, which has these in its environment: */
enum { VALUES = 1, OWNER, SAVED /* what was on the stack between turns, above: */, BASE = 3 };

struct turns {
    struct decoder decoder;
    struct tg_parse_error error;
    int top; /* of the stack when the last turn ended: what lies there keeps its position */
    bool begun;
};

void tg_json_turns_push(lua_State *L, struct tg_text text, int owner,
                        const struct tg_json_options *options)
{
    owner = tg_value_absolute(L, owner);
    struct turns *turns = lua_newuserdata(L, sizeof(*turns));
    turns->begun = false;
    lua_createtable(L, 3, 0);
    struct tg_values *values = tg_values_apart(L);
    turns->decoder.build = (struct tg_builder){.values = values, .ordered = options->ordered};
    begin(&turns->decoder, text, options, &turns->error);
    lua_rawseti(L, -2, VALUES);
    lua_pushvalue(L, owner);
    lua_rawseti(L, -2, OWNER);
    lua_createtable(L, 0, 0);
    lua_rawseti(L, -2, SAVED);
    lua_setfenv(L, -2);
}

/* Puts the values of the last turn where they were: above the block, its environment and the
 * references. */
static void take_up(lua_State *L, struct turns *turns)
{
    struct tg_builder *b = &turns->decoder.build;
    struct tg_values *values = b->values;

    lua_settop(L, 1);
    lua_getfenv(L, 1);
    lua_rawgeti(L, 2, VALUES);
    lua_getfenv(L, -1);
    lua_remove(L, -2);
    if (!turns->begun) {
        bool ordered = b->ordered;
        tg_builder_init_apart(b, L, values, ordered);
        b->shapes = !ordered;
        turns->begun = true;
        return;
    }
    b->L = L;
    luaL_checkstack(L, b->room - BASE + 8, "too many values");
    lua_rawgeti(L, 2, SAVED);
    for (int i = 1; i <= turns->top - BASE; i++) {
        lua_rawgeti(L, -1, i);
        lua_insert(L, -2);
    }
    lua_pop(L, 1);
}

static void put_down(lua_State *L, struct turns *turns)
{
    turns->top = lua_gettop(L);
    lua_createtable(L, turns->top - BASE, 0);
    lua_insert(L, BASE + 1);
    for (int i = turns->top - BASE; i > 0; i--)
        lua_rawseti(L, BASE + 1, i);
    lua_rawseti(L, 2, SAVED);
}

enum tg_json_turn tg_json_turns_step(lua_State *L, size_t events, struct tg_parse_error *error)
{
    struct turns *turns = lua_touserdata(L, 1);

    take_up(L, turns);
    turns->decoder.events = events;
    turns->decoder.paused = false;
    if (decode(&turns->decoder))
        return TG_JSON_TURN_GOOD;
    if (turns->decoder.paused) {
        put_down(L, turns);
        return TG_JSON_TURN_MORE;
    }
    *error = turns->error;
    return TG_JSON_TURN_BAD;
}
