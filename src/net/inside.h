/* What only the files of net/ know of a backend. */
#ifndef TG_NET_INSIDE_H
#define TG_NET_INSIDE_H

#include "base/buffer.h"
#include "net/account.h"
#include "net/backend.h"
#include "net/health.h"
#include "net/origin.h"

enum { TG_SCRATCH = 64 * 1024 };

/* What all threads share of a backend. */
struct tg_shared {
    struct tg_ledger ledger;
    struct tg_health health[TG_BACKEND_ADDRESSES];
};

struct tg_backend {
    struct tg_net *net;
    size_t holders;
    const struct tg_backend_config *config;
    struct tg_accounts *accounts;
    struct tg_origin *origins; /* one for each address of the config */
    size_t turn;               /* of the next call: where it begins among the origins */
    uint32_t retry_tokens;     /* see net/balance.c */
    size_t calls;              /* that have a slot: see net/slots.h */
    h2o_linklist_t waiting;    /* for a slot, the first one first: struct tg_exchange */
    size_t waiting_count;
    struct tg_timer serve;     /* when a slot is free for one that waits */
    struct tg_buffer requests; /* heads that are about to be sent */
    size_t unsent;             /* how many */
    char scratch[TG_SCRATCH];  /* what was just received; nobody keeps a pointer into it */
};

#endif
