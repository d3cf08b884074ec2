#include "gate/cache_key.h"

#include "codec/json_pointer.h"
#include "codec/xml_document.h"
#include "http/cookie.h"
#include "http/query.h"
#include "http/vary.h"
#include "store/cache_url.h"

enum { XML_MEMORY = 16 * 1024 * 1024 };

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

/* ---- the parts of a key; each writes what stands there, or gives false when nothing does */

static bool put_param(struct tg_buffer *out, struct tg_text query, struct tg_text name)
{
    struct tg_query_pair pair;
    bool found = false;

    while (tg_query_next(&query, &pair)) {
        char *plain = h2o_mem_alloc(pair.name.len + 1);
        if (tg_text_is(tg_text(plain, tg_query_decode(pair.name, plain)), name)) {
            tg_query_normalise(out, pair.value);
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
        tg_cache_url_query(text_of(request->query), out);
        return true;
    case TG_KEY_TARGET:
        tg_buffer_append(out, request->query.base, request->query.len);
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

/* Fields by which backends are known to change host, path or method of a request behind our back.
 */
static bool steers(struct tg_text name)
{
    static const struct tg_text names[] = {
        {"x-forwarded-host", 16},     {"x-forwarded-proto", 17},
        {"x-forwarded-port", 16},     {"x-forwarded-scheme", 18},
        {"x-forwarded-server", 18},   {"x-forwarded-prefix", 18},
        {"x-forwarded-ssl", 15},      {"x-forwarded-path", 16},
        {"x-forwarded-uri", 15},      {"x-host", 6},
        {"x-original-host", 15},      {"x-original-url", 14},
        {"x-original-uri", 14},       {"x-rewrite-url", 13},
        {"x-http-host-override", 20}, {"x-http-method-override", 22},
        {"x-http-method", 13},        {"x-method-override", 17},
        {"x-proxy-url", 11},
    };

    if (name.len < 6 || (name.base[0] | 0x20) != 'x' || name.base[1] != '-')
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (tg_text_is_nocase(name, names[i]))
            return true;
    return false;
}

/* Nobody shall get what another has made of his request by these. */
static void put_steering(struct tg_buffer *out, const struct tg_request *request)
{
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct tg_field *field = &request->fields.list[i];
        if (!steers(text_of(field->name)))
            continue;
        uint32_t len = (uint32_t)field->value.len;
        tg_buffer_append(out, field->name.base, field->name.len);
        tg_buffer_append(out, &len, sizeof(len));
        tg_buffer_append(out, field->value.base, field->value.len);
    }
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
    put_steering(out, request);
    if (request->body.len != 0 && !policy->keys_body)
        return write_part(out, request, &body);
    return !out->full;
}
