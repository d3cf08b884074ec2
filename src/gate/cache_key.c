#include "gate/cache_key.h"

#include "codec/json_pointer.h"
#include "codec/xml_document.h"
#include "http/cookie.h"
#include "http/path.h"
#include "http/query.h"
#include "http/vary.h"

enum { PAIRS = 64, XML_MEMORY = 16 * 1024 * 1024 };

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

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

static void put_normal(struct tg_buffer *out, struct tg_text raw)
{
    char few[256], *plain = raw.len <= sizeof(few) ? few : h2o_mem_alloc(raw.len);
    size_t len = tg_query_decode(raw, plain);

    tg_query_encode(out, tg_text(plain, len));
    if (plain != few)
        free(plain);
}

void tg_cache_key_query(struct tg_text query, struct tg_buffer *out)
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
        put_normal(out, pairs[i].name);
        tg_buffer_put(out, '=');
        put_normal(out, pairs[i].value);
    }
}

/* ---- the parts of a key; each writes what stands there, or gives false when nothing does */

static bool put_param(struct tg_buffer *out, struct tg_text query, struct tg_text name)
{
    struct tg_query_pair pair;
    bool found = false;

    while (tg_query_next(&query, &pair)) {
        char *plain = h2o_mem_alloc(pair.name.len + 1);
        if (tg_text_is(tg_text(plain, tg_query_decode(pair.name, plain)), name)) {
            put_normal(out, pair.value);
            tg_buffer_put(out, '&');
            found = true;
        }
        free(plain);
    }
    return found;
}

static bool put_header(struct tg_buffer *out, const struct tg_request *request, struct tg_text name)
{
    struct tg_headers headers = {(const struct tg_header *)request->fields.list,
                                 request->fields.count};

    if (tg_headers_first(headers, name) == NULL)
        return false;
    tg_vary_key(name, headers, out);
    return true;
}

static bool put_cookie(struct tg_buffer *out, const struct tg_request *request, struct tg_text name)
{
    for (size_t i = 0; i < request->fields.count; i++) {
        struct tg_text rest = text_of(request->fields.list[i].value);
        struct tg_cookie cookie;
        if (!tg_text_is_nocase(text_of(request->fields.list[i].name), TG_TEXT("cookie")))
            continue;
        while (tg_cookie_next(&rest, &cookie))
            if (tg_text_is(cookie.name, name)) {
                tg_buffer_append(out, cookie.value.base, cookie.value.len);
                return true;
            }
    }
    return false;
}

/* False: the body is not well-formed, or the expression finds no text in it. */
static bool put_xpath(struct tg_buffer *out, struct tg_text body, struct tg_text expression)
{
    struct tg_parse_error error;
    struct tg_xml_options options = {0};
    struct tg_xpath_result result;
    struct tg_xml *scanner = tg_xml_create();
    struct tg_xpath *xpath = tg_xpath_create(expression, &error);
    struct tg_document *document = tg_document_create(scanner, body, &options, XML_MEMORY, &error);
    bool well = xpath != NULL && document != NULL &&
                tg_document_evaluate(document, NULL, xpath, NULL, 0, &result, &error);

    if (well && result.kind == TG_XPATH_NODES) {
        well = result.count != 0;
        for (size_t i = 0; i < result.count && well; i++)
            well = tg_node_text(result.nodes[i], out) && tg_buffer_put(out, '\0');
    } else if (well && result.kind == TG_XPATH_STRING) {
        tg_buffer_append(out, result.string.base, result.string.len);
    } else if (well) {
        tg_buffer_printf(out, "%.17g %d", result.number, result.boolean);
    }
    if (document != NULL)
        tg_document_destroy(document);
    if (xpath != NULL)
        tg_xpath_destroy(xpath);
    tg_xml_destroy(scanner);
    return well;
}

static void put_digest(struct tg_buffer *out, struct tg_text text)
{
    uint8_t digest[TG_DIGEST_MAX];

    tg_buffer_append(out, digest, tg_crypto_digest(TG_SHA256, text, digest));
}

/* False: without this part there is no key. */
static bool put_part(struct tg_buffer *out, const struct tg_request *request,
                     const struct tg_key_part *part, bool *found)
{
    *found = true;
    switch (part->kind) {
    case TG_KEY_PATH:
        tg_buffer_append(out, request->path.base, request->path.len);
        return true;
    case TG_KEY_HOST:
        tg_buffer_append(out, request->authority.base, request->authority.len);
        return true;
    case TG_KEY_QUERY:
        tg_cache_key_query(text_of(request->query), out);
        return true;
    case TG_KEY_PARAM:
        *found = put_param(out, text_of(request->query), part->name);
        return true;
    case TG_KEY_HEADER:
        *found = put_header(out, request, part->name);
        return true;
    case TG_KEY_COOKIE:
        *found = put_cookie(out, request, part->name);
        return true;
    case TG_KEY_BODY:
        put_digest(out, text_of(request->body));
        return true;
    case TG_KEY_POINTER:
        return tg_json_pointer(text_of(request->body), part->name, out);
    case TG_KEY_XPATH:
        return put_xpath(out, text_of(request->body), part->name);
    }
    return false;
}

/* Each part with its length in front, so that none can run into the next. */
static bool write_part(struct tg_buffer *out, const struct tg_request *request,
                       const struct tg_key_part *part)
{
    uint32_t len = 0;
    size_t at = out->len;
    bool found;

    tg_buffer_append(out, &len, sizeof(len));
    if (!put_part(out, request, part, &found) || out->full)
        return false;
    len = found ? (uint32_t)(out->len - at - sizeof(len)) : UINT32_MAX;
    memcpy(out->base + at, &len, sizeof(len));
    return true;
}

/* HEAD is answered by what GET was. */
static struct tg_text method_of(const struct tg_request *request)
{
    struct tg_text method = text_of(request->method);

    return tg_text_is(method, TG_TEXT("HEAD")) ? TG_TEXT("GET") : method;
}

bool tg_cache_key_write(struct tg_inbound *inbound, const struct tg_cache_policy *policy,
                        struct tg_buffer *out)
{
    static const struct tg_key_part body = {TG_KEY_BODY, {NULL, 0}};
    const struct tg_request *request = &inbound->request;
    struct tg_text method = method_of(request);
    const struct tg_edition *edition = inbound->generation->edition;

    tg_buffer_append(out, edition->prints[inbound->route->index], 8);
    tg_buffer_append(out, method.base, method.len);
    tg_buffer_put(out, ' ');
    for (size_t i = 0; i < policy->part_count; i++)
        if (!write_part(out, request, &policy->parts[i]))
            return false;
    if (request->body.len != 0 && !policy->keys_body)
        return write_part(out, request, &body);
    return !out->full;
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
    uint64_t tag = tg_cache_hash(cache, tg_text(text.base, text.len));
    tg_buffer_dispose(&text);
    return tag;
}

void tg_cache_key_url_tags(struct tg_cache *cache, struct tg_text host, struct tg_text path,
                           struct tg_text query, uint64_t tags[TG_CACHE_URL_TAGS])
{
    struct tg_text anywhere = {"", 0};
    struct tg_buffer normal = {.limit = 0};

    tg_cache_key_query(query, &normal);
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

const char *tg_cache_key_purge(struct tg_cache *cache, struct tg_text url, bool soft)
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
        tg_cache_key_url_tags(cache, host, path.normal, query, tags);
        tg_cache_purge_hash(cache, tags[(host.len != 0 ? 2 : 0) + (mark != NULL ? 1 : 0)], soft);
    }
    free(space);
    return wrong;
}
