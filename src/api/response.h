/* What scripts build their responses from. */
#ifndef TG_API_RESPONSE_H
#define TG_API_RESPONSE_H

#include <lua.h>

#include "api/request.h"
#include "base/buffer.h"

/* Responses differ by the content type they have unless a script sets another: each kind has a
 * metatable. */
enum tg_response_kind {
    TG_RESPONSE_BARE = 1, /* no content type */
    TG_RESPONSE_JSON,
    TG_RESPONSE_PROBLEM,
    TG_RESPONSE_TEXT,
    TG_RESPONSE_HTML,
    TG_RESPONSE_XML,
};

/* The content type; NULL for the bare kind. */
const char *tg_response_type(enum tg_response_kind kind);

/* Appends any text as a JSON string; what is not UTF-8 becomes a note that it is not. */
void tg_text_write(struct tg_buffer *out, struct tg_text text);

/* Appends an application/problem+json body (RFC 9457). code, backend and id may be NULL or empty.
 */
void tg_problem_write(struct tg_buffer *out, int status, struct tg_text detail, struct tg_text code,
                      struct tg_text backend, struct tg_text id);

#endif
