/* The options of one backend, from the checked table of a site. */
#ifndef TG_GATE_SITE_BACKEND_H
#define TG_GATE_SITE_BACKEND_H

#include "gate/site.h"

struct lua_State;

/* Takes over the table on top, and opens the config. False when a file of TLS has changed since it
 * was checked. */
bool tg_site_read_backend(struct lua_State *L, struct tg_site *site,
                          struct tg_backend_config *backend);

#endif
