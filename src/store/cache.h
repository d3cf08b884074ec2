/* The cache: entries by key, bounded by bytes, shared by all threads. Keys are spread over shards
 * with a lock each; SIEVE (Zhang et al., NSDI '24) chooses what goes when there is no room. */
#ifndef TG_STORE_CACHE_H
#define TG_STORE_CACHE_H

#include <stdbool.h>

#include "store/entry.h"
#include "store/purges.h"

struct tg_cache;

/* Room for `memory` bytes, of entries of at most `object` bytes each. Any thread may call all that
 * follows. */
struct tg_cache *tg_cache_create(size_t memory, size_t object);
void tg_cache_destroy(struct tg_cache *cache);

/* Sets the bounds anew; what is too much goes at once. */
void tg_cache_resize(struct tg_cache *cache, size_t memory, size_t object);

/* Where the memory of its entries should be from. */
struct tg_room *tg_cache_room(const struct tg_cache *cache);

/* The most bytes that an entry may have. */
size_t tg_cache_object(const struct tg_cache *cache);

/* The hash of a key. */
uint64_t tg_cache_hash(const struct tg_cache *cache, struct tg_text text);

/* The hash of a tag. */
uint64_t tg_cache_tag_hash(const struct tg_cache *cache, struct tg_text text);

/* The entry under the key, which the caller then holds; NULL when there is none. One that was
 * purged is none; *soft: a soft purge has made it stale. */
struct tg_entry *tg_cache_get(struct tg_cache *cache, struct tg_text key, uint64_t hash,
                              bool *soft);

/* Keeps the entry instead of what was under its key; the cache holds it too. False: it is too big,
 * or a purge since its epoch concerns it. */
bool tg_cache_put(struct tg_cache *cache, struct tg_entry *entry);

/* Puts what make() gives for the entry under the key (NULL: there is none, or it is outdated at
 * now_ms), of which no other thread sees anything meanwhile; NULL leaves it as it is. make() gives
 * its own hold away. False: make() gave NULL, or what it gave does not fit. */
bool tg_cache_change(struct tg_cache *cache, struct tg_text key, uint64_t now_ms,
                     struct tg_entry *(*make)(const struct tg_entry *old, void *context),
                     void *context);

/* Takes out what is under the key; false when there is nothing. */
bool tg_cache_remove(struct tg_cache *cache, struct tg_text key);

/* The same if it has the tag, whose hash is given. */
bool tg_cache_remove_tagged(struct tg_cache *cache, struct tg_text key, uint64_t tag);

/* How often what is under the key, and some others, was removed or set anew: what was begun before
 * such a change must not be put after it. */
uint32_t tg_cache_changes(const struct tg_cache *cache, uint64_t hash);
void tg_cache_note_change(struct tg_cache *cache, uint64_t hash);

/* As put; false also when there was such a change meanwhile. */
bool tg_cache_put_since(struct tg_cache *cache, struct tg_entry *entry, uint32_t changes);

/* ---- purges: what begins before one is never found after it */

/* The epoch at which something begins that may become an entry. */
uint64_t tg_cache_epoch(const struct tg_cache *cache);

/* Whether a purge since its epoch concerns the entry. */
enum tg_freshness tg_cache_freshness(struct tg_cache *cache, const struct tg_entry *entry);

/* Entries with the tag: by its text, or by its hash. */
void tg_cache_purge(struct tg_cache *cache, struct tg_text tag, bool soft);
void tg_cache_purge_hash(struct tg_cache *cache, uint64_t tag, bool soft);

/* Entries whose url begins with the text: looks at every entry. Gives how many. */
size_t tg_cache_purge_prefix(struct tg_cache *cache, struct tg_text prefix, bool soft);

void tg_cache_purge_all(struct tg_cache *cache, bool soft);

enum tg_cache_purge_kind { TG_CACHE_PURGE_TAG, TG_CACHE_PURGE_PREFIX, TG_CACHE_PURGE_ALL };

struct tg_cache_purge {
    enum tg_cache_purge_kind kind;
    bool soft;
    uint64_t tag;
    struct tg_text prefix;
};

/* Those who shall hear of purges: other caches that keep the same. */
struct tg_cache_peers {
    uint64_t seed[2]; /* of the hashes of tags, which then mean the same to all */
    /* Before one of the four above is done; by any thread. */
    void (*on_purge)(struct tg_cache_peers *self, const struct tg_cache_purge *purge);
};

/* Before anything else is done with the cache. They must outlive it. */
void tg_cache_set_peers(struct tg_cache *cache, struct tg_cache_peers *peers);

/* What a peer has told: done without telling it further. */
void tg_cache_apply(struct tg_cache *cache, const struct tg_cache_purge *purge);

/* ---- accounts */

struct tg_cache_account {
    size_t memory; /* the bound */
    size_t bytes;  /* of entries and of the tables */
    size_t entries;
    uint64_t stored, evicted; /* so far */
};

void tg_cache_read_account(struct tg_cache *cache, struct tg_cache_account *account);

#endif
