#include "tier/keep.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const char keep_script[] =
    "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2])\n"
    "if redis.call('GET',KEYS[2])==ARGV[3] then redis.call('DEL',KEYS[2]) end return 1";

static const char unlock_script[] =
    "if redis.call('GET',KEYS[1])==ARGV[1] then redis.call('DEL',KEYS[1]) end return 1";

/* One on its way. */
struct write {
    struct tg_redis_command command;
    h2o_linklist_t link;
    struct tg_tier_link *of;
    bool stores;
    uint64_t tag; /* outdated when it fails; 0: none */
};

static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error)
{
    struct write *write = H2O_STRUCT_FROM_MEMBER(struct write, command, command);
    bool well = error.code == NULL && reply->type != REDIS_REPLY_ERROR;

    if (write->stores || !well)
        tg_tier_count(write->of, well ? TG_TIER_STORED : TG_TIER_FAILED);
    if (!well && write->tag != 0)
        tg_tier_outdate(write->of->tier, write->tag);
    h2o_linklist_unlink(&write->link);
    free(write);
}

void tg_tier_dispatch(struct tg_tier_link *link, const struct tg_text *arguments, size_t n,
                      bool stores, uint64_t tag)
{
    struct write *write = malloc(sizeof(*write));

    assert(write != NULL);
    *write = (struct write){.of = link, .stores = stores, .tag = tag};
    if (!tg_redis_send(link->redis, &write->command, arguments, n, on_reply)) {
        tg_tier_count(link, TG_TIER_SKIPPED);
        if (tag != 0)
            tg_tier_outdate(link->tier, tag);
        free(write);
        return;
    }
    h2o_linklist_insert(&link->writes, &write->link);
}

static void send_entry(struct tg_share *share, const struct tg_entry *entry, struct tg_text bytes,
                       uint64_t life_ms)
{
    struct tg_tier_link *link = share->link;
    bool unlocks = share->lock.len != 0 && entry->is.kind != TG_ENTRY_VARY;
    char name[TG_TIER_NAME], lock[TG_TIER_NAME], life[24];
    struct tg_text key = tg_text(name, tg_tier_name(link->tier, 'e', entry->is.key, name));
    struct tg_text ms =
        tg_text(life, (size_t)snprintf(life, sizeof(life), "%llu", (unsigned long long)life_ms));

    if (!unlocks) {
        const struct tg_text set[] = {TG_TEXT("SET"), key, bytes, TG_TEXT("PX"), ms};
        tg_tier_dispatch(link, set, 5, true, 0);
        return;
    }
    const struct tg_text eval[] = {
        TG_TEXT("EVAL"),
        tg_text_of(keep_script),
        TG_TEXT("2"),
        key,
        tg_text(lock, tg_tier_name(link->tier, 'l', share->lock_key, lock)),
        bytes,
        ms,
        share->lock,
    };
    tg_tier_dispatch(link, eval, 8, true, 0);
    share->lock.len = 0;
}

void tg_tier_keep(struct tg_share *share, const struct tg_entry *entry)
{
    struct tg_tier_link *link = share->link;
    struct tg_moment moment;
    struct tg_buffer bytes = {.limit = 0};

    if (link == NULL || link->redis == NULL || share->shared_epoch == 0)
        return;
    moment = tg_tier_now(link);
    uint64_t life_ms = tg_entry_form_life(entry, moment);
    if (life_ms == 0)
        return;
    if (!tg_redis_is_ready(link->redis)) {
        tg_tier_count(link, TG_TIER_SKIPPED);
        return;
    }
    tg_entry_form_write(entry, share->shared_epoch, moment, &bytes);
    send_entry(share, entry, tg_text(bytes.base, bytes.len), life_ms);
    tg_buffer_dispose(&bytes);
}

void tg_tier_unlock(struct tg_share *share)
{
    struct tg_tier_link *link = share->link;
    char lock[TG_TIER_NAME];

    if (share->lock.len == 0)
        return;
    if (link->redis != NULL && tg_redis_is_ready(link->redis)) {
        const struct tg_text eval[] = {
            TG_TEXT("EVAL"), tg_text_of(unlock_script), TG_TEXT("1"),
            tg_text(lock, tg_tier_name(link->tier, 'l', share->lock_key, lock)), share->lock};
        tg_tier_dispatch(link, eval, 5, false, 0);
    }
    share->lock.len = 0;
}

void tg_tier_keep_stop(struct tg_tier_link *link)
{
    for (h2o_linklist_t *node = link->writes.next, *next; node != &link->writes; node = next) {
        struct write *write = H2O_STRUCT_FROM_MEMBER(struct write, link, node);
        next = node->next;
        tg_redis_cancel(&write->command);
        free(write);
    }
    h2o_linklist_init_anchor(&link->writes);
}
