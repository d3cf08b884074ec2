/* An entry as bytes, for a store that many share: written by us, but read as what strangers wrote.
 * Times are of the wall clock there, so the clocks of those who share it must agree. */
#ifndef TG_STORE_ENTRY_FORM_H
#define TG_STORE_ENTRY_FORM_H

#include "base/buffer.h"
#include "store/entry.h"

enum { TG_ENTRY_FORM_FIELDS = 1000, TG_ENTRY_FORM_TAGS = 65536 };

/* One moment by both clocks. */
struct tg_moment {
    uint64_t wall_ms, now_ms;
};

/* How long the entry may be of use from now on, in ms; 0: no longer. A list of variants is kept for
 * a day at least. */
uint64_t tg_entry_form_life(const struct tg_entry *entry, struct tg_moment moment);

/* Appends it. `epoch` is that of the purges which all who share the store know. */
void tg_entry_form_write(const struct tg_entry *entry, uint64_t epoch, struct tg_moment moment,
                         struct tg_buffer *out);

/* The entry, which the caller holds, in memory of the room, with is.epoch = 0; NULL when the bytes
 * are not exactly the form of an entry with that key. */
struct tg_entry *tg_entry_form_read(struct tg_room *room, struct tg_text bytes, struct tg_text key,
                                    struct tg_moment moment, uint64_t *epoch);

#endif
