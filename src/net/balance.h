/* Which address of a backend a call goes to, and whether it may be made again elsewhere. */
#ifndef TG_NET_BALANCE_H
#define TG_NET_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_backend;

enum {
    TG_PROBE_GRACE_MS = 1000,
    TG_RETRY_TOKEN = 100,        /* what a retry costs; a call earns retry_budget of it */
    TG_RETRY_TOKENS_MOST = 1000, /* the most that is saved up, and the beginning */
};

/* One call's way through the addresses. All zero is the beginning. */
struct tg_choice {
    uint64_t tried; /* a bit for each address */
    size_t turn;    /* where it looks first */
    size_t place;   /* the address that it has now */
    bool probe;     /* it tries an address that was left out */
    bool begun;
};

/* Chooses an address that the call has not had yet; false when there is none. Calls that are
 * `repeatable` try an address again which was left out; others do so when none of these has come
 * for a while, or no other address is well. */
bool tg_balance_choose(struct tg_backend *backend, struct tg_choice *choice, bool repeatable);

/* Whether there would be one. */
bool tg_balance_has_more(const struct tg_backend *backend, const struct tg_choice *choice);

/* The call at the chosen address is over: code is NULL when it went well. */
void tg_balance_end(struct tg_backend *backend, struct tg_choice *choice, const char *code);

/* The call was given up: nobody knows how it would have ended. */
void tg_balance_give_up(struct tg_backend *backend, struct tg_choice *choice);

/* A call has begun: it earns its share of a retry. */
void tg_balance_earn(struct tg_backend *backend);

/* Takes a retry out of the budget; false when there is none. */
bool tg_balance_spend(struct tg_backend *backend);

#endif
