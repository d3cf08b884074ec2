/* The routes of a site. */
#ifndef TG_GATE_SITE_ROUTE_H
#define TG_GATE_SITE_ROUTE_H

#include "gate/site.h"

struct lua_State;

/* Reads them out of the checked table of the site, which is on top; its backends have been read.
 * `timeout_ms`: of those that don't say. */
void tg_site_read_routes(struct lua_State *L, struct tg_site *site, double timeout_ms);

#endif
