#include <assert.h>
#include <errno.h>

#include "net/redis_wire.h"

static void on_writable(h2o_socket_t *sock, const char *err);
static void on_command_timeout(struct tg_timer *timer);

static struct tg_redis_command **slot(struct tg_redis *redis, uint64_t number)
{
    return &redis->waiting[number % redis->config->pending];
}

/* --- commands ------------------------------------------------------------------------------- */

static void finish(struct tg_redis_command *command, const redisReply *reply, struct tg_error error)
{
    tg_timer_stop(command->redis->net->timers, &command->timer);
    command->redis = NULL;
    command->on_reply(command, reply, error);
}

/* Takes the first command out of the ring; NULL when it was given up. */
static struct tg_redis_command *take_first(struct tg_redis *redis)
{
    struct tg_redis_command **first = slot(redis, redis->first++), *command = *first;

    *first = NULL;
    if (redis->first >= redis->owed)
        tg_timer_stop(redis->net->timers, &redis->overdue);
    return command;
}

void tg_redis_fail_all(struct tg_redis *redis, struct tg_error error)
{
    while (redis->first != redis->next) {
        struct tg_redis_command *command = take_first(redis);
        if (command != NULL)
            finish(command, NULL, error);
    }
}

/* How much room the command takes at most in the protocol. */
static size_t size_of(const struct tg_text *arguments, size_t count)
{
    size_t size = 32;

    for (size_t i = 0; i < count; i++)
        size += 32 + arguments[i].len;
    return size;
}

void tg_redis_put(struct tg_buffer *out, const struct tg_text *arguments, size_t count)
{
    tg_buffer_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        tg_buffer_printf(out, "$%zu\r\n", arguments[i].len);
        tg_buffer_append(out, arguments[i].base, arguments[i].len);
        tg_buffer_append(out, "\r\n", 2);
    }
}

/* Sends what the socket takes. A broken connection is not dealt with here: callers are in the
 * middle of something. */
void tg_redis_flush(struct tg_redis *redis)
{
    struct tg_buffer *unsent = &redis->unsent;
    struct iovec part = {unsent->base, unsent->len};

    if (redis->conn == NULL || redis->awaits_room || unsent->len == 0)
        return;
    ssize_t n = tg_origin_send(redis->conn, &part, 1);
    if (n < 0) {
        tg_redis_break(redis);
        return;
    }
    if ((size_t)n == unsent->len) {
        tg_buffer_clear(unsent, TG_REDIS_KEPT);
        return;
    }
    if (n != 0)
        memmove(unsent->base, unsent->base + n, unsent->len - (size_t)n);
    unsent->len -= (size_t)n;
    redis->awaits_room = true;
    tg_origin_await_room(redis->conn, on_writable);
}

static void on_writable(h2o_socket_t *sock, const char *err)
{
    struct tg_origin_conn *conn = sock->data;
    struct tg_redis *redis = conn->user;

    redis->awaits_room = false;
    if (err != NULL)
        tg_redis_break(redis);
    else
        tg_redis_flush(redis);
}

/* The first connection may be waited for, one that is made again may not: that could be in vain
 * each time. */
static bool may_send(const struct tg_redis *redis)
{
    bool first = redis->state != TG_REDIS_DOWN && !redis->told;

    return (redis->state == TG_REDIS_READY || first) && redis->broken.place == 0 &&
           redis->first >= redis->owed && redis->next - redis->first != redis->config->pending;
}

bool tg_redis_send(struct tg_redis *redis, struct tg_redis_command *command,
                   const struct tg_text *arguments, size_t count,
                   void (*on_reply)(struct tg_redis_command *self, const redisReply *reply,
                                    struct tg_error error))
{
    assert(command->redis == NULL && redis->channel_count == 0);
    if (!may_send(redis))
        return false;
    if (tg_buffer_reserve(&redis->unsent, size_of(arguments, count)) == NULL) {
        redis->unsent.full = false;
        return false;
    }
    command->redis = redis;
    command->number = redis->next++;
    command->on_reply = on_reply;
    *slot(redis, command->number) = command;
    tg_timer_start(redis->net->timers, &command->timer, redis->config->timeout_ms,
                   on_command_timeout);
    tg_redis_put(&redis->unsent, arguments, count);
    if (redis->state == TG_REDIS_READY)
        tg_redis_flush(redis);
    return true;
}

void tg_redis_cancel(struct tg_redis_command *command)
{
    if (command->redis == NULL)
        return;
    tg_timer_stop(command->redis->net->timers, &command->timer);
    *slot(command->redis, command->number) = NULL;
    command->redis = NULL;
}

