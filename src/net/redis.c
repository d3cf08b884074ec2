#include "net/redis.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/redis_wire.h"

static void on_retry(struct tg_timer *timer);
static void on_connect_timeout(struct tg_timer *timer);
static void on_master(struct tg_master_search *search, struct tg_error error);
static void on_connected(struct tg_connect *connect, struct tg_origin_conn *conn,
                         struct tg_error error);
static void on_beat(struct tg_timer *timer);
static void on_broken(struct tg_timer *timer);

static void tell(struct tg_redis *redis, struct tg_error error)
{
    if (!redis->told && redis->owner != NULL && redis->owner->on_state != NULL) {
        redis->told = true;
        redis->owner->on_state(redis->owner, redis->state == TG_REDIS_READY, error);
    }
    redis->told = true;
}

/* --- the connection ------------------------------------------------------------------------- */

void tg_redis_break(struct tg_redis *redis)
{
    if (redis->broken.place == 0)
        tg_timer_start(redis->net->timers, &redis->broken, 0, on_broken);
}

static void start(struct tg_redis *redis)
{
    redis->state = TG_REDIS_CONNECTING;
    tg_timer_start(redis->net->timers, &redis->alarm, redis->config->connect_timeout_ms,
                   on_connect_timeout);
    if (redis->config->sentinels != NULL)
        tg_master_search_start(&redis->search, on_master);
    else
        tg_connect_start(&redis->connect, &redis->origin, NULL, on_connected);
}

static void on_master(struct tg_master_search *search, struct tg_error error)
{
    struct tg_redis *redis = H2O_STRUCT_FROM_MEMBER(struct tg_redis, search, search);

    if (error.code != NULL) {
        tg_redis_lose(redis, error);
        return;
    }
    tg_origin_dispose(&redis->origin);
    tg_origin_init(&redis->origin, redis->net, &redis->master, &redis->config->backend,
                   &redis->account);
    tg_connect_start(&redis->connect, &redis->origin, NULL, on_connected);
}

/* One that has been ready for a while is made again at once; else each failure waits twice as long,
 * and not all instances together. */
static void retry(struct tg_redis *redis)
{
    struct tg_timers *timers = redis->net->timers;
    bool stood = redis->state == TG_REDIS_READY &&
                 tg_timers_now(timers) - redis->ready_ms >= TG_REDIS_STOOD_MS;
    uint32_t delay_ms = stood ? 0 : redis->retry_ms;

    redis->retry_ms = stood ? TG_REDIS_RETRY_MS : redis->retry_ms * 2;
    if (redis->retry_ms > TG_REDIS_RETRY_MOST_MS)
        redis->retry_ms = TG_REDIS_RETRY_MOST_MS;
    delay_ms += delay_ms * (uint32_t)((uintptr_t)redis >> 6 & 15) / 64;
    tg_timer_start(timers, &redis->alarm, delay_ms, on_retry);
}

static void drop(struct tg_redis *redis)
{
    struct tg_timers *timers = redis->net->timers;

    tg_timer_stop(timers, &redis->alarm);
    tg_timer_stop(timers, &redis->overdue);
    tg_timer_stop(timers, &redis->broken);
    tg_master_search_cancel(&redis->search);
    tg_connect_cancel(&redis->connect);
    if (redis->conn != NULL)
        tg_origin_close(redis->conn);
    if (redis->reader != NULL)
        redisReaderFree(redis->reader);
    redis->conn = NULL;
    redis->reader = NULL;
    redis->awaits_room = false;
    tg_buffer_clear(&redis->unsent, TG_REDIS_KEPT);
}

/* The owner is told first, so that whoever hears of his command knows how things stand. */
void tg_redis_lose(struct tg_redis *redis, struct tg_error error)
{
    bool was_ready = redis->state == TG_REDIS_READY;

    drop(redis);
    retry(redis);
    redis->state = TG_REDIS_DOWN;
    redis->told &= !was_ready;
    tell(redis, error);
    tg_redis_fail_all(redis, error);
    redis->owed = redis->first;
}

