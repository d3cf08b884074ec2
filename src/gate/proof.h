/* Whether a site's specs pass, run by `tidegate test` in a process of its own. */
#ifndef TG_GATE_PROOF_H
#define TG_GATE_PROOF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* In the environment of that process: it ends with ours, and lets ours go first. */
#define TG_PROOF_VARIABLE "TIDEGATE_PROOF"

/* Blocks until they are over, for at most so long, or until `stopping` is set. When they don't
 * pass, `problems` holds a line for each that fails, or what else is wrong. Any thread. */
bool tg_proof_run(const char *folder, uint32_t most_ms, const _Atomic bool *stopping,
                  struct tg_buffer *problems);

#endif
