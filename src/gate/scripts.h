/* From the files of a site to Lua states that are ready to serve. */
#ifndef TG_GATE_SCRIPTS_H
#define TG_GATE_SCRIPTS_H

#include "gate/gate.h"

/* Makes the states of a generation whose edition, worker and host are set, and loads every script.
 * On failure `problems` holds a line for each thing that is wrong, and there are no states. */
bool tg_scripts_load(struct tg_generation *generation, struct tg_buffer *problems);

/* Loads the scripts of a route of a gate that is late; false when that fails, which is logged. */
bool tg_scripts_load_late(struct tg_generation *generation, const struct tg_route *route);

/* Closes the states. Their tasks must have ended. */
void tg_scripts_close(struct tg_generation *generation);

#endif
