#include "gate/admin_answer.h"

#include <string.h>

#include "gate/responder.h"

static const struct tg_text none = {NULL, 0};

int tg_admin_text(h2o_req_t *req, int status, const char *text)
{
    struct tg_field field = {h2o_iovec_init(H2O_STRLIT("content-type")),
                             h2o_iovec_init(H2O_STRLIT("text/plain; charset=utf-8"))};
    struct tg_response response = {.status = status,
                                   .fields = {&field, 1},
                                   .body = h2o_iovec_init((char *)text, strlen(text))};

    tg_respond(req, &response);
    return 0;
}

int tg_admin_json(h2o_req_t *req, int status, struct tg_buffer *out)
{
    struct tg_field field = {h2o_iovec_init(H2O_STRLIT("content-type")),
                             h2o_iovec_init(H2O_STRLIT("application/json"))};
    struct tg_response response = {.status = status,
                                   .fields = {&field, 1},
                                   .body = h2o_strdup(&req->pool, out->base, out->len)};

    tg_buffer_dispose(out);
    tg_respond(req, &response);
    return 0;
}

int tg_admin_problem(h2o_req_t *req, int status, const char *detail)
{
    tg_respond_problem(req, status, tg_text_of(detail), none, none,
                       status == 405 ? TG_TEXT("GET, HEAD") : none);
    return 0;
}
