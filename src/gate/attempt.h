/* One attempt to read the site anew, and how it is told. */
#ifndef TG_GATE_ATTEMPT_H
#define TG_GATE_ATTEMPT_H

#include "gate/edition.h"

struct tg_generation;

/* In the thread that began it, until it is handed over. */
struct tg_attempt {
    struct tg_edition *edition;         /* NULL: the site could not be read */
    struct tg_files *files;             /* held; NULL: nothing was served before */
    bool back;                          /* it is what was served before */
    struct tg_generation **generations; /* by worker */
    struct tg_buffer problems;          /* lines */
    struct tg_buffer warnings;
    uint64_t begun_ns;
};

/* Appends how it went as a JSON object, and logs it. `before` is what was served until now. */
void tg_attempt_report(const struct tg_attempt *attempt, const struct tg_edition *before, bool well,
                       struct tg_buffer *out);

#endif
