/* Tries a reading of the site before it is served: sends the self_test of each route through a gate
 * of its own, which nobody else reaches. Its scripts and its calls of backends are real; its cache
 * is its own, and what tg.every runs does not begin. */
#ifndef TG_GATE_TRIAL_H
#define TG_GATE_TRIAL_H

#include "gate/edition.h"

struct tg_trial;

/* Whether each self_test asks for its own route; a line for each that does not in `problems`. */
bool tg_trial_check(const struct tg_edition *edition, struct tg_buffer *problems);

/* Sends them, many side by side, and waits for their ends; a line for each that fails in
 * `problems`. The edition is served by nobody yet, and what it counts begins anew. */
bool tg_trial_run(struct tg_edition *edition, struct tg_buffer *problems);

/* A request of the route failed for that reason. */
void tg_trial_note(struct tg_trial *trial, const struct tg_route *route, struct tg_text reason);

#endif
