/* The parts of a connection to a Redis: redis.c has its life, redis_wire.c what goes over the wire.
 */
#ifndef TG_NET_REDIS_WIRE_H
#define TG_NET_REDIS_WIRE_H

#include "base/buffer.h"
#include "net/connect.h"
#include "net/redis_sentinel.h"

enum { TG_REDIS_KEPT = 65536 }; /* bytes of memory for commands when there is none to send */

enum tg_redis_state { TG_REDIS_DOWN, TG_REDIS_CONNECTING, TG_REDIS_GREETING, TG_REDIS_READY };

struct tg_redis {
    const struct tg_redis_config *config;
    struct tg_redis_owner *owner;
    const char *const *channels; /* of a subscriber */
    size_t channel_count;
    struct tg_net *net;
    struct tg_account account;
    struct tg_origin origin;
    struct tg_master_search search; /* with sentinels: before each connection */
    struct tg_address master;       /* what it has found */
    struct tg_connect connect;
    struct tg_origin_conn *conn;         /* from TG_REDIS_GREETING on */
    redisReader *reader;                 /* as long as the connection */
    redisReplyObjectFunctions functions; /* of the reader: hiredis' own but for arrays */
    void *(*create_array)(const redisReadTask *task, int elements); /* hiredis' own */
    enum tg_redis_state state;
    bool told;          /* the owner has heard of the state that it is in now */
    size_t greetings;   /* replies of the greeting that are to come */
    size_t fed;         /* bytes since the last reply that was whole */
    bool awaits_room;   /* on_writable will come */
    bool beat_answered; /* since the last beat something was heard */
    struct tg_buffer unsent;
    struct tg_redis_command **waiting; /* a ring of config->pending; NULL: given up */
    uint64_t first, next;              /* numbers of the commands in the ring */
    uint64_t owed;                     /* those before it have run out of time */
    uint32_t retry_ms;
    uint64_t ready_ms;       /* since when it is ready */
    struct tg_timer alarm;   /* connecting, the next try, or a subscriber's beat */
    struct tg_timer overdue; /* runs while replies are owed */
    struct tg_timer broken;  /* the connection took no bytes: it is lost in a moment */
};

/* In redis_wire.c. */

/* Appends a command in the protocol. */
void tg_redis_put(struct tg_buffer *out, const struct tg_text *arguments, size_t count);

/* Sends what the socket takes. */
void tg_redis_flush(struct tg_redis *redis);

/* Makes the reader of a connection's replies. */
void tg_redis_read_begin(struct tg_redis *redis);

void tg_redis_on_readable(struct tg_origin_conn *conn);

/* All that wait get the error. */
void tg_redis_fail_all(struct tg_redis *redis, struct tg_error error);

/* In redis.c. */

/* The connection is over: the owner and all that wait hear of it, and it is made again. */
void tg_redis_lose(struct tg_redis *redis, struct tg_error error);

/* The same in a moment, for callers that are in the middle of something. */
void tg_redis_break(struct tg_redis *redis);

/* Replies have been owed for too long. */
void tg_redis_on_overdue(struct tg_timer *timer);

/* Takes a reply to the greeting. False when the connection was lost by it. */
bool tg_redis_greeted(struct tg_redis *redis, const redisReply *reply);

#endif
