/* Which fields of a request h2o is given: it copies each of them, and looks at few. */
#ifndef TG_GATE_SHARE_H
#define TG_GATE_SHARE_H

#include "gate/client.h"

/* Puts the fields that h2o looks at to the front of head->fields and returns how many they are.
 * The others, and those that scripts see as well, are client->fields, whose first is left out for
 * Host; names are in lower case. All point into the bytes of the head, which must stay: so
 * no body may follow. */
size_t tg_share_fields(struct tg_client *client, struct tg_head *head);

#endif
