/* A gate in a world of its own: one worker driven by its caller, clients and backends at the ends
 * of pairs of sockets, and a clock that is moved by hand. All else is what `tidegate run` runs. */
#ifndef TG_TEST_WORLD_H
#define TG_TEST_WORLD_H

#include "gate/gate.h"
#include "net/dialer.h"
#include "test/coverage.h"

enum { TG_WORLD_START_MS = 3600000 }; /* loop time at its beginning: 0 often means never */

/* What becomes of a connection that a call wants. */
enum tg_dialed { TG_DIAL_OPEN, TG_DIAL_REFUSED, TG_DIAL_UNREACHABLE, TG_DIAL_SILENT };

struct tg_world {
    struct tg_clock clock;
    struct tg_dialer dialer;
    struct tg_gate gate;
    uint64_t now_ms; /* loop time */
    double began;    /* seconds since the epoch, by its clock */
    int poll_fd;     /* the loop's own: readable when it has something to do */
    /* Asked for every connection; `fd` is the backend's end, which belongs to the owner now. */
    enum tg_dialed (*on_dial)(void *owner, int fd, const struct tg_backend_config *backend,
                              const struct tg_address *address, const struct tg_call *call);
    void *owner;
    bool proven, late;            /* as the gate has them, from a world before it */
    struct tg_coverage *coverage; /* notes which lines run; NULL: nobody does */
};

/* Makes the gate of an edition, which stays the caller's, with its log: `world` has `began`,
 * `on_dial`, `owner`, `proven` and `coverage`. Its scripts are compiled once and kept in `chunks`.
 * The health of its backends begins anew, so there is one world of an edition at a time. On failure
 * `problems` holds a line for each thing that is wrong; it is disposed then. */
bool tg_world_init(struct tg_world *world, struct tg_edition *edition, struct tg_chunks *chunks,
                   uint64_t seed, struct tg_buffer *problems);

/* Frees it; a second time is harmless. The ends of others stay theirs. */
void tg_world_dispose(struct tg_world *world);

/* Lets everything happen that happens without time. A script that never rests has a millisecond
 * pass with every turn in the end. */
void tg_world_settle(struct tg_world *world);

/* Milliseconds until something is due; UINT64_MAX: never. */
uint64_t tg_world_next(const struct tg_world *world);

/* Lets time pass. What is due then happens when the world settles. */
void tg_world_move(struct tg_world *world, uint64_t ms);

/* A client comes in from an IP address: its end of the connection, or -1 with errno; EBUSY: the
 * gate lets nobody in, EINVAL: that is no IP address. */
int tg_world_connect(struct tg_world *world, const char *address, uint16_t port);

#endif
