/* JSON to Lua values. */
#include "script/json_value.h"

#include <stdint.h>

#include "codec/json_read.h"
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
    tg_builder_open(&d->build, object);
    d->firsts[d->reader.depth] = name_count(d);
}

static void on_key(struct decoder *d)
{
    struct tg_builder *b = &d->build;
    struct name *name = (struct name *)(void *)tg_buffer_reserve(d->names, sizeof(*name));

    name->key = tg_value_push_key(b->L, b->values, b->refs, d->reader.text);
    name->at = d->reader.token;
    d->names->len += sizeof(*name);
    b->top++;
}

/* Pushes a value that is neither array nor object. */
static void push(struct decoder *d, enum tg_json_event event)
{
    lua_State *L = d->build.L;

    if (event == TG_JSON_STRING)
        lua_pushlstring(L, d->reader.text.base, d->reader.text.len);
    else if (event == TG_JSON_NUMBER && d->reader.number.exact)
        lua_pushnumber(L, d->reader.number.value);
    else if (event == TG_JSON_NUMBER)
        tg_number_push(L, d->build.refs, d->reader.number.text);
    else if (event == TG_JSON_NULL)
        tg_null_push(L);
    else
        lua_pushboolean(L, event == TG_JSON_TRUE);
    d->build.top++;
}

static bool decode(struct decoder *d)
{
    for (;;) {
        tg_builder_room(&d->build);
        enum tg_json_event event = tg_json_next(&d->reader);
        switch (event) {
        case TG_JSON_OBJECT:
        case TG_JSON_ARRAY:
            on_open(d, event == TG_JSON_OBJECT);
            continue;
        case TG_JSON_KEY:
            on_key(d);
            continue;
        case TG_JSON_END:
            if (d->build.level->object && !check_names(d))
                return false;
            tg_builder_close(&d->build);
            break;
        case TG_JSON_STRING:
        case TG_JSON_NUMBER:
        case TG_JSON_TRUE:
        case TG_JSON_FALSE:
        case TG_JSON_NULL:
            push(d, event);
            break;
        case TG_JSON_DONE:
            return true;
        case TG_JSON_ERROR:
            return false;
        }
        if (d->reader.depth != 0)
            tg_builder_settle(&d->build);
    }
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
    d.names = &d.build.values->names;
    d.names->len = 0;
    tg_json_begin(&d.reader, text,
                  options->depth < TG_JSON_VALUE_DEPTH ? options->depth : TG_JSON_VALUE_DEPTH,
                  &d.build.values->text, error);
    bool good = decode(&d);
    if (good)
        lua_replace(L, top + 1);
    lua_settop(L, top + good);
    tg_values_rest(d.build.values);
    return good;
}
