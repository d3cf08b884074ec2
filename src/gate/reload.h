/* Reads the site anew while it is served: a thread of its own does it, and the others take over
 * what it has made, between two requests, when all of it is ready. Any thread may call these,
 * unless it says otherwise. */
#ifndef TG_GATE_RELOAD_H
#define TG_GATE_RELOAD_H

#include "gate/gate.h"

enum tg_reload_state { TG_RELOAD_PENDING, TG_RELOAD_DONE, TG_RELOAD_FAILED };

/* `watch`: also when a file of the site changes. NULL with errno set when that is not possible. */
struct tg_reload *tg_reload_create(struct tg_gate *gate, bool watch);

/* Starts the thread, once the workers serve; and ends it, while they still do: false when it goes
 * on at that monotonic time. The main thread. */
void tg_reload_start(struct tg_reload *reload);
bool tg_reload_stop(struct tg_reload *reload, uint64_t until_ms);
void tg_reload_destroy(struct tg_reload *reload);

/* Asks for a reload; several at once become one. Worker 0 is woken when it has ended.
 * `back`: not from the disk, but as it was served before. */
uint64_t tg_reload_ask(struct tg_reload *reload, bool back);

/* How the reload that was asked for went. Appends it as a JSON object, unless it goes on. */
enum tg_reload_state tg_reload_result(struct tg_reload *reload, uint64_t ticket,
                                      struct tg_buffer *out);

/* Appends how the last one went, or null. */
void tg_reload_last(struct tg_reload *reload, struct tg_buffer *out);

/* The route is not served any more until the site is read anew. */
void tg_reload_bar(struct tg_reload *reload, const char *pattern, const char *place);

/* A worker has adopted its generation. */
void tg_reload_adopted(struct tg_reload *reload);

#endif
