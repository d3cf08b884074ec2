/* What differs between two readings of a site. */
#ifndef TG_GATE_CHANGES_H
#define TG_GATE_CHANGES_H

#include "gate/edition.h"

/* Appends the members `routes` and `backends`, each {added, removed, changed}, behind others of an
 * object. `after` has inherited from `before`. */
void tg_changes_write(const struct tg_edition *before, const struct tg_edition *after,
                      struct tg_buffer *out);

/* Appends a line for each thing that only a restart changes and that is not as at the start. */
void tg_changes_warn(const struct tg_site *first, const struct tg_site *now,
                     struct tg_buffer *lines);

#endif
