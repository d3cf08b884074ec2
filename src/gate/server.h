/* Serves a site, from its beginning to its end. */
#ifndef TG_GATE_SERVER_H
#define TG_GATE_SERVER_H

#include <stdbool.h>

struct tg_buffer;
struct tg_edition;
struct tg_gate;
struct tg_site;

/* Reads the site; what is wrong with it stands on stderr, and then it is NULL. */
struct tg_site *tg_server_read(const char *folder);

/* Serves the site until a signal ends it. port: instead of the first listener's, or -1.
 * watch: it is read anew when a file of it changes.
 * Returns the exit status; what is wrong stands on stderr. */
int tg_server_run(const char *folder, int port, bool watch);

/* The same with changes to what site.lua returns, as tg_site_read_changed has them. */
int tg_server_run_changed(const char *folder, const char *changes);

/* The same for those who drive a gate themselves, from preparing to disposing. */

/* Makes the gate of an edition, which belongs to it from now on, and the sink of its log too. */
void tg_server_prepare(struct tg_gate *gate, struct tg_edition *edition);

/* Makes the first `count` workers; on failure a line for each problem is in `problems`. */
bool tg_server_make_workers(struct tg_gate *gate, unsigned count, struct tg_buffer *problems);

/* Frees all of it; the threads have ended. */
void tg_server_dispose(struct tg_gate *gate);

#endif
