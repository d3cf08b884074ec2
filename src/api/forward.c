#include "api/forward.h"

#include "http/hop.h"

enum { OWN_FIELDS = 5 }; /* that we add to a request */

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static bool is(const struct tg_field *field, struct tg_text name)
{
    return tg_text_is_nocase(text_of(field->name), name);
}

/* Whether one of the Connection fields names the field. */
static bool is_named(struct tg_fields fields, const struct tg_field *field)
{
    for (size_t i = 0; i < fields.count; i++)
        if (is(&fields.list[i], TG_TEXT("connection")) &&
            tg_hop_names(text_of(fields.list[i].value), text_of(field->name)))
            return true;
    return false;
}

/* Whether any Connection field says more than keep-alive or close. */
static bool has_names(struct tg_fields fields)
{
    for (size_t i = 0; i < fields.count; i++)
        if (is(&fields.list[i], TG_TEXT("connection")) &&
            !tg_text_is_nocase(text_of(fields.list[i].value), TG_TEXT("keep-alive")) &&
            !tg_text_is_nocase(text_of(fields.list[i].value), TG_TEXT("close")))
            return true;
    return false;
}

static struct tg_field make_field(const char *name, h2o_iovec_t value)
{
    return (struct tg_field){h2o_iovec_init(name, strlen(name)), value};
}

/* `own` behind all values that the fields have under the name. */
static h2o_iovec_t append_to(h2o_mem_pool_t *pool, struct tg_fields fields, struct tg_text name,
                             h2o_iovec_t own)
{
    size_t size = own.len, n = 0;

    for (size_t i = 0; i < fields.count; i++)
        if (is(&fields.list[i], name))
            size += fields.list[i].value.len + 2;
    if (size == own.len)
        return own;
    char *joined = h2o_mem_alloc_pool(pool, size);
    for (size_t i = 0; i < fields.count; i++) {
        if (!is(&fields.list[i], name))
            continue;
        memcpy(joined + n, fields.list[i].value.base, fields.list[i].value.len);
        n += fields.list[i].value.len;
        joined[n++] = ',';
        joined[n++] = ' ';
    }
    memcpy(joined + n, own.base, own.len);
    return h2o_iovec_init(joined, size);
}

/* ---- requests */

/* Programs that get fields as variables take `_` for `-`: what is written so must not pass for what
 * we say ourselves. */
static bool is_like(const struct tg_field *field, struct tg_text name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = field->name.base[i];
        if (h2o_tolower(c == '_' ? '-' : c) != name.base[i])
            return false;
    }
    return true;
}

static bool is_ours(const struct tg_field *field)
{
    switch (field->name.len) {
    case 3:
        return is(field, TG_TEXT("via"));
    case 4:
        return is(field, TG_TEXT("host"));
    case 6:
        return is(field, TG_TEXT("expect"));
    case 9:
        return is(field, TG_TEXT("forwarded"));
    case 15:
        return is_like(field, TG_TEXT("x-forwarded-for"));
    case 16:
        return is_like(field, TG_TEXT("x-forwarded-host"));
    case 17:
        return is_like(field, TG_TEXT("x-forwarded-proto"));
    default:
        return false;
    }
}

static char *put(char *to, struct tg_text text)
{
    memcpy(to, text.base, text.len);
    return to + text.len;
}

/* This hop as an item of the Forwarded field (RFC 7239). */
static h2o_iovec_t write_hop(struct tg_request *request)
{
    struct tg_text peer = tg_text_of(request->peer_address);
    bool v6 = memchr(peer.base, ':', peer.len) != NULL;
    size_t size = peer.len + request->authority.len + request->scheme.len + 32;
    char *text = h2o_mem_alloc_pool(&request->run.pool, size), *end = text;

    end = put(end, v6 ? TG_TEXT("for=\"[") : TG_TEXT("for="));
    end = put(end, peer);
    end = put(end, v6 ? TG_TEXT("]\"") : TG_TEXT(""));
    if (request->authority.len != 0) {
        end = put(end, TG_TEXT(";host=\""));
        end = put(end, text_of(request->authority));
        end = put(end, TG_TEXT("\""));
    }
    end = put(end, TG_TEXT(";proto="));
    end = put(end, text_of(request->scheme));
    return h2o_iovec_init(text, (size_t)(end - text));
}

