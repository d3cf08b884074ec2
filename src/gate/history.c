#include "gate/history.h"

void tg_history_push(struct tg_history *history, struct tg_files *files)
{
    if (history->count == TG_HISTORY) {
        tg_files_release(history->list[0]);
        history->count--;
        memmove(history->list, history->list + 1, history->count * sizeof(*history->list));
    }
    history->list[history->count++] = tg_files_hold(files);
}

struct tg_files *tg_history_pop(struct tg_history *history)
{
    return history->count != 0 ? history->list[--history->count] : NULL;
}

void tg_history_dispose(struct tg_history *history)
{
    while (history->count != 0)
        tg_files_release(tg_history_pop(history));
}
