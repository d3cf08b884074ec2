#include "http/query.h"

#include <assert.h>
#include <stdlib.h>

#include "http/escape.h"

static struct tg_text take_until(struct tg_text *rest, char separator)
{
    const char *end = rest->len != 0 ? memchr(rest->base, separator, rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->base) : rest->len;
    struct tg_text taken = {rest->base, len};
    size_t used = len + (end != NULL);

    if (used != 0)
        *rest = tg_text(rest->base + used, rest->len - used);
    return taken;
}

bool tg_query_next(struct tg_text *rest, struct tg_query_pair *pair)
{
    while (rest->len != 0) {
        pair->value = take_until(rest, '&');
        if (pair->value.len == 0)
            continue;
        pair->name = take_until(&pair->value, '=');
        return true;
    }
    return false;
}

size_t tg_query_decode(struct tg_text raw, char *out)
{
    return tg_escape_decode(raw, out, true);
}

void tg_query_encode(struct tg_buffer *out, struct tg_text text)
{
    tg_escape_encode(out, text, TG_CHAR_UNRESERVED);
}

void tg_query_normalise(struct tg_buffer *out, struct tg_text raw)
{
    char few[256], *plain = raw.len <= sizeof(few) ? few : malloc(raw.len);

    assert(plain != NULL);
    tg_query_encode(out, tg_text(plain, tg_query_decode(raw, plain)));
    if (plain != few)
        free(plain);
}
