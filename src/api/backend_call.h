/* One call of a backend by a script: its options, its wait, its response. */
#ifndef TG_API_BACKEND_CALL_H
#define TG_API_BACKEND_CALL_H

#include "api/fields.h"
#include "net/exchange.h"
#include "script/task.h"

/* In the pool of the run; ends with it. */
struct tg_backend_call {
    struct tg_wait wait;
    struct tg_run *run;
    struct tg_exchange exchange;
    struct tg_call call;
    char expect[8]; /* '2xx', '200', or empty */
    void **value;   /* the block of the response's Lua value, or NULL */
    bool begun;     /* the exchange has been started and is not over */
};

/* Reads what is at index 2 and 3 of a call such as backend:get(path, opts) into the call.
 * `method` is empty for backend:request(opts), whose options are at index 2. Raises. */
void tg_backend_options(lua_State *L, const char *name, struct tg_backend_call *call,
                        h2o_iovec_t method);

/* Whether the text is a status such as 200 or a class such as 2xx. */
bool tg_expect_is_valid(const char *text);

/* Pushes the response of a call that went well. */
void tg_backend_response_push(lua_State *L, struct tg_backend_call *call);

/* Makes the metatable of responses; once per state. */
void tg_backend_response_open(lua_State *L);

/* Frees what the call received and tells the Lua value. */
void tg_backend_call_release(struct tg_backend_call *call);

#endif
