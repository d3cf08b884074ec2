/* What lua/tidegate/site.lua asks of C: whether texts of a site say what they should. */
#ifndef TG_GATE_SITE_CHECKS_H
#define TG_GATE_SITE_CHECKS_H

struct lua_State;

/* Pushes the table of these functions. */
void tg_site_push_checks(struct lua_State *L);

/* Pushes lua/tidegate/<name>.lua as a function. */
void tg_site_push_library(struct lua_State *L, const char *name);

#endif