static void on_retry(struct tg_timer *timer)
{
    start(H2O_STRUCT_FROM_MEMBER(struct tg_redis, alarm, timer));
}

static void on_connect_timeout(struct tg_timer *timer)
{
    struct tg_redis *redis = H2O_STRUCT_FROM_MEMBER(struct tg_redis, alarm, timer);

    if (redis->state == TG_REDIS_CONNECTING)
        tg_connect_give_up(&redis->connect);
    tg_redis_lose(redis, (struct tg_error){"timeout_connect", "no connection to Redis in time"});
}

static void on_broken(struct tg_timer *timer)
{
    tg_redis_lose(H2O_STRUCT_FROM_MEMBER(struct tg_redis, broken, timer),
                  (struct tg_error){"reset", "Redis closed the connection"});
}

void tg_redis_on_overdue(struct tg_timer *timer)
{
    tg_redis_lose(H2O_STRUCT_FROM_MEMBER(struct tg_redis, overdue, timer),
                  (struct tg_error){"timeout", "Redis does not answer"});
}

/* --- the greeting --------------------------------------------------------------------------- */

static void greet_one(struct tg_redis *redis, struct tg_buffer *out, const char *const *words,
                      size_t count, size_t replies)
{
    struct tg_text arguments[TG_REDIS_CHANNELS + 1];

    for (size_t i = 0; i < count; i++)
        arguments[i] = tg_text_of(words[i]);
    tg_redis_put(out, arguments, count);
    redis->greetings += replies;
}

static void put_auth(struct tg_redis *redis, struct tg_buffer *out)
{
    const struct tg_redis_config *config = redis->config;
    const char *words[3] = {"AUTH", config->user, config->password};

    if (config->password[0] == '\0')
        return;
    if (config->user[0] != '\0') {
        greet_one(redis, out, words, 3, 1);
        return;
    }
    words[1] = config->password;
    greet_one(redis, out, words, 2, 1);
}

static void put_select(struct tg_redis *redis, struct tg_buffer *out)
{
    char number[16];
    const char *words[2] = {"SELECT", number};

    snprintf(number, sizeof(number), "%u", redis->config->database);
    if (redis->config->database != 0)
        greet_one(redis, out, words, 2, 1);
}

/* What sentinels name may have ceased to be the master just now. */
static void put_role(struct tg_redis *redis, struct tg_buffer *out)
{
    const char *role[1] = {"ROLE"};

    if (redis->config->sentinels != NULL)
        greet_one(redis, out, role, 1, 1);
}

/* One reply for each channel. */
static void put_subscribe(struct tg_redis *redis, struct tg_buffer *out)
{
    const char *words[TG_REDIS_CHANNELS + 1] = {"SUBSCRIBE"};
    const char *ping[1] = {"PING"};

    for (size_t i = 0; i < redis->channel_count; i++)
        words[i + 1] = redis->channels[i];
    if (redis->channel_count != 0)
        greet_one(redis, out, words, redis->channel_count + 1, redis->channel_count);
    else
        greet_one(redis, out, ping, 1, 1); /* it may be up and still read its data */
}

/* What commands have been waiting goes behind the greeting, once that is answered. */
static void greet(struct tg_redis *redis)
{
    struct tg_buffer out = {0};
    struct iovec part;

    redis->greetings = 0;
    put_auth(redis, &out);
    put_select(redis, &out);
    put_role(redis, &out);
    put_subscribe(redis, &out);
    part = (struct iovec){out.base, out.len};
    if (tg_origin_send(redis->conn, &part, 1) != (ssize_t)out.len)
        tg_redis_break(redis); /* a fresh connection takes so little */
    tg_buffer_dispose(&out);
}

static void on_connected(struct tg_connect *connect, struct tg_origin_conn *conn,
                         struct tg_error error)
{
    struct tg_redis *redis = H2O_STRUCT_FROM_MEMBER(struct tg_redis, connect, connect);

