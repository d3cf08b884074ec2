/* Asks the admin address of a process that runs. */
#ifndef TG_GATE_ASK_H
#define TG_GATE_ASK_H

#include "base/buffer.h"
#include "gate/admin_address.h"

/* Gets a path; the token may be empty. Fills `body` with what came when it was answered with 200.
 * Returns NULL when well, else a sentence that says what is wrong; it lies in `body`. */
const char *tg_ask(const struct tg_admin_address *address, struct tg_text token, const char *path,
                   struct tg_buffer *body);

#endif
