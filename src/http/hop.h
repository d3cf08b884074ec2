/* Which fields of a head go no further than one connection (RFC 9110, 7.6.1). */
#ifndef TG_HTTP_HOP_H
#define TG_HTTP_HOP_H

#include "base/text.h"

/* Whether the field is never passed on: it belongs to the connection, or says where the message
 * ends, or is meant for the next proxy alone. */
bool tg_hop_is(struct tg_text name);

/* Whether the value of a Connection field names the field. */
bool tg_hop_names(struct tg_text connection, struct tg_text name);

#endif
