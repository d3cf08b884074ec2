/* One thread's connection to a Redis: commands in a pipeline, replies by callback, and nobody who
 * waits longer than the timeout. It is made again by itself when it is lost.
 *
 * A command that cannot be answered in time fails, and those behind it are refused at once until
 * the replies that are owed have come; when they do not come, the connection is made anew. So a
 * Redis that is dead, slow or stopped costs one timeout and then nothing. */
#ifndef TG_NET_REDIS_H
#define TG_NET_REDIS_H

#include <hiredis/hiredis.h>

#include "net/backend.h"

enum {
    TG_REDIS_PORT = 6379,
    TG_REDIS_OVERDUE_MS = 1000,    /* a reply that is owed for so long ends the connection */
    TG_REDIS_RETRY_MS = 50,        /* before the second try to connect, then twice as long */
    TG_REDIS_RETRY_MOST_MS = 2000, /* up to this */
    TG_REDIS_STOOD_MS = 1000,      /* a connection that stood so long is made again at once */
    TG_REDIS_BEAT_MS = 1000,       /* a subscriber asks whether the Redis is there this often */
    TG_REDIS_ELEMENTS = 65536,     /* the most of an array */
    TG_REDIS_CHANNELS = 8,         /* the most of a subscriber */
    TG_REDIS_UNSENT = 16 << 20,    /* bytes of commands that the socket has not taken */
};

/* How a Redis is spoken to: made when the site is read, the same for all threads, never changed. It
 * stays in place: parts of it point to each other. */
struct tg_redis_config {
    struct tg_address address;
    struct tg_backend_config backend;     /* what connections want to know; made by the parser */
    const struct tg_sentinels *sentinels; /* NULL: the address is that of the Redis; else its host
                                           * is the name of a master (net/redis_sentinel.h) */
    bool has_port;                        /* the address has one */
    char user[128], password[512];        /* empty: no AUTH */
    uint32_t database;
    uint32_t timeout_ms;         /* from sending a command to its reply; 20 */
    uint32_t connect_timeout_ms; /* with TLS and AUTH; 1000 */
    uint32_t pending;            /* the most commands without a reply; 1024 */
    size_t limit;                /* bytes of one reply; 8 MB */
};

/* Takes `redis://[[user]:password@]host[:port][/database]` apart, or `rediss://…` for TLS, or
 * `redis+unix:/path[:/database]`, and sets the defaults. User and password may be percent-encoded.
 * For rediss the caller sets backend.tls, which stays the caller's. On failure the code is
 * "address" and the message says what is wrong; neither has the password in it. */
struct tg_error tg_redis_parse(struct tg_text url, struct tg_redis_config *config);

struct tg_redis;
struct tg_sentinels;

/* Who has a connection; all functions may be NULL. Neither they nor on_reply of a command may
 * destroy the connection. */
struct tg_redis_owner {
    /* It is ready, or lost (then the error says why). A subscriber may have missed messages
     * before it is ready again. A first try that fails is told as lost, each one after it not. */
    void (*on_state)(struct tg_redis_owner *self, bool ready, struct tg_error error);
    /* Of a subscriber; the texts live during the call. */
    void (*on_message)(struct tg_redis_owner *self, struct tg_text channel, struct tg_text message);
};

/* Begins to connect at once. Channels (at most TG_REDIS_CHANNELS, constants) make it a subscriber,
 * which sends no commands. All three must outlive it. */
struct tg_redis *tg_redis_create(struct tg_net *net, const struct tg_redis_config *config,
                                 struct tg_redis_owner *owner, const char *const *channels,
                                 size_t channel_count);

/* No command may be waiting: they have had their replies or were cancelled. */
void tg_redis_destroy(struct tg_redis *redis);

/* Kept in place by its owner until on_reply or cancel. All zero waits for nothing. */
struct tg_redis_command {
    struct tg_redis *redis; /* while it waits */
    uint64_t number;
    struct tg_timer timer;
    void (*on_reply)(struct tg_redis_command *self, const redisReply *reply, struct tg_error error);
};

/* Sends a command of so many arguments, which are copied. True: on_reply comes once, later: with
 * the reply, valid during the call, which may be of type REDIS_REPLY_ERROR; or with NULL and an
 * error (timeout reset refused unreachable dns tls protocol auth sentinel role). False: the Redis
 * is not there or too slow, or too much is waiting; go on without it. While the first connection is
 * being made, commands wait for it as long as their timeout. */
bool tg_redis_send(struct tg_redis *redis, struct tg_redis_command *command,
                   const struct tg_text *arguments, size_t count,
                   void (*on_reply)(struct tg_redis_command *self, const redisReply *reply,
                                    struct tg_error error));

/* Ends the waiting, if it waits; what was sent is done all the same. */
void tg_redis_cancel(struct tg_redis_command *command);

/* Whether commands would be taken now. */
bool tg_redis_is_ready(const struct tg_redis *redis);

#endif
