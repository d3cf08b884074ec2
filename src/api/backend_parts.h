/* What the files of backend calls share. */
#ifndef TG_API_BACKEND_PARTS_H
#define TG_API_BACKEND_PARTS_H

#include <lauxlib.h>

#include "api/backend_call.h"

/* The options of a call while they are read. */
struct tg_backend_reading {
    const char *name;
    struct tg_backend_call *call;
    h2o_mem_pool_t *pool;
    const char *content_type; /* of a body that we encode */
    uint32_t given;           /* options: a bit for each */
};

/* A copy that lives as long as the run. */
h2o_iovec_t tg_backend_keep(struct tg_backend_reading *r, struct tg_text text);

/* The target: the path with opts.query behind it; opts is an index, or 0. These raise. */
void tg_backend_read_target(lua_State *L, struct tg_backend_reading *r, int opts,
                            struct tg_text path);

/* The body of opts, and its fields; in this order, for the body says its type. */
void tg_backend_read_body(lua_State *L, struct tg_backend_reading *r, int opts);
void tg_backend_read_headers(lua_State *L, struct tg_backend_reading *r, int opts);

/* The fields of the table on top: how many. */
size_t tg_backend_read_header_table(lua_State *L, struct tg_backend_reading *r,
                                    struct tg_field **list);

/* The call of the response at index 1, on which a script calls the method; raises. */
struct tg_backend_call *tg_backend_response_check(lua_State *L, const char *name);

/* Undoes the coding of the body when a script looks at it for the first time. */
struct tg_error tg_backend_decode(struct tg_backend_call *call);

/* Raises when the body has been taken. */
void tg_backend_check_untaken(lua_State *L, const struct tg_backend_call *call);

/* The functions of bodies that wait, and what goes with them; runtime.lua makes methods of them. */
extern const luaL_Reg tg_backend_body_waits[];

#endif
