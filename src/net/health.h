/* Whether an address of a backend is left out after failures. Shared by all threads: atomics. */
#ifndef TG_NET_HEALTH_H
#define TG_NET_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/backend.h"

/* All zero is an address that is well. Times are CLOCK_MONOTONIC, which all threads share. */
struct tg_health {
    _Atomic uint32_t failures;  /* in a row */
    _Atomic uint32_t times;     /* it was left out in a row */
    _Atomic uint64_t until_ms;  /* left out until then; 0: it is well */
    _Atomic bool probing;       /* one call tries it again */
    _Atomic uint64_t ejections; /* so far */
};

enum tg_health_state {
    TG_HEALTH_WELL,
    TG_HEALTH_OUT, /* no call goes there */
    TG_HEALTH_DUE, /* one call may try it, when tg_health_probe says so */
};

enum tg_health_state tg_health_state(const struct tg_health *health, uint64_t now_ms);

/* True for one caller: its call is the probe, and it must end with good, bad or unknown. */
bool tg_health_probe(struct tg_health *health, uint64_t now_ms);

/* The end of a call there. `probe` says whether it was the probe. */
void tg_health_good(struct tg_health *health);
void tg_health_bad(struct tg_health *health, const struct tg_eject *eject, uint64_t now_ms,
                   bool probe);

/* A probe has ended without an answer to the question. */
void tg_health_unknown(struct tg_health *health);

bool tg_health_is_out(const struct tg_health *health);
uint64_t tg_health_ejections(const struct tg_health *health);

#endif
