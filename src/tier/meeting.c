#include "tier/meeting.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tier/values.h"

/* All of it is one sorted set: purges by their numbers, with `#` at the number of the last one and
 * `^` at that of the last which is remembered no more. One key, so that it is whole or gone. When
 * it is gone, numbers begin at the time in microseconds: above all that were ever given. */
static const char tell_script[] =
    "local k=KEYS[1] local n=tonumber(redis.call('ZSCORE',k,'#') or '0')\n"
    "if n==0 then local t=redis.call('TIME') n=t[1]*1000000+t[2] redis.call('ZADD',k,n,'^') end\n"
    "for i=4,#ARGV do n=n+1 redis.call('ZADD',k,n,ARGV[i])\n"
    "redis.call('PUBLISH',ARGV[2],string.format('%.0f %s %s',n,ARGV[3],ARGV[i])) end\n"
    "redis.call('ZADD',k,n,'#')\n"
    "local over=redis.call('ZCARD',k)-ARGV[1]\n"
    "if over>0 then local f local old=redis.call('ZRANGE',k,0,over,'WITHSCORES')\n"
    "for i=1,#old,2 do if old[i]~='#' and old[i]~='^' then redis.call('ZREM',k,old[i])\n"
    "f=old[i+1] end end if f then redis.call('ZADD',k,f,'^') end end\n"
    "return string.format('%.0f',n)";

/* Gives the last number, the last one forgotten, and the purges after ARGV[1] with their numbers.
 * A Redis that knows less than we do has lost what was in it. */
static const char catch_up_script[] =
    "local k=KEYS[1] local n=tonumber(redis.call('ZSCORE',k,'#') or '0')\n"
    "if n==0 or n<tonumber(ARGV[1]) then local t=redis.call('TIME')\n"
    "n=math.max(t[1]*1000000+t[2],tonumber(ARGV[1])+1)\n"
    "redis.call('DEL',k) redis.call('ZADD',k,n,'#',n,'^') end\n"
    "local r={string.format('%.0f',n),string.format('%.0f',redis.call('ZSCORE',k,'^') or n)}\n"
    "local p=redis.call('ZRANGEBYSCORE',k,'('..ARGV[1],'+inf','WITHSCORES')\n"
    "for i=1,#p do r[#r+1]=p[i] end return r";

enum { BATCH = 64, RETRY_MS = 100, OWN = 16 };

/* Numbers in a row, of purges that we have told. */
struct run {
    uint64_t first, last;
};

struct tg_meeting {
    struct tg_tier_link *link;
    struct tg_tier *tier;
    struct tg_redis *redis, *subscriber;
    struct tg_redis_owner redis_owner, subscriber_owner;
    struct tg_redis_command telling, catching;
    struct tg_timer retry;
    struct tg_queued_purge *told[BATCH]; /* those on their way */
    size_t told_count;
    struct run own[OWN]; /* the last ones: when these come back they have been done */
    size_t own_next;
    uint64_t missed;             /* the highest number heard of while it was not current */
    bool hears;                  /* the subscriber is ready */
    bool was_deaf;               /* it was not, since all was well the last time */
    bool was_refused, was_heard; /* for the log */
    char purges[TG_TIER_NAME], channel[TG_TIER_NAME]; /* names in Redis */
    const char *channels[1];
};

static void catch_up(struct tg_meeting *meeting);
static void tell(struct tg_meeting *meeting);

static const struct tg_log *log_of(const struct tg_meeting *meeting)
{
    return meeting->link->thread.log;
}

static void on_retry(struct tg_timer *timer)
{
    struct tg_meeting *meeting = H2O_STRUCT_FROM_MEMBER(struct tg_meeting, retry, timer);

    catch_up(meeting);
    tell(meeting);
}

static void retry_later(struct tg_meeting *meeting)
{
    struct tg_timers *timers = meeting->link->thread.net->timers;

    if (meeting->retry.place == 0)
        tg_timer_start(timers, &meeting->retry, RETRY_MS, on_retry);
}

/* Said once, until it is over. */
static void note_refusal(struct tg_meeting *meeting, const redisReply *reply)
{
    struct tg_buffer line = {.limit = 4096};

    if (meeting->was_refused)
        return;
    meeting->was_refused = true;
    tg_log_field(&line, "event", TG_TEXT("redis_refuses"));
    tg_log_field(&line, "reason",
                 reply->type == REDIS_REPLY_ERROR ? tg_text(reply->str, reply->len)
                                                  : TG_TEXT("a reply that makes no sense"));
    tg_log_fields(log_of(meeting), TG_LOG_WARN, NULL, &line);
    tg_buffer_dispose(&line);
}

/* Digits only, below 2^53: Redis counts in doubles. */
static bool read_number(struct tg_text text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.base[i] - '0');
    }
    return text.len != 0 && text.len <= 16 && *number < UINT64_C(1) << 53;
}

static bool read_reply_number(const redisReply *reply, uint64_t *number)
{
    return reply->type == REDIS_REPLY_STRING &&
           read_number(tg_text(reply->str, reply->len), number);
}

/* ---- hearing */

