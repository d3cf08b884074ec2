/* What is counted of a backend: by each thread for itself, summed by who wants to know.
 *
 * A counter is written by its own thread only, without a lock or a locked instruction, and may be
 * read by any. A sum is not a picture of one moment. */
#ifndef TG_NET_ACCOUNT_H
#define TG_NET_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint64_t tg_count;

/* The codes of errors that are counted, in the order of the counters; the last is for all others.
 */
#define TG_ACCOUNT_CODES                                                                           \
    {                                                                                              \
        "refused", "unreachable", "dns", "tls", "timeout_connect", "timeout_first_byte",           \
            "timeout_idle", "timeout", "reset", "protocol", "body_too_large", "busy", "other"      \
    }

/* The upper ends of the classes of times, in milliseconds; the last class has none. */
#define TG_ACCOUNT_TIMES                                                                           \
    {                                                                                              \
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000                                \
    }

enum { TG_ACCOUNT_CODE_COUNT = 13, TG_ACCOUNT_CLASSES = 14 };

/* What one thread counts of one address. */
struct tg_account {
    tg_count open, unused; /* connections now; the unused ones are among the open ones */
    tg_count under_way;    /* calls now */
    tg_count requests;     /* attempts of calls, so far */
    tg_count errors[TG_ACCOUNT_CODE_COUNT];
    tg_count times[TG_ACCOUNT_CLASSES]; /* attempts that went well, by how long they took */
    tg_count time_sum_ms, time_max_ms;  /* of these */
};

/* What one thread counts of one backend. */
struct tg_accounts {
    struct tg_accounts *next; /* of another thread */
    tg_count queued;          /* calls that wait for a connection now */
    tg_count retries;         /* calls made again elsewhere, so far */
    tg_count turned_away;     /* calls that failed with busy, so far */
    struct tg_account addresses[];
};

/* Where the accounts of all threads hang; all zero is an empty one. */
struct tg_ledger {
    _Atomic(struct tg_accounts *) first;
};

/* Any thread may. The accounts live until the ledger is disposed. */
struct tg_accounts *tg_ledger_open(struct tg_ledger *ledger, size_t addresses);
void tg_ledger_dispose(struct tg_ledger *ledger);

static inline uint64_t tg_account_get(const tg_count *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static inline void tg_account_set(tg_count *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static inline void tg_account_add(tg_count *count, int64_t n)
{
    tg_account_set(count, tg_account_get(count) + (uint64_t)n);
}

/* An attempt is over: code is NULL when it went well. */
void tg_account_end(struct tg_account *account, const char *code, uint64_t took_ms);

/* ---- for the reader */

/* One address, all threads together. */
struct tg_address_sum {
    uint64_t open, unused, under_way, requests;
    uint64_t errors[TG_ACCOUNT_CODE_COUNT]; /* in the order of TG_ACCOUNT_CODES */
    uint64_t times[TG_ACCOUNT_CLASSES];     /* in the order of TG_ACCOUNT_TIMES */
    uint64_t answered;                      /* the sum of `times` */
    uint64_t time_sum_ms, time_max_ms;
    uint64_t ejections; /* so far */
    bool left_out;      /* now */
};

struct tg_backend_sum {
    uint64_t queued, retries, turned_away;
};

struct tg_backend_config;

/* Any thread may ask while the config is open. `address` is its place in the config. */
void tg_account_address(const struct tg_backend_config *config, size_t address,
                        struct tg_address_sum *sum);
void tg_account_backend(const struct tg_backend_config *config, struct tg_backend_sum *sum);

#endif
