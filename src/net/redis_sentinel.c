#include "net/redis_sentinel.h"

#include <stdio.h>

/* In the order of a search: start → ask → on_reply → on_ended, which asks the next one. */
static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error);
static void on_ended(struct tg_timer *timer);

struct tg_error tg_sentinel_parse(struct tg_text url, struct tg_redis_config *config)
{
    struct tg_error error = tg_redis_parse(url, config);

    if (error.code != NULL)
        return error;
    if (config->address.base_path[0] != '\0')
        return (struct tg_error){"address", "the address of a sentinel has no database"};
    if (!config->has_port && !config->address.is_unix)
        config->address.port = TG_SENTINEL_PORT;
    config->timeout_ms = config->connect_timeout_ms = TG_SENTINEL_TIMEOUT_MS;
    config->pending = 1;
    config->limit = 65536;
    return TG_OK;
}

static void end_soon(struct tg_master_search *search, struct tg_error error)
{
    search->error = error;
    tg_timer_start(search->net->timers, &search->ended, 0, on_ended);
}

static void ask(struct tg_master_search *search)
{
    const struct tg_redis_config *config = &search->sentinels->list[search->at];
    const struct tg_text words[] = {TG_TEXT("SENTINEL"), TG_TEXT("get-master-addr-by-name"),
                                    tg_text_of(search->name->host)};

    search->asked++;
    search->redis = tg_redis_create(search->net, config, NULL, NULL, 0);
    if (!tg_redis_send(search->redis, &search->command, words, 3, on_reply))
        end_soon(search, (struct tg_error){"sentinel", "a sentinel takes no commands"});
}

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING && reply->len != 0 && reply->len < 256;
}

/* An address and a port, as texts. */
static struct tg_error read_address(const redisReply *reply, bool is_tls,
                                    struct tg_address *address)
{
    const struct tg_error unknown = {"sentinel", "no sentinel knows a master of this name"};
    char text[600];

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || !is_text(reply->element[0]) ||
        !is_text(reply->element[1]))
        return unknown;
    const char *host = reply->element[0]->str, *port = reply->element[1]->str;
    bool is_v6 = strchr(host, ':') != NULL;
    int len = snprintf(text, sizeof(text), "%s://%s%s%s:%s", is_tls ? "https" : "http",
                       is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
    if (tg_address_parse(tg_text(text, (size_t)len), address).code != NULL ||
        address->base_path[0] != '\0')
        return (struct tg_error){"sentinel", "the address that a sentinel gives is none"};
    return TG_OK;
}

static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error)
{
    struct tg_master_search *search =
        H2O_STRUCT_FROM_MEMBER(struct tg_master_search, command, command);

    if (error.code == NULL)
        error = read_address(reply, search->name->is_tls, search->address);
    end_soon(search, error);
}

static void close_redis(struct tg_master_search *search)
{
    tg_redis_cancel(&search->command);
    if (search->redis != NULL)
        tg_redis_destroy(search->redis);
    search->redis = NULL;
}

static void go_on(struct tg_master_search *search)
{
    search->at = (search->at + 1) % search->sentinels->count;
}

static void on_ended(struct tg_timer *timer)
{
    struct tg_master_search *search = H2O_STRUCT_FROM_MEMBER(struct tg_master_search, ended, timer);

    close_redis(search);
    if (search->error.code == NULL) {
        search->on_found(search, TG_OK);
        return;
    }
    go_on(search);
    if (search->asked < search->sentinels->count)
        ask(search);
    else
        search->on_found(search, search->error);
}

void tg_master_search_start(struct tg_master_search *search,
                            void (*on_found)(struct tg_master_search *self, struct tg_error error))
{
    search->on_found = on_found;
    search->asked = 0;
    ask(search);
}

void tg_master_search_cancel(struct tg_master_search *search)
{
    if (search->redis == NULL)
        return;
    tg_timer_stop(search->net->timers, &search->ended);
    close_redis(search);
    go_on(search); /* the one that was too slow is not the first next time */
}
