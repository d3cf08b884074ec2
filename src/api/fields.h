/* A list of names and values as scripts see it: header fields, the query. */
#ifndef TG_API_FIELDS_H
#define TG_API_FIELDS_H

#include <lua.h>

#include "net/exchange.h"
#include "script/handle.h"

enum tg_fields_kind {
    TG_FIELDS_HEADERS, /* case does not matter; a repeated one is joined with ", " */
    TG_FIELDS_QUERY,   /* case matters; a repeated one gives the first */
};

struct tg_fields {
    const struct tg_field *list;
    size_t count;
};

/* Makes the metatable; once per state. */
void tg_fields_open(lua_State *L);

/* Pushes a value with members by name, `all(name)` and pairs() in order. While the object of `ref`
 * is there, the list is. */
void tg_fields_push(lua_State *L, struct tg_handle_ref ref, struct tg_fields fields,
                    enum tg_fields_kind kind);

/* The same for header fields that the script may set: `fields` points to a list in the pool, and
 * both live as long as the object. */
void tg_fields_push_open(lua_State *L, struct tg_handle_ref ref, struct tg_fields *fields,
                         h2o_mem_pool_t *pool);

/* The value at the index `owner` lives at least as long as the one of fields on top. */
void tg_fields_hold(lua_State *L, int owner);

/* A field of copies that live as long as the pool. */
struct tg_field tg_fields_copy(h2o_mem_pool_t *pool, struct tg_text name, struct tg_text value);

/* How many fields the table of headers on top makes: a list makes one for each of its items. */
size_t tg_fields_count(lua_State *L);

/* The first field of that name, without regard to case; NULL when there is none. */
const struct tg_field *tg_fields_find(struct tg_fields fields, struct tg_text name);

#endif