static void take_purge(struct tg_meeting *meeting, uint64_t number, struct tg_text text,
                       bool is_ours)
{
    struct tg_cache_purge purge;

    if (!tg_purge_read(text, &purge)) /* of a newer version: of what concerns it nothing is known */
        purge = (struct tg_cache_purge){TG_CACHE_PURGE_ALL, false, 0, {"", 0}};
    tg_purge_log_note(meeting->tier->log, number, &purge);
    if (is_ours)
        return;
    tg_cache_apply(meeting->tier->cache, &purge);
    atomic_fetch_add(&meeting->tier->heard, 1);
}

static bool cut(struct tg_text *rest, struct tg_text *word)
{
    const char *space = memchr(rest->base, ' ', rest->len);

    if (space == NULL)
        return false;
    *word = tg_text(rest->base, (size_t)(space - rest->base));
    *rest = tg_text(space + 1, rest->len - word->len - 1);
    return true;
}

/* "number teller purge", where each number must be the next one; or "- teller change" of a value.
 */
static void on_message(struct tg_redis_owner *owner, struct tg_text channel, struct tg_text message)
{
    struct tg_meeting *meeting = H2O_STRUCT_FROM_MEMBER(struct tg_meeting, subscriber_owner, owner);
    struct tg_tier *tier = meeting->tier;
    uint64_t number, seen = atomic_load(&tier->seen);
    struct tg_text digits, teller;

    (void)channel;
    if (!cut(&message, &digits) || !cut(&message, &teller))
        return;
    bool is_ours = tg_text_is(teller, tg_text_of(tier->me));
    if (tg_text_is(digits, TG_TEXT("-"))) {
        tg_tier_take_change(tier, message, is_ours);
        return;
    }
    if (!read_number(digits, &number))
        return;
    if (number > meeting->missed)
        meeting->missed = number;
    if (!atomic_load(&tier->is_current) || number <= seen)
        return;
    if (number != seen + 1) {
        catch_up(meeting);
        return;
    }
    take_purge(meeting, number, message, is_ours);
    atomic_store(&tier->seen, number);
}

/* ---- catching up */

/* What was purged meanwhile is not known any more: it may be anything. */
static void forget(struct tg_meeting *meeting, uint64_t number)
{
    struct tg_cache_purge all = {TG_CACHE_PURGE_ALL, false, 0, {"", 0}};

    tg_purge_log_forget(meeting->tier->log, number);
    if (atomic_load(&meeting->tier->seen) < number)
        tg_cache_apply(meeting->tier->cache, &all);
}

static bool is_own(const struct tg_meeting *meeting, uint64_t number)
{
    for (size_t i = 0; i < OWN; i++)
        if (number >= meeting->own[i].first && number <= meeting->own[i].last)
            return true;
    return false;
}

static bool take_purges(struct tg_meeting *meeting, const redisReply *reply)
{
    uint64_t last, forgotten, number;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 || reply->elements % 2 != 0 ||
        !read_reply_number(reply->element[0], &last) ||
        !read_reply_number(reply->element[1], &forgotten) ||
        last < atomic_load(&meeting->tier->seen))
        return false;
    forget(meeting, forgotten);
    for (size_t i = 2; i < reply->elements; i += 2) {
        const redisReply *purge = reply->element[i];
        if (purge->type != REDIS_REPLY_STRING || !read_reply_number(reply->element[i + 1], &number))
            return false;
        if (purge->len > 1) /* not one of the two marks */
            take_purge(meeting, number, tg_text(purge->str, purge->len), is_own(meeting, number));
    }
    atomic_store(&meeting->tier->seen, last);
    return true;
}

static void on_caught_up(struct tg_redis_command *command, const redisReply *reply,
                         struct tg_error error)
{
    struct tg_meeting *meeting = H2O_STRUCT_FROM_MEMBER(struct tg_meeting, catching, command);
    struct tg_tier *tier = meeting->tier;

    if (error.code != NULL || !take_purges(meeting, reply)) {
        if (error.code == NULL)
            note_refusal(meeting, reply);
        retry_later(meeting);
        return;
    }
    if (!meeting->hears)
        return;
    if (meeting->missed > atomic_load(&tier->seen)) {
        catch_up(meeting);
        return;
    }
    if (meeting->was_deaf)
        tg_tier_forget_values(tier);
    meeting->was_deaf = false;
    atomic_store(&tier->is_current, true);
    meeting->was_refused = false;
    if (!meeting->was_heard)
        tg_log_info(log_of(meeting), NULL, "event=redis_ready");
    meeting->was_heard = true;
}

/* Messages that come meanwhile are not taken: the reply may have them already. */
static void catch_up(struct tg_meeting *meeting)
{
    char seen[24];

    atomic_store(&meeting->tier->is_doubted, false);
    if (!meeting->hears || meeting->catching.redis != NULL)
        return;
    atomic_store(&meeting->tier->is_current, false);
    snprintf(seen, sizeof(seen), "%llu", (unsigned long long)atomic_load(&meeting->tier->seen));
    const struct tg_text arguments[] = {TG_TEXT("EVAL"), tg_text_of(catch_up_script), TG_TEXT("1"),
                                        tg_text_of(meeting->purges), tg_text_of(seen)};
    if (!tg_redis_send(meeting->redis, &meeting->catching, arguments, 5, on_caught_up))
        retry_later(meeting);
}

