/* A request's head and a response's, as a shared cache reads them. Fields stand on lines, an empty
 * line ends the first head. */
#include <assert.h>
#include <stdint.h>

#include "http/cache_store.h"
#include "http/cache_use.h"
#include "http/freshen.h"
#include "http/range.h"
#include "http/vary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 64 };

static const int64_t now = 784111777;

static struct tg_text take_line(struct tg_text *rest)
{
    const char *end = memchr(rest->base, '\n', rest->len);
    struct tg_text line = {rest->base, end != NULL ? (size_t)(end - rest->base) : rest->len};
    size_t used = line.len + (end != NULL);

    *rest = tg_text(rest->base + used, rest->len - used);
    return line;
}

static struct tg_headers take_head(struct tg_text *rest, struct tg_header *list)
{
    struct tg_headers headers = {list, 0};

    while (rest->len != 0 && headers.count < FIELDS) {
        struct tg_text line = take_line(rest);
        const char *colon = line.len != 0 ? memchr(line.base, ':', line.len) : NULL;
        if (line.len == 0)
            break;
        if (colon == NULL)
            continue;
        size_t name = (size_t)(colon - line.base);
        list[headers.count++] =
            (struct tg_header){tg_text(line.base, name), tg_text(colon + 1, line.len - name - 1)};
    }
    return headers;
}

/* What is fresh is younger than its lifetime; what is served stale was allowed to be. */
static void check_use(const struct tg_cache_rules *rules, struct tg_headers request)
{
    const struct tg_cache_request asked = tg_cache_request_read(request), nothing = {{0}, 0};

    for (int64_t at = now * 1000; at < (now + 4000) * 1000; at += 999999) {
        enum tg_cache_use use = tg_cache_use(rules, &nothing, at);
        bool fresh = tg_cache_is_fresh(rules, at);
        assert(use == TG_CACHE_SERVE ? fresh : !fresh || (rules->flags & TG_RULE_VALIDATE) != 0);
        assert(use != TG_CACHE_SERVE_REFRESH || at < tg_cache_useful_until_ms(rules));
        assert((tg_cache_ttl(rules, at) > 0) == fresh);
        tg_cache_use(rules, &asked, at);
        tg_cache_use_on_error(rules, &asked, 60, at);
    }
}

/* A key is the same when the names are read again from their normal form. */
static void check_vary(struct tg_headers request, struct tg_headers response)
{
    struct tg_buffer names = {0}, again = {0}, key = {0};

    if (tg_vary_read(response, &names) == TG_VARY_FIELDS) {
        struct tg_header vary = {TG_TEXT("vary"), {names.base, names.len}};
        assert(tg_vary_read((struct tg_headers){&vary, 1}, &again) == TG_VARY_FIELDS);
        assert(tg_text_is(tg_text(again.base, again.len), vary.value));
        tg_vary_key(vary.value, request, &key);
        assert(key.base[key.len - 1] == '\n');
    }
    tg_buffer_dispose(&names);
    tg_buffer_dispose(&again);
    tg_buffer_dispose(&key);
}

static void check_conditions(struct tg_headers request, const struct tg_cache_rules *rules,
                             struct tg_headers response)
{
    const struct tg_header *etag = tg_headers_first(response, TG_TEXT("etag"));
    struct tg_validators validators = {.etag = etag != NULL ? etag->value : tg_text("", 0),
                                       .last_modified = rules->last_modified,
                                       .date = rules->date};
    struct tg_range range;

    assert(tg_condition_check(TG_TEXT("GET"), request, &validators, TG_CONDITION_CACHE, now) !=
           TG_CONDITION_FAILED);
    tg_condition_check(TG_TEXT("PUT"), request, &validators, TG_CONDITION_ORIGIN, now);
    if (tg_range_answer(request, &validators, 1000, now, &range) == TG_RANGE_PART)
        assert(range.first <= range.last && range.last < 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_header fields[2][FIELDS], merged[2 * FIELDS];
    struct tg_text rest = {(const char *)data, size};
    struct tg_headers request = take_head(&rest, fields[0]);
    struct tg_headers response = take_head(&rest, fields[1]);
    struct tg_cache_candidate candidate = {
        .method = TG_TEXT("GET"),
        .request = request,
        .status = 200,
        .response = response,
        .complete = true,
        .request_ms = now * 1000,
        .response_ms = now * 1000,
    };
    struct tg_cache_rules rules;

    check_vary(request, response);
    if (tg_cache_refuses(&candidate, &rules) == NULL) {
        check_use(&rules, request);
        check_conditions(request, &rules, response);
    }
    tg_freshen_is_for(response, request, now);
    tg_freshen_is_for_head(response, 1000, request, now);
    assert(tg_freshen_merge(response, request, merged) <= request.count + response.count);
    return 0;
}
