#include "http/invalidate.h"

#include "http/list.h"

bool tg_invalidates(struct tg_text method, unsigned status)
{
    static const struct tg_text safe[] = {
        {"GET", 3},   {"HEAD", 4},   {"OPTIONS", 7},  {"TRACE", 5},
        {"QUERY", 5}, {"SEARCH", 6}, {"PROPFIND", 8}, {"REPORT", 6},
    };

    if (status < 200 || status > 399)
        return false;
    for (size_t i = 0; i < sizeof(safe) / sizeof(*safe); i++)
        if (tg_text_is(method, safe[i]))
            return false;
    return true;
}

static struct tg_text from(struct tg_text text, size_t n)
{
    return tg_text(text.base + n, text.len - n);
}

/* How many bytes stand before the first of the set, or all. */
static size_t until(struct tg_text text, const char *set)
{
    size_t n = 0;

    while (n < text.len && (text.base[n] == '\0' || strchr(set, text.base[n]) == NULL))
        n++;
    return n;
}

/* Without the port that the scheme has anyway. */
static struct tg_text without_port(struct tg_text authority, struct tg_text scheme)
{
    struct tg_text port =
        tg_text_is_nocase(scheme, TG_TEXT("https")) ? TG_TEXT(":443") : TG_TEXT(":80");

    if (authority.len != 0 && authority.base[authority.len - 1] == ':')
        authority.len--;
    if (authority.len > port.len && tg_text_is(from(authority, authority.len - port.len), port))
        authority.len -= port.len;
    return authority;
}

/* Takes `scheme:` and `//authority` away; false when they name another origin. */
static bool take_origin(const struct tg_target *target, struct tg_text *reference)
{
    size_t colon = until(*reference, ":/?#");
    bool has_scheme = colon < reference->len && reference->base[colon] == ':';

    if (has_scheme) {
        if (!tg_text_is_nocase(tg_text(reference->base, colon), target->scheme))
            return false;
        *reference = from(*reference, colon + 1);
    }
    if (reference->len < 2 || memcmp(reference->base, "//", 2) != 0)
        return !has_scheme;
    *reference = from(*reference, 2);
    struct tg_text authority = tg_text(reference->base, until(*reference, "/?#"));
    *reference = from(*reference, authority.len);
    if (reference->len == 0 || *reference->base != '/')
        *reference = tg_text("/", 1); /* `http://host?query` is hardly worth more */
    return tg_text_is_nocase(without_port(authority, target->scheme),
                             without_port(target->authority, target->scheme));
}

/* Takes away the last segment that was written, down to the root at `start`. */
static void drop_segment(struct tg_buffer *out, size_t start)
{
    while (out->len > start && out->base[--out->len] != '/')
        ;
}

/* RFC 3986, 5.2.4, for a path that begins with a slash. */
static void put_path(struct tg_buffer *out, size_t start, struct tg_text path)
{
    while (path.len != 0) {
        struct tg_text segment = from(path, 1);
        segment.len = until(segment, "/");
        path = from(path, 1 + segment.len);
        bool last = path.len == 0;
        if (tg_text_is(segment, TG_TEXT("..")))
            drop_segment(out, start);
        else if (!tg_text_is(segment, TG_TEXT("."))) {
            tg_buffer_put(out, '/');
            tg_buffer_append(out, segment.base, segment.len);
            continue;
        }
        if (last)
            tg_buffer_put(out, '/');
    }
}

bool tg_target_resolve(const struct tg_target *target, struct tg_text reference,
                       struct tg_buffer *out)
{
    size_t start = out->len;
    struct tg_text base = target->path;

    reference = tg_list_trim(reference);
    reference.len = until(reference, "#");
    if (base.len == 0 || *base.base != '/' || !take_origin(target, &reference))
        return false;

    struct tg_text path = tg_text(reference.base, until(reference, "?"));
    struct tg_text query = from(reference, path.len);
    base.len = until(base, "?");
    if (path.len == 0) {
        put_path(out, start, base);
        if (query.len == 0)
            query = from(target->path, base.len);
    } else if (*path.base == '/') {
        put_path(out, start, path);
    } else {
        struct tg_buffer joined = {0};
        while (base.base[base.len - 1] != '/')
            base.len--;
        tg_buffer_append(&joined, base.base, base.len);
        tg_buffer_append(&joined, path.base, path.len);
        put_path(out, start, tg_text(joined.base, joined.len));
        tg_buffer_dispose(&joined);
    }
    tg_buffer_append(out, query.base, query.len);
    if (out->full)
        out->len = start;
    return !out->full;
}