/* What a trusted peer says of the client's side, else what we see ourselves. */
static h2o_iovec_t believe(struct tg_request *request, struct tg_text name, h2o_iovec_t own)
{
    const struct tg_field *field =
        request->peer_trusted ? tg_fields_find(request->fields, name) : NULL;

    return field != NULL ? field->value : own;
}

static size_t add_own_fields(struct tg_request *request, struct tg_field *list)
{
    h2o_mem_pool_t *pool = &request->run.pool;
    struct tg_fields none = {NULL, 0}, told = request->peer_trusted ? request->fields : none;
    h2o_iovec_t peer = h2o_iovec_init(request->peer_address, strlen(request->peer_address));
    h2o_iovec_t via = request->version == 0x100 ? h2o_iovec_init(H2O_STRLIT("1.0 tidegate"))
                                                : h2o_iovec_init(H2O_STRLIT("1.1 tidegate"));
    h2o_iovec_t host = believe(request, TG_TEXT("x-forwarded-host"), request->authority);
    size_t n = 0;

    list[n++] = make_field("Via", append_to(pool, request->fields, TG_TEXT("via"), via));
    list[n++] =
        make_field("X-Forwarded-For", append_to(pool, told, TG_TEXT("x-forwarded-for"), peer));
    list[n++] = make_field("X-Forwarded-Proto",
                           believe(request, TG_TEXT("x-forwarded-proto"), request->scheme));
    if (host.len != 0)
        list[n++] = make_field("X-Forwarded-Host", host);
    list[n++] =
        make_field("Forwarded", append_to(pool, told, TG_TEXT("forwarded"), write_hop(request)));
    return n;
}

void tg_forward_request(struct tg_request *request, bool clients_host, size_t room,
                        struct tg_call *call)
{
    struct tg_fields from = request->fields;
    struct tg_field *list =
        h2o_mem_alloc_pool(&request->run.pool, (from.count + OWN_FIELDS + room) * sizeof(*list));
    bool named = has_names(from);
    size_t n = 0;

    request->find_client(request);
    for (size_t i = 0; i < from.count; i++)
        if (!tg_hop_is(text_of(from.list[i].name)) && !is_ours(&from.list[i]) &&
            (!named || !is_named(from, &from.list[i])))
            list[n++] = from.list[i];
    n += add_own_fields(request, list + n);
    call->method = request->method;
    call->fields = list;
    call->field_count = n;
    call->fields_fit = true; /* the head of the request has been read strictly */
    if (clients_host)
        call->host = request->authority;
    call->body = request->body;
    call->has_body = request->has_body;
}

/* Nearly always the target came as it goes: then the query stands behind it already. */
h2o_iovec_t tg_forward_target(struct tg_request *request)
{
    h2o_iovec_t path = request->path, raw = request->raw_path, query = request->query;

    if (query.len == 0)
        return path;
    if (h2o_memis(raw.base, raw.len, path.base, path.len) && raw.base + raw.len + 1 == query.base)
        return h2o_iovec_init(raw.base, raw.len + 1 + query.len);
    char *target = h2o_mem_alloc_pool(&request->run.pool, path.len + 1 + query.len);
    memcpy(target, path.base, path.len);
    target[path.len] = '?';
    memcpy(target + path.len + 1, query.base, query.len);
    return h2o_iovec_init(target, path.len + 1 + query.len);
}

/* ---- responses */

struct tg_fields tg_forward_response(h2o_mem_pool_t *pool, struct tg_fields received)
{
    struct tg_field *list = h2o_mem_alloc_pool(pool, (received.count + 1) * sizeof(*list));
    h2o_iovec_t via = h2o_iovec_init(H2O_STRLIT("1.1 tidegate"));
    bool named = has_names(received);
    size_t n = 0;

    for (size_t i = 0; i < received.count; i++) {
        const struct tg_field *field = &received.list[i];
        if (tg_hop_is(text_of(field->name)) || is(field, TG_TEXT("via")) ||
            (named && is_named(received, field)))
            continue;
        list[n++] = *field;
    }
    list[n++] = make_field("Via", append_to(pool, received, TG_TEXT("via"), via));
    return (struct tg_fields){list, n};
}
