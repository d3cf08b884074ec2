#include "store/cache_url.h"

#include <stdlib.h>
#include <strings.h>

#include <h2o.h>

#include "http/path.h"
#include "http/query.h"

enum { PAIRS = 64 };

/* ---- queries */

static int compare(struct tg_text a, struct tg_text b)
{
    int order = memcmp(a.base, b.base, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* By name; values of one name stay in their order. */
static void sort(struct tg_query_pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && compare(pairs[k].name, pairs[k - 1].name) < 0; k--) {
            struct tg_query_pair pair = pairs[k];
            pairs[k] = pairs[k - 1];
            pairs[k - 1] = pair;
        }
}

void tg_cache_url_query(struct tg_text query, struct tg_buffer *out)
{
    struct tg_query_pair pairs[PAIRS];
    struct tg_text rest = query;
    size_t count = 0;

    while (count < PAIRS && tg_query_next(&rest, &pairs[count]))
        count++;
    if (count == PAIRS) {
        tg_buffer_append(out, query.base, query.len);
        return;
    }
    sort(pairs, count);
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            tg_buffer_put(out, '&');
        tg_query_normalise(out, pairs[i].name);
        tg_buffer_put(out, '=');
        tg_query_normalise(out, pairs[i].value);
    }
}

/* ---- purges by URL */

static uint64_t tag_of(struct tg_cache *cache, struct tg_text host, struct tg_text path,
                       const struct tg_buffer *query)
{
    struct tg_buffer text = {.limit = 0};

    tg_buffer_append(&text, "url ", 4);
    tg_buffer_append(&text, host.base, host.len);
    tg_buffer_append(&text, path.base, path.len);
    if (query != NULL) {
        tg_buffer_put(&text, '?');
        tg_buffer_append(&text, query->base, query->len);
    }
    uint64_t tag = tg_cache_tag_hash(cache, tg_text(text.base, text.len));
    tg_buffer_dispose(&text);
    return tag;
}

void tg_cache_url_tags(struct tg_cache *cache, struct tg_text host, struct tg_text path,
                       struct tg_text query, uint64_t tags[TG_CACHE_URL_TAGS])
{
    struct tg_text anywhere = {"", 0};
    struct tg_buffer normal = {.limit = 0};

    tg_cache_url_query(query, &normal);
    tags[0] = tag_of(cache, anywhere, path, NULL);
    tags[1] = tag_of(cache, anywhere, path, &normal);
    tags[2] = tag_of(cache, host, path, NULL);
    tags[3] = tag_of(cache, host, path, &normal);
    tg_buffer_dispose(&normal);
}

static struct tg_text after_scheme(struct tg_text url)
{
    if (url.len > 8 && strncasecmp(url.base, "https://", 8) == 0)
        return tg_text(url.base + 8, url.len - 8);
    if (url.len > 7 && strncasecmp(url.base, "http://", 7) == 0)
        return tg_text(url.base + 7, url.len - 7);
    return url;
}

const char *tg_cache_url_purge(struct tg_cache *cache, struct tg_text url, bool soft)
{
    struct tg_text rest = after_scheme(url), none = {"", 0};
    const char *slash = memchr(rest.base, '/', rest.len);
    struct tg_path path;

    if (slash == NULL || (slash != rest.base && rest.base == url.base))
        return "a URL is '/path' or 'http://host/path'";
    struct tg_text host = tg_text(rest.base, (size_t)(slash - rest.base));
    struct tg_text target = tg_text(slash, rest.len - host.len);
    const char *mark = memchr(target.base, '?', target.len);
    size_t len = mark != NULL ? (size_t)(mark - target.base) : target.len;
    char *space = h2o_mem_alloc(TG_PATH_SPACE(len));
    const char *wrong = tg_path_parse(tg_text(target.base, len), space, &path);
    if (wrong == NULL) {
        uint64_t tags[TG_CACHE_URL_TAGS];
        struct tg_text query = mark != NULL ? tg_text(mark + 1, target.len - len - 1) : none;
        tg_cache_url_tags(cache, host, path.normal, query, tags);
        tg_cache_purge_hash(cache, tags[(host.len != 0 ? 2 : 0) + (mark != NULL ? 1 : 0)], soft);
    }
    free(space);
    return wrong;
}