bool tg_redis_is_ready(const struct tg_redis *redis)
{
    return redis->state == TG_REDIS_READY && redis->broken.place == 0 &&
           redis->first >= redis->owed;
}

/* --- replies -------------------------------------------------------------------------------- */

static void take_message(struct tg_redis *redis, const redisReply *reply)
{
    struct tg_redis_owner *owner = redis->owner;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        strcmp(reply->element[0]->str, "message") != 0 ||
        reply->element[1]->type != REDIS_REPLY_STRING ||
        reply->element[2]->type != REDIS_REPLY_STRING)
        return; /* the answer to a beat */
    if (owner != NULL && owner->on_message != NULL)
        owner->on_message(owner, tg_text(reply->element[1]->str, reply->element[1]->len),
                          tg_text(reply->element[2]->str, reply->element[2]->len));
}

/* False when the connection was lost by it. */
static bool take_reply(struct tg_redis *redis, const redisReply *reply)
{
    struct tg_redis_command *command;

    if (redis->state == TG_REDIS_GREETING)
        return tg_redis_greeted(redis, reply);
    if (redis->channel_count != 0) {
        take_message(redis, reply);
        return true;
    }
    if (redis->first == redis->next) {
        tg_redis_lose(redis, (struct tg_error){"protocol", "Redis answers what nobody asked"});
        return false;
    }
    if (redis->config->sentinels != NULL && reply->type == REDIS_REPLY_ERROR &&
        strncmp(reply->str, "READONLY", 8) == 0)
        tg_redis_break(redis); /* it is the master no more */
    command = take_first(redis);
    if (command != NULL)
        finish(command, reply, TG_OK);
    return true;
}

/* hiredis would make room for as many elements as the peer says that there are. */
static void *create_array(const redisReadTask *task, int elements)
{
    const struct tg_redis *redis = task->privdata;

    return elements <= TG_REDIS_ELEMENTS ? redis->create_array(task, elements) : NULL;
}

void tg_redis_read_begin(struct tg_redis *redis)
{
    redis->reader = redisReaderCreate();
    redis->reader->privdata = redis;
    redis->functions = *redis->reader->fn;
    redis->create_array = redis->functions.createArray;
    redis->functions.createArray = create_array;
    redis->reader->fn = &redis->functions;
    redis->fed = 0;
}

/* Takes all replies that are whole. False when the connection was lost. */
static bool take_replies(struct tg_redis *redis)
{
    void *reply = NULL;

    for (;;) {
        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
            tg_redis_lose(redis,
                          (struct tg_error){"protocol", "Redis answers in another language"});
            return false;
        }
        if (reply == NULL)
            return true;
        redis->fed = redis->reader->len - redis->reader->pos;
        bool well = take_reply(redis, reply);
        freeReplyObject(reply);
        if (!well)
            return false;
    }
}

/* Reads what is there. False when the connection was lost. */
static bool hear(struct tg_redis *redis)
{
    char bytes[16 * 1024];
    struct iovec part = {bytes, sizeof(bytes)};
    ssize_t n = tg_origin_receive(redis->conn, &part, 1);

    if (n < 0 && errno == EAGAIN)
        return true;
    if (n <= 0) {
        tg_redis_lose(redis, redis->conn->wrong != NULL
                                 ? (struct tg_error){"tls", redis->conn->wrong}
                                 : (struct tg_error){"reset", "Redis closed the connection"});
        return false;
    }
    redis->beat_answered = true;
    redis->fed += (size_t)n;
    if (redisReaderFeed(redis->reader, bytes, (size_t)n) != REDIS_OK ||
        redis->fed > redis->config->limit + sizeof(bytes)) {
        tg_redis_lose(redis,
                      (struct tg_error){"protocol", "a reply of Redis is longer than the limit"});
        return false;
    }
    return take_replies(redis);
}

void tg_redis_on_readable(struct tg_origin_conn *conn)
{
    hear(conn->user);
}

/* The reply may lie in the socket because this thread was busy: so it looks there first. */
static void on_command_timeout(struct tg_timer *timer)
{
    struct tg_redis_command *command =
        H2O_STRUCT_FROM_MEMBER(struct tg_redis_command, timer, timer);
    struct tg_redis *redis = command->redis;
    uint64_t number = command->number;

    if (redis->state == TG_REDIS_READY && !hear(redis))
        return;
    if (number < redis->first || *slot(redis, number) != command)
        return;
    *slot(redis, number) = NULL;
    if (redis->first >= redis->owed)
        tg_timer_start(redis->net->timers, &redis->overdue, TG_REDIS_OVERDUE_MS,
                       tg_redis_on_overdue);
    if (redis->owed <= number)
        redis->owed = number + 1;
    finish(command, NULL, (struct tg_error){"timeout", "Redis did not answer in time"});
}
