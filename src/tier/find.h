/* Asking Redis for what the memory has not, before it is made; and waiting there for another
 * tidegate that makes the same. */
#ifndef TG_TIER_FIND_H
#define TG_TIER_FIND_H

#include "tier/tier.h"

enum tg_tier_found {
    TG_TIER_FOUND_NOTHING, /* it must be made; the entry may be a stale one, or NULL */
    TG_TIER_FOUND_ANSWER,
    TG_TIER_FOUND_MAKER, /* of a refresh: another tidegate is at it */
};

enum tg_tier_worth {
    TG_TIER_WORTH_NOTHING,
    TG_TIER_WORTH_RESERVE, /* for the case that nothing better can be made */
    TG_TIER_WORTH_ANSWER,
};

struct tg_tier_find;

/* What one who makes something for the cache shares with other tidegates; a part of it. Without a
 * Redis only the epoch counts. */
struct tg_share {
    struct tg_tier_link *link;     /* NULL: there is no Redis */
    uint64_t epoch;                /* of purges in the memory, when it began to be made */
    uint64_t shared_epoch;         /* the same of those with numbers; 0: it is not for Redis */
    struct tg_tier_find *find;     /* while Redis is asked, or another tidegate waited for */
    struct tg_text lock, lock_key; /* what others wait for there; no lock: empty */
    bool refreshes;                /* nobody waits for it but the cache */
};

/* It begins to be made now. */
void tg_share_mark(struct tg_share *share, struct tg_cache *cache);

/* Who asks. */
struct tg_tier_asker {
    /* What the entry is worth; softened: a soft purge has made it stale. */
    enum tg_tier_worth (*judge)(struct tg_share *share, struct tg_entry *entry, bool soft);
    /* Called once, later, unless it is cancelled; who is told holds the entry. It may have got the
     * lock then. */
    void (*on_end)(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry);
    bool only_looks; /* it makes nothing, and takes no lock */
};

/* Looks up the key, which like the asker lives until the end. False: there is nobody to ask. */
bool tg_tier_find(struct tg_share *share, const struct tg_tier_asker *asker, struct tg_text key,
                  h2o_mem_pool_t *pool);

/* Ends the waiting, if it waits. */
void tg_tier_find_cancel(struct tg_share *share);

/* Cancels all of a thread. */
void tg_tier_find_stop(struct tg_tier_link *link);

/* What an entry by time is worth at that moment: as most judge. */
enum tg_tier_worth tg_tier_worth(const struct tg_share *share, const struct tg_entry *entry,
                                 bool soft, uint64_t now_ms);

#endif
