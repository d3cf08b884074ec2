/* One call of a backend by a script: its options, its wait, its response. */
#ifndef TG_API_BACKEND_CALL_H
#define TG_API_BACKEND_CALL_H

#include "api/part.h"
#include "net/exchange.h"
#include "script/task.h"

/* In the pool of the run; ends with it. */
struct tg_backend_call {
    struct tg_wait wait;
    struct tg_run *run;
    struct tg_exchange exchange;
    struct tg_call call;
    char expect[8]; /* '2xx', '200', or empty */
    struct tg_handles *handles;
    struct tg_handle *handle; /* among these: what Lua values of the response refer to, or NULL */
    bool light;               /* its value has no finalizer: it stays until the run ends */
    bool streamed;            /* its body is not read before a script, or the client, asks for it */
    bool reading;             /* a function of the request waits for a part of the body */
    bool decoded;             /* the body has been looked at: it is as it was before any coding */
    bool taken;               /* ... in pieces, by a script; or by the response of the request */
    struct tg_fields fields;  /* of the response; a script may change them */
    struct tg_part *part;     /* in the pool; NULL: it has nothing to do with the cache */
    struct tg_wait more;      /* for a piece, or for the rest */
    bool begun;               /* the exchange has been started and is not over */
};

/* Reads what is at index 2 and 3 of a call such as backend:get(path, opts) into the call.
 * `method` is empty for backend:request(opts), whose options are at index 2. Raises. */
void tg_backend_options(lua_State *L, const char *name, struct tg_backend_call *call,
                        h2o_iovec_t method);

/* The same for backend:forward(req, opts), whose request is at index 2. */
void tg_backend_forward_options(lua_State *L, const char *name, struct tg_backend_call *call,
                                struct tg_request *request);

/* Whether the text is a status such as 200 or a class such as 2xx. */
bool tg_expect_is_valid(const char *text);

/* The call whose response is at the index; NULL when there stands something else. Raises when its
 * request is over. */
struct tg_backend_call *tg_backend_response_at(lua_State *L, int index);

/* What the request answers with: the response's body, whole or as a source, goes into `response`.
 * Raises when it has been taken. */
void tg_backend_response_use(lua_State *L, struct tg_backend_call *call,
                             struct tg_response *response);

/* Pushes nil and an error that names the backend. */
int tg_backend_fail(lua_State *L, struct tg_backend_call *call, struct tg_error error);

/* Pushes the response of a call that went well. */
void tg_backend_response_push(lua_State *L, struct tg_backend_call *call);

/* Makes the metatable of responses; once per state. */
void tg_backend_response_open(lua_State *L);

/* Frees what the call received and tells the Lua value. */
void tg_backend_call_release(struct tg_backend_call *call);

#endif
