/* Asks the admin address of a process that runs. */
#ifndef TG_GATE_ASK_H
#define TG_GATE_ASK_H

#include "base/buffer.h"
#include "gate/admin_address.h"

struct tg_question {
    const char *method, *path;
    struct tg_text token; /* may be empty */
    int expected;         /* this status is an answer as well as 200; or 0 */
    unsigned timeout_s;   /* between two parts of the answer */
};

/* Asks. Fills `body` with what came, and `status` with the status, when that is 200 or expected.
 * Returns NULL when well, else a sentence that says what is wrong; it lies in `body`. */
const char *tg_ask(const struct tg_admin_address *address, const struct tg_question *question,
                   int *status, struct tg_buffer *body);

#endif
