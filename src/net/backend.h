/* A named backend as one thread sees it: its addresses, its pools of connections, its limits. */
#ifndef TG_NET_BACKEND_H
#define TG_NET_BACKEND_H

#include <stdint.h>
#include <h2o.h>

#include "base/error.h"
#include "base/text.h"
#include "net/recycle.h"
#include "net/timer.h"

struct tg_batch;
struct tg_resolver;
struct tg_dialer;
struct tg_tls;
struct tg_shared;

enum { TG_BACKEND_ADDRESSES = 64 }; /* the most of a backend */

/* What the calls of one thread share. */
struct tg_net {
    h2o_loop_t *loop;
    struct tg_timers *timers;
    struct tg_resolver *resolver; /* names to addresses, off the loop */
    struct tg_dialer *dialer;     /* NULL: connections are made over the network */
    struct tg_batch *batch;       /* what is received and sent together */
    struct tg_recycle recycle;    /* blocks for responses; dispose it when they have all gone */
};

/* One address as the site writes it, taken apart by tg_address_parse. */
struct tg_address {
    char host[256]; /* name, IPv4 or IPv6 without brackets; the path of a Unix socket */
    uint16_t port;  /* 0 for a Unix socket */
    bool is_unix;
    bool is_tls;
    bool is_number;      /* host is an IP address: nothing to resolve */
    char authority[300]; /* for the Host field: host, and the port when it is not its scheme's */
    char base_path[512]; /* before every path; without a slash at its end; may be empty */
};

/* Takes 'http://host:8080/base', 'https://[::1]' or 'unix:/run/crm.sock[:/base]' apart.
 * On failure the message says what is wrong with the text. */
struct tg_error tg_address_parse(struct tg_text text, struct tg_address *address);

/* When an address is left out for a while. */
struct tg_eject {
    uint32_t failures; /* after so many in a row; 0: never */
    uint32_t time_ms;  /* for so long at first, */
    uint32_t most_ms;  /* twice as long each time after that, up to this */
};

/* How a backend is to be called; read from the site, the same for all threads. */
struct tg_backend_config {
    char name[64];
    struct tg_address *addresses;
    size_t address_count;
    uint32_t timeout_ms; /* the whole call */
    uint32_t connect_timeout_ms;
    uint32_t first_byte_timeout_ms; /* from the request's end to the head of the response */
    uint32_t idle_timeout_ms;       /* between two reads of a body */
    uint32_t keepalive_ms;          /* how long an unused connection is kept */
    uint32_t keepalive;             /* how many unused connections are kept per address */
    uint32_t lifetime_ms;           /* how old a connection may become; 0: any age */
    uint32_t connections;           /* the most at once in one thread; 0: any number */
    uint32_t queue;                 /* how many calls of one thread may wait for one */
    uint32_t queue_timeout_ms;      /* how long; 0: connect_timeout_ms */
    uint32_t retries;               /* how often a call that failed is made again elsewhere */
    uint32_t retry_budget;          /* the most retries, in percent of the calls */
    bool least;                     /* balance: the address with the fewest calls under way */
    struct tg_eject eject;
    bool unverified;          /* its certificate is not checked: for the log */
    struct tg_tls *tls;       /* of its https addresses; owned by who made the config */
    struct tg_shared *shared; /* by tg_backend_config_open */
    size_t head_limit;        /* bytes of a response's head */
    size_t limit;             /* bytes of a body read whole */
    bool clients_host;        /* requests passed on keep the client's Host */
    char expect[8];           /* '2xx' or '200', or empty: any status */
    uint8_t print[32];        /* equal: configured alike, with the same files of TLS */
};

struct tg_backend;

/* Makes what all threads share of a backend: call it when the config is whole, before any backend
 * is created of it; close it when they have all been destroyed. */
void tg_backend_config_open(struct tg_backend_config *config);
void tg_backend_config_close(struct tg_backend_config *config);

/* The config must outlive it. */
struct tg_backend *tg_backend_create(struct tg_net *net, const struct tg_backend_config *config);

/* One more who must let go of it. */
void tg_backend_hold(struct tg_backend *backend);

/* Lets go of it; the last one closes its unused connections. Its exchanges must have ended or been
 * cancelled by then. */
void tg_backend_destroy(struct tg_backend *backend);

const struct tg_backend_config *tg_backend_config(const struct tg_backend *backend);

#endif
