/* The table `tls` of a backend, or of the cache's Redis. */
#ifndef TG_GATE_SITE_TLS_H
#define TG_GATE_SITE_TLS_H

#include "gate/site.h"
#include "net/tls.h"

struct lua_State;

/* What the table on top of the stack says under `tls`, or the defaults; its texts lie in the site's
 * pool. */
struct tg_tls_options tg_site_read_tls(struct lua_State *L, struct tg_site *site);

#endif
