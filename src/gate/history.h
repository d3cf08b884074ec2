/* What was served before: the files of earlier readings of the site, by content. */
#ifndef TG_GATE_HISTORY_H
#define TG_GATE_HISTORY_H

#include "base/files.h"

enum { TG_HISTORY = 8 };

/* All zero is an empty one. */
struct tg_history {
    struct tg_files *list[TG_HISTORY]; /* held; the latest is last */
    size_t count;
};

/* Remembers them; of more than TG_HISTORY the earliest are forgotten. */
void tg_history_push(struct tg_history *history, struct tg_files *files);

/* The latest, held by the caller from now on; NULL when there are none. */
struct tg_files *tg_history_pop(struct tg_history *history);

void tg_history_dispose(struct tg_history *history);

#endif
