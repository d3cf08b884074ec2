/* Which tags were purged, and when: an entry finds out by itself that it is outdated, so a purge
 * costs the same however many entries it concerns. Lock-free to read; writers take a lock. */
#ifndef TG_STORE_PURGES_H
#define TG_STORE_PURGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_purges;

enum tg_freshness {
    TG_PURGED_NOT,
    TG_PURGED_SOFT, /* it is stale from now on */
    TG_PURGED_HARD, /* it is gone */
};

/* Remembers about `most` tags; of older purges it only knows that there was one among several
 * tags: these then count as purged too. */
struct tg_purges *tg_purges_create(size_t most);
void tg_purges_destroy(struct tg_purges *purges);

/* Bytes of memory. */
size_t tg_purges_size(const struct tg_purges *purges);

/* The number of purges so far: what begins now is not concerned by them. */
uint64_t tg_purges_epoch(const struct tg_purges *purges);

/* Any thread may. Each gives the epoch that it began. */
uint64_t tg_purges_tag(struct tg_purges *purges, uint64_t tag, bool soft);
uint64_t tg_purges_all(struct tg_purges *purges, bool soft);

/* The same at an epoch that is known from elsewhere; in any order. Then all come so. */
void tg_purges_tag_at(struct tg_purges *purges, uint64_t epoch, uint64_t tag, bool soft);
void tg_purges_all_at(struct tg_purges *purges, uint64_t epoch, bool soft);

/* Counts a purge that is kept elsewhere. */
uint64_t tg_purges_other(struct tg_purges *purges);

/* What the purges mean for something with these tags that was begun at the epoch. */
enum tg_freshness tg_purges_ask(const struct tg_purges *purges, uint64_t epoch,
                                const uint64_t *tags, size_t count);

#endif
