/* The options of one backend, from the checked table of a site. */
#ifndef TG_GATE_SITE_BACKEND_H
#define TG_GATE_SITE_BACKEND_H

#include "gate/site.h"

struct lua_State;

/* Takes over the table on top, and opens the config. NULL when a file of TLS has changed since it
 * was checked. The one who asks holds it. */
struct tg_site_backend *tg_site_read_backend(struct lua_State *L, struct tg_site *site);

/* Any thread may. The last one to let go frees it; no tg_backend may be left of it then. */
void tg_site_backend_hold(struct tg_site_backend *backend);
void tg_site_backend_release(struct tg_site_backend *backend);

#endif
