/* Looks at how often changed routes fail after a reload. */
#ifndef TG_GATE_GUARD_H
#define TG_GATE_GUARD_H

#include "gate/edition.h"

enum { TG_GUARD_REQUESTS = 20 }; /* fewer say nothing */

/* Whether answers of 500 and above among the requests of the routes that are new or have changed
 * (of all, when none has) are more by `errors`, a share, than under the reading before. */
bool tg_guard_trips(const struct tg_edition *now, const struct tg_edition *before, unsigned workers,
                    double errors);

#endif
