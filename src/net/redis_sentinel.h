/* Which Redis is the master now: its sentinels are asked, one after the other. */
#ifndef TG_NET_REDIS_SENTINEL_H
#define TG_NET_REDIS_SENTINEL_H

#include "net/redis.h"

enum {
    TG_SENTINEL_PORT = 26379,
    TG_SENTINEL_TIMEOUT_MS = 500 /* for each, and to connect to it */
};

/* The sentinels of one master: made when the site is read, never changed. */
struct tg_sentinels {
    struct tg_redis_config *list; /* by tg_sentinel_parse */
    size_t count;
};

/* As tg_redis_parse, for the address of a sentinel: it has no database. */
struct tg_error tg_sentinel_parse(struct tg_text url, struct tg_redis_config *config);

/* Kept in place by its owner until on_found or cancel. All zero does nothing. */
struct tg_master_search {
    struct tg_net *net;
    const struct tg_sentinels *sentinels;
    const struct tg_address *name; /* its host is the master's name */
    struct tg_address *address;    /* where the answer goes */
    size_t at;                     /* the sentinel that is asked, or was asked last */
    size_t asked;                  /* so many this time */
    struct tg_redis *redis;        /* the connection to it */
    struct tg_redis_command command;
    struct tg_timer ended; /* a connection must not be ended by what it calls */
    struct tg_error error; /* of the last one */
    void (*on_found)(struct tg_master_search *self, struct tg_error error);
};

/* Calls on_found once, later: with the address set, or with an error when no sentinel knows it. It
 * begins with the one that knew it last, or the next when that did not answer. */
void tg_master_search_start(struct tg_master_search *search,
                            void (*on_found)(struct tg_master_search *self, struct tg_error error));

/* Ends it, if it goes on. */
void tg_master_search_cancel(struct tg_master_search *search);

#endif
