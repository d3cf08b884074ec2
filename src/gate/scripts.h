/* From the files of a site to Lua states that are ready to serve. */
#ifndef TG_GATE_SCRIPTS_H
#define TG_GATE_SCRIPTS_H

#include "gate/gate.h"

/* Makes the states and loads every script. On failure `problems` holds a line for each thing that
 * is wrong, and the generation is empty. */
bool tg_generation_load(struct tg_generation *generation, const struct tg_site *site,
                        struct tg_host *host, struct tg_timers *timers, struct tg_buffer *problems);

/* Closes the states. Their tasks must have ended. */
void tg_generation_close(struct tg_generation *generation, struct tg_host *host);

#endif
