#include "gate/responder.h"

#include "api/response.h"
#include "http/status.h"

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

/* h2o keeps a copy of the head for its own log, unless it seems to have one. */
void tg_respond_start(h2o_req_t *req, h2o_generator_t *generator)
{
    req->res.original.status = req->res.status;
    h2o_start_response(req, generator);
}

static void send_all(h2o_req_t *req, h2o_iovec_t body)
{
    static h2o_generator_t whole = {NULL, NULL};

    tg_respond_start(req, &whole);
    h2o_send(req, &body, body.len != 0 ? 1 : 0, H2O_SEND_STATE_FINAL);
}

static bool is_to_head(const h2o_req_t *req)
{
    return h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
}

void tg_respond_status(h2o_req_t *req, int status)
{
    req->res.status = status;
    req->res.reason = tg_status_reason(status);
}

void tg_respond_bytes(h2o_req_t *req, h2o_iovec_t body)
{
    static const h2o_iovec_t nothing = {NULL, 0};
    bool none = has_no_body(req->res.status);

    req->res.content_length = none ? SIZE_MAX : body.len;
    send_all(req, is_to_head(req) || none ? nothing : body);
}

/* h2o writes the Date of now, unless it stands behind the reason: see seam_sprintf.c. */
void tg_respond_date(h2o_req_t *req, h2o_iovec_t date)
{
    static const char between[] = "\r\nDate: ";
    size_t len = strlen(req->res.reason), before = len + sizeof(between) - 1;

    if (date.len != H2O_TIMESTR_RFC1123_LEN)
        return;
    char *text = h2o_mem_alloc_pool(&req->pool, before + date.len + 1);
    memcpy(text, req->res.reason, len);
    memcpy(text + len, between, sizeof(between) - 1);
    memcpy(text + before, date.base, date.len);
    text[before + date.len] = '\0';
    req->res.reason = text;
}

/* h2o looks for the one when it writes the head, and gate/recorder.c for the other. */
static const h2o_token_t *token_of(struct tg_text name)
{
    return tg_text_is(name, TG_TEXT("vary"))           ? H2O_TOKEN_VARY
           : tg_text_is(name, TG_TEXT("content-type")) ? H2O_TOKEN_CONTENT_TYPE
                                                       : NULL;
}

/* The fields stay in place until the head is written, and `more` may follow. */
static void add_fields(h2o_req_t *req, struct tg_fields fields, size_t more)
{
    h2o_headers_t *headers = &req->res.headers;

    h2o_vector_reserve(&req->pool, headers, headers->size + fields.count + more);
    for (size_t i = 0; i < fields.count; i++) {
        const struct tg_field *field = &fields.list[i];
        const h2o_token_t *token = token_of(tg_text(field->name.base, field->name.len));
        if (field->name.len == 4 && h2o_lcstris(field->name.base, 4, H2O_STRLIT("date")))
            tg_respond_date(req, field->value);
        else
            headers->entries[headers->size++] = (h2o_header_t){
                .name = (h2o_iovec_t *)(token != NULL ? &token->buf : &field->name),
                .value = field->value,
            };
    }
}

bool tg_respond_has_body(const h2o_req_t *req, int status)
{
    return !is_to_head(req) && !has_no_body(status);
}

void tg_respond_head(h2o_req_t *req, const struct tg_response *response)
{
    tg_respond_status(req, response->status);
    add_fields(req, response->fields, 1);
    req->res.content_length = response->length_known ? (size_t)response->length : SIZE_MAX;
}

void tg_respond(h2o_req_t *req, const struct tg_response *response)
{
    tg_respond_status(req, response->status);
    add_fields(req, response->fields, 0);
    tg_respond_bytes(req, response->body);
}

void tg_respond_passed(h2o_req_t *req, const struct tg_response *response)
{
    static const h2o_iovec_t nothing = {NULL, 0};
    bool has_body = tg_respond_has_body(req, response->status);

    tg_respond_head(req, response);
    if (has_body)
        req->res.content_length = response->body.len;
    send_all(req, has_body ? response->body : nothing);
}

void tg_respond_problem(h2o_req_t *req, int status, struct tg_text detail, struct tg_text code,
                        struct tg_text id, struct tg_text allow)
{
    struct tg_text none = {NULL, 0};
    struct tg_buffer out = {.limit = 65536};

    tg_problem_write(&out, status, detail, code, none, id);
    h2o_iovec_t body = h2o_strdup(&req->pool, out.base, out.len);
    tg_buffer_dispose(&out);
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/problem+json"));
    if (allow.len > 0) {
        h2o_iovec_t kept = h2o_strdup(&req->pool, allow.base, allow.len);
        h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("allow"), 1, NULL,
                              kept.base, kept.len);
    }
    tg_respond_status(req, status);
    tg_respond_bytes(req, body);
}
