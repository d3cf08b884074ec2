/* Takes values out of the checked table of a site, which is on top of the stack. */
#ifndef TG_GATE_SITE_TABLE_H
#define TG_GATE_SITE_TABLE_H

#include "gate/site.h"

struct lua_State;

/* The text of that name, in the site's pool; base is NULL when there is none. */
struct tg_text tg_table_text(struct lua_State *L, struct tg_site *site, const char *name);

double tg_table_number(struct lua_State *L, const char *name, double otherwise);
bool tg_table_true(struct lua_State *L, const char *name);
bool tg_table_false(struct lua_State *L, const char *name); /* absent is not false */

/* Pushes the list of that name, or what stands there instead; returns its length. */
size_t tg_table_list(struct lua_State *L, const char *name);

/* The text at place i, from 0, of the list on top. */
struct tg_text tg_table_item(struct lua_State *L, struct tg_site *site, size_t i);

/* The texts of the list of that name. */
const char **tg_table_names(struct lua_State *L, struct tg_site *site, const char *name,
                            size_t *count);

/* Room for so many, and one more, in the site's pool; all zero. */
void *tg_table_array(struct tg_site *site, size_t count, size_t size);

#endif