    if (error.code != NULL) {
        tg_redis_lose(redis, error);
        return;
    }
    redis->state = TG_REDIS_GREETING;
    redis->conn = conn;
    conn->user = redis;
    conn->on_readable = tg_redis_on_readable;
    tg_redis_read_begin(redis);
    greet(redis);
}

static void become_ready(struct tg_redis *redis)
{
    redis->state = TG_REDIS_READY;
    redis->ready_ms = tg_timers_now(redis->net->timers);
    redis->told = false;
    tg_timer_stop(redis->net->timers, &redis->alarm);
    if (redis->channel_count != 0) {
        redis->beat_answered = true;
        tg_timer_start(redis->net->timers, &redis->alarm, TG_REDIS_BEAT_MS, on_beat);
    }
    tg_redis_flush(redis);
    tell(redis, TG_OK);
}

/* A reply to ROLE that is not a master's; other replies of the greeting begin otherwise. */
static bool is_no_master(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements != 0 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           (strcmp(reply->element[0]->str, "slave") == 0 ||
            strcmp(reply->element[0]->str, "sentinel") == 0);
}

bool tg_redis_greeted(struct tg_redis *redis, const redisReply *reply)
{
    if (is_no_master(reply)) {
        tg_redis_lose(redis, (struct tg_error){"role", "what the sentinels name is no master"});
        return false;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        tg_redis_lose(redis,
                      (struct tg_error){"auth", "Redis refuses the greeting: user, password, "
                                                "database, or it is not ready"});
        return false;
    }
    if (--redis->greetings == 0)
        become_ready(redis);
    return true;
}

static void on_beat(struct tg_timer *timer)
{
    struct tg_redis *redis = H2O_STRUCT_FROM_MEMBER(struct tg_redis, alarm, timer);
    const struct tg_text ping = TG_TEXT("PING");

    if (!redis->beat_answered) {
        tg_redis_lose(redis, (struct tg_error){"timeout", "Redis does not answer"});
        return;
    }
    redis->beat_answered = false;
    tg_timer_start(redis->net->timers, timer, TG_REDIS_BEAT_MS, on_beat);
    tg_redis_put(&redis->unsent, &ping, 1);
    tg_redis_flush(redis);
}

/* --- its life ------------------------------------------------------------------------------- */

struct tg_redis *tg_redis_create(struct tg_net *net, const struct tg_redis_config *config,
                                 struct tg_redis_owner *owner, const char *const *channels,
                                 size_t channel_count)
{
    struct tg_redis *redis = h2o_mem_alloc(sizeof(*redis));
    size_t size = config->pending * sizeof(struct tg_redis_command *);

    assert(channel_count <= TG_REDIS_CHANNELS && config->pending != 0);
    *redis = (struct tg_redis){.config = config,
                               .owner = owner,
                               .channels = channels,
                               .channel_count = channel_count,
                               .net = net,
                               .unsent = {.limit = TG_REDIS_UNSENT},
                               .waiting = h2o_mem_alloc(size),
                               .state = TG_REDIS_CONNECTING,
                               .retry_ms = TG_REDIS_RETRY_MS};
    memset(redis->waiting, 0, size);
    redis->search = (struct tg_master_search){.net = net,
                                              .sentinels = config->sentinels,
                                              .name = &config->address,
                                              .address = &redis->master};
    tg_origin_init(&redis->origin, net, &config->address, &config->backend, &redis->account);
    tg_timer_start(net->timers, &redis->alarm, 0, on_retry);
    return redis;
}

void tg_redis_destroy(struct tg_redis *redis)
{
    drop(redis);
    for (; redis->first != redis->next; redis->first++)
        assert(redis->waiting[redis->first % redis->config->pending] == NULL); /* nobody waits */
    tg_origin_dispose(&redis->origin);
    tg_buffer_dispose(&redis->unsent);
    free(redis->waiting);
    free(redis);
}