static void on_hearing(struct tg_redis_owner *owner, bool ready, struct tg_error error)
{
    struct tg_meeting *meeting = H2O_STRUCT_FROM_MEMBER(struct tg_meeting, subscriber_owner, owner);

    meeting->hears = ready;
    meeting->was_deaf |= !ready;
    atomic_store(&meeting->tier->is_current, false);
    if (ready) {
        catch_up(meeting);
        return;
    }
    tg_log_warn(log_of(meeting), NULL, "event=redis_away code=%s reason=\"%s\"", error.code,
                error.message);
    meeting->was_heard = false;
}

/* ---- telling */

static void on_told(struct tg_redis_command *command, const redisReply *reply,
                    struct tg_error error)
{
    struct tg_meeting *meeting = H2O_STRUCT_FROM_MEMBER(struct tg_meeting, telling, command);
    struct tg_tier *tier = meeting->tier;
    size_t count = meeting->told_count;
    uint64_t last;

    if (error.code != NULL || !read_reply_number(reply, &last)) {
        if (error.code == NULL)
            note_refusal(meeting, reply);
        retry_later(meeting); /* that they are told twice does no harm */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct tg_queued_purge *purge = meeting->told[i];
        take_purge(meeting, last - count + i + 1, tg_text(purge->text, purge->len), true);
        free(purge);
    }
    meeting->told_count = 0;
    meeting->own[meeting->own_next++ % OWN] = (struct run){last - count + 1, last};
    atomic_fetch_add(&tier->told, count);
    atomic_fetch_sub(&tier->pending, count);
    tell(meeting);
}

static void take_batch(struct tg_meeting *meeting)
{
    struct tg_tier *tier = meeting->tier;

    pthread_mutex_lock(&tier->lock);
    while (tier->queue != NULL && meeting->told_count < BATCH) {
        struct tg_queued_purge *purge = tier->queue;
        tier->queue = purge->next;
        tier->queued--;
        meeting->told[meeting->told_count++] = purge;
    }
    if (tier->queue == NULL)
        tier->queue_end = &tier->queue;
    pthread_mutex_unlock(&tier->lock);
}

static void tell(struct tg_meeting *meeting)
{
    char most[16];
    struct tg_text arguments[7 + BATCH] = {TG_TEXT("EVAL"), tg_text_of(tell_script), TG_TEXT("1"),
                                           tg_text_of(meeting->purges)};

    if (meeting->telling.redis != NULL)
        return;
    take_batch(meeting);
    if (meeting->told_count == 0)
        return;
    snprintf(most, sizeof(most), "%d", TG_TIER_PURGES + 2);
    arguments[4] = tg_text_of(most);
    arguments[5] = tg_text_of(meeting->channel);
    arguments[6] = tg_text_of(meeting->tier->me);
    for (size_t i = 0; i < meeting->told_count; i++)
        arguments[7 + i] = tg_text(meeting->told[i]->text, meeting->told[i]->len);
    if (!tg_redis_send(meeting->redis, &meeting->telling, arguments, 7 + meeting->told_count,
                       on_told))
        retry_later(meeting);
}

/* ---- its life */

void tg_meeting_wake(struct tg_meeting *meeting)
{
    if (atomic_load(&meeting->tier->is_doubted))
        catch_up(meeting);
    tell(meeting);
}

struct tg_meeting *tg_meeting_create(struct tg_tier_link *link)
{
    struct tg_tier *tier = link->tier;
    struct tg_net *net = link->thread.net;
    struct tg_meeting *meeting = calloc(1, sizeof(*meeting));

    assert(meeting != NULL);
    meeting->link = link;
    meeting->tier = tier;
    meeting->subscriber_owner.on_state = on_hearing;
    meeting->subscriber_owner.on_message = on_message;
    snprintf(meeting->purges, TG_TIER_NAME, "%s:purges", tier->config->prefix);
    snprintf(meeting->channel, TG_TIER_NAME, "%s:purged", tier->config->prefix);
    meeting->channels[0] = meeting->channel;
    meeting->redis = tg_redis_create(net, &tier->config->purges, &meeting->redis_owner, NULL, 0);
    meeting->subscriber = tg_redis_create(net, &tier->config->purges, &meeting->subscriber_owner,
                                          meeting->channels, 1);
    return meeting;
}

void tg_meeting_destroy(struct tg_meeting *meeting)
{
    atomic_store(&meeting->tier->is_current, false);
    tg_timer_stop(meeting->link->thread.net->timers, &meeting->retry);
    tg_redis_cancel(&meeting->telling);
    tg_redis_cancel(&meeting->catching);
    for (size_t i = 0; i < meeting->told_count; i++)
        free(meeting->told[i]);
    tg_redis_destroy(meeting->redis);
    tg_redis_destroy(meeting->subscriber);
    free(meeting);
}
