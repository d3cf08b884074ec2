/* What the cache keeps under one key: made once, never changed, freed when nobody holds it. */
#ifndef TG_STORE_ENTRY_H
#define TG_STORE_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/cache_rules.h"
#include "store/room.h"

enum tg_entry_kind {
    TG_ENTRY_RESPONSE, /* status, fields, body */
    TG_ENTRY_VALUE,    /* of a script: `body` is how it is written */
    TG_ENTRY_VARY,     /* responses differ by the request's fields that `body` names */
    TG_ENTRY_PASS,     /* what answers this key can't be kept: nobody waits for it */
};

struct tg_entry_field {
    struct tg_text name, value;
    const void *token; /* what the server knows the name by, or NULL */
};

/* From what an entry is made; all texts are copied. Times are of the monotonic clock, in ms. */
struct tg_entry_recipe {
    struct tg_room *room; /* where its memory is from; NULL: the common heap */
    enum tg_entry_kind kind;
    struct tg_text key, url; /* url: what a purge by prefix compares with; may be empty */
    int status;
    const struct tg_entry_field *fields;
    size_t field_count;
    struct tg_text body;
    const uint64_t *tags; /* their hashes (store/purges.h) */
    size_t tag_count;
    uint64_t epoch; /* of purges, when the making of it began */
    uint64_t stored_ms, age_ms;
    uint64_t fresh_ms; /* until then it is fresh */
    uint64_t stale_ms; /* ... may be used while a fresh one is fetched; at least fresh_ms */
    uint64_t sick_ms;  /* ... may be used when none can be had; at least stale_ms */
    struct tg_cache_rules rules; /* with by_http */
    bool by_http;                /* what it may be used for is said there */
};

/* Fields may be read by who holds it; only store/ and the functions below write. */
struct tg_entry {
    struct tg_entry_recipe is; /* its texts lie behind this struct */
    const char *head; /* of a response: the reason, and its fields as lines; NUL-terminated */
    size_t size;      /* bytes of memory, all counted */
    _Atomic unsigned holders;
    _Atomic bool visited;      /* since the hand of the eviction was here */
    _Atomic bool softened;     /* a purge by prefix made it stale */
    _Atomic uint64_t retry_ms; /* after a failure no fresh one is asked for before */
    uint64_t hash;             /* what follows belongs to its shard, under its lock */
    struct tg_entry *chain;    /* in its bucket */
    struct tg_entry *newer, *older;
};

/* The one who asks holds it. */
struct tg_entry *tg_entry_create(const struct tg_entry_recipe *recipe);

/* Any thread that holds it may. */
struct tg_entry *tg_entry_hold(struct tg_entry *entry);
void tg_entry_release(struct tg_entry *entry);

/* The first field of that name, without regard to case; NULL when there is none. */
const struct tg_entry_field *tg_entry_field(const struct tg_entry *entry, struct tg_text name);

#endif
