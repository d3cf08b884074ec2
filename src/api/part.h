/* Calls of backends through the cache: a part of a response is kept by itself. */
#ifndef TG_API_PART_H
#define TG_API_PART_H

#include "api/keep.h"
#include "net/exchange.h"
#include "tier/find.h"

enum tg_part_state { TG_PART_CALL, TG_PART_WAIT, TG_PART_HAS };

/* One such call; all zero but for: */
struct tg_part {
    struct tg_response_cache keep;
    void *owner; /* for whoever proceeds */
    struct tg_host *host;
    h2o_mem_pool_t *pool;
    void (*proceed)(struct tg_part *part, enum tg_part_state state);
    struct tg_text key;
    uint64_t hash;
    struct tg_share share;
    struct tg_waiter waiter;
    struct tg_flight *flight; /* that it leads */
    struct tg_entry *entry;   /* that it holds: the response, or a stale one in case of need */
    bool has;                 /* the entry is the response */
};

enum {
    TG_PART_RETRY_MS = 5000, /* after a failure the stale one is taken for so long */
    TG_PART_PASS_MS = 60000, /* so long nobody waits for what can't be kept */
};

/* Looks the call up: it must be made, the entry has it, or another makes it: then `proceed` is
 * called once, later, with one of the other two. */
enum tg_part_state tg_part_begin(struct tg_part *part, struct tg_host *host,
                                 const struct tg_backend_config *backend,
                                 const struct tg_call *call, h2o_mem_pool_t *pool,
                                 void (*proceed)(struct tg_part *part, enum tg_part_state state));

/* The exchange is over: keeps what it has brought, or takes the stale entry for it. */
void tg_part_take(struct tg_part *part, const struct tg_exchange *exchange);

/* Makes the exchange, which is over or was not begun, look as if it had brought the entry. */
void tg_part_fill(const struct tg_part *part, struct tg_exchange *exchange);

/* Adds it to what the response of the request is made of. */
void tg_part_note(const struct tg_part *part, struct tg_request *request);

/* It is of no use any more. Twice is harmless. */
void tg_part_end(struct tg_part *part);

#endif
