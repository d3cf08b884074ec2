/* JSON around the records of json_records.h: what is open, and by which keys. */
#include <stdio.h>

#include "codec/json_read.h"
#include "codec/json_records_parts.h"
#include "codec/place.h"

static struct tg_json_records_level *innermost(const struct tg_json_records *r)
{
    size_t n = r->levels.len / sizeof(struct tg_json_records_level);

    return n != 0 ? (struct tg_json_records_level *)(void *)r->levels.base + n - 1 : NULL;
}

bool tg_json_records_fail_unexpected(struct tg_json_records *r)
{
    const struct tg_json_records_level *level = innermost(r);

    if (r->state == AT_COLON)
        return tg_json_records_fail(r, "expected \":\"");
    if (tg_json_records_want_key(r))
        return tg_json_records_fail(r, "expected a key");
    if (tg_json_records_want_value(r))
        return tg_json_records_fail(r, "expected a value");
    if (level == NULL)
        return tg_json_records_fail(r, "text behind the value");
    return tg_json_records_fail(r, level->object ? "expected \",\" or \"}\""
                                                 : "expected \",\" or \"]\"");
}

static bool open_level(struct tg_json_records *r, bool object)
{
    struct tg_json_records_level level = {.object = object, .names = r->names.len};
    char reason[64];

    if (r->levels.len / sizeof(level) == r->most_depth) {
        snprintf(reason, sizeof(reason), "more than %zu levels (limit depth)", r->most_depth);
        tg_json_records_fail(r, reason);
        r->error->limit = "depth";
        return false;
    }
    tg_buffer_append(&r->levels, &level, sizeof(level));
    r->state = object ? AT_FIRST_KEY : AT_FIRST_ITEM;
    return true;
}

static bool close_level(struct tg_json_records *r, bool object)
{
    const struct tg_json_records_level *level = innermost(r);

    if (level == NULL || level->object != object ||
        (r->state != AFTER_VALUE && r->state != (object ? AT_FIRST_KEY : AT_FIRST_ITEM)))
        return tg_json_records_fail_unexpected(r);
    r->names.len = level->names;
    r->levels.len -= sizeof(*level);
    r->state = AFTER_VALUE;
    return true;
}

bool tg_json_records_mark(struct tg_json_records *r, char c)
{
    const struct tg_json_records_level *level = innermost(r);

    if (tg_json_records_open(c) && tg_json_records_want_value(r))
        return open_level(r, c == '{');
    if (tg_json_records_close(c))
        return close_level(r, c == '}');
    if (c == ':' && r->state == AT_COLON)
        r->state = AT_VALUE;
    else if (c == ',' && r->state == AFTER_VALUE && level != NULL)
        r->state = level->object ? AT_KEY : AT_VALUE;
    else
        return tg_json_records_fail_unexpected(r);
    return true;
}

/* A slash in a key is no step of a path: it becomes a byte that no path has. */
static void add_name(struct tg_json_records *r, struct tg_text key)
{
    r->names.len = innermost(r)->names;
    tg_buffer_put(&r->names, '/');
    for (size_t i = 0; i < key.len; i++)
        tg_buffer_put(&r->names, key.base[i] == '/' ? '\xff' : key.base[i]);
}

bool tg_json_records_key(struct tg_json_records *r, struct tg_text token)
{
    struct tg_json_reader reader;

    tg_json_begin(&reader, token, 0, &r->scratch, r->error);
    if (tg_json_next(&reader) == TG_JSON_ERROR) {
        tg_place_move(r->error, r->line, r->column);
        return false;
    }
    if (reader.text.len > r->most_key)
        return tg_json_records_fail_limit(r, "a key", r->most_key, "key");
    add_name(r, reader.text);
    r->key.len = 0;
    tg_buffer_append(&r->key, token.base, token.len);
    r->state = AT_COLON;
    return true;
}

bool tg_json_records_match(const struct tg_json_records *r)
{
    struct tg_text names = tg_text(r->names.base, r->names.len), path = r->path;

    if (path.len > 1 && path.base[1] == '/') {
        path = tg_text(path.base + 1, path.len - 1);
        if (names.len > path.len)
            names = tg_text(names.base + names.len - path.len, path.len);
    }
    return tg_text_is(names, path);
}
