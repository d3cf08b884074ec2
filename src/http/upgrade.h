/* The Upgrade field: which protocols a connection may switch to. */
#ifndef TG_HTTP_UPGRADE_H
#define TG_HTTP_UPGRADE_H

#include "base/text.h"

/* Whether all protocols that a request asks for may go through a tunnel: not HTTP in any form, nor
 * TLS with HTTP in it, for such requests would pass by all routes. */
bool tg_upgrade_may_tunnel(struct tg_text asked);

/* Whether a 101 switches to protocols of those that were asked for. */
bool tg_upgrade_is_asked(struct tg_text switched, struct tg_text asked);

#endif
