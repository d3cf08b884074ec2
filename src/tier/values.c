#include "tier/values.h"

#include <stdio.h>

#include "tier/keep.h"

/* Who hears the message lets go of what he has under the key. */
static const char set_script[] =
    "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) redis.call('PUBLISH',ARGV[3],ARGV[4]) return 1";

static const char delete_script[] =
    "redis.call('DEL',KEYS[1]) redis.call('PUBLISH',ARGV[1],ARGV[2]) return 1";

static uint64_t all_values(const struct tg_cache *cache)
{
    return tg_cache_tag_hash(cache, TG_TEXT("values"));
}

void tg_tier_value_tags(const struct tg_cache *cache, struct tg_text key,
                        uint64_t tags[TG_VALUE_TAGS])
{
    struct tg_buffer text = {.limit = 0};

    tg_buffer_append(&text, "key ", 4);
    tg_buffer_append(&text, key.base, key.len);
    tags[0] = tg_cache_tag_hash(cache, tg_text(text.base, text.len));
    tags[1] = all_values(cache);
    tg_buffer_dispose(&text);
}

bool tg_tier_hears(const struct tg_tier_link *link)
{
    return link != NULL && link->redis != NULL && tg_redis_is_ready(link->redis) &&
           atomic_load(&link->tier->is_current);
}

/* The names of the entry and of the channel, and the message. */
struct telling {
    char name[TG_TIER_NAME], channel[TG_TIER_NAME];
    size_t name_len;
    struct tg_buffer message;
};

static void prepare(struct telling *telling, const struct tg_tier *tier, char what,
                    struct tg_text key)
{
    *telling = (struct telling){.message = {.limit = 0}};
    telling->name_len = tg_tier_name(tier, 'e', key, telling->name);
    snprintf(telling->channel, sizeof(telling->channel), "%s:purged", tier->config->prefix);
    tg_buffer_printf(&telling->message, "- %s %c", tier->me, what);
    tg_buffer_append(&telling->message, key.base, key.len);
}

static void tell_set(struct tg_tier_link *link, const struct tg_entry *entry, uint64_t tag)
{
    struct tg_tier *tier = link->tier;
    struct tg_moment moment = tg_tier_now(link);
    struct tg_buffer bytes = {.limit = 0};
    struct telling telling;
    char life[24];

    prepare(&telling, tier, 's', entry->is.key);
    tg_entry_form_write(entry, atomic_load(&tier->seen), moment, &bytes);
    const struct tg_text arguments[] = {
        TG_TEXT("EVAL"),
        tg_text_of(set_script),
        TG_TEXT("1"),
        tg_text(telling.name, telling.name_len),
        tg_text(bytes.base, bytes.len),
        tg_text(life, (size_t)snprintf(life, sizeof(life), "%llu",
                                       (unsigned long long)tg_entry_form_life(entry, moment))),
        tg_text_of(telling.channel),
        tg_text(telling.message.base, telling.message.len),
    };
    tg_tier_dispatch(link, arguments, 8, true, tag);
    tg_buffer_dispose(&bytes);
    tg_buffer_dispose(&telling.message);
}

void tg_tier_set(struct tg_tier_link *link, const struct tg_entry *entry, uint64_t tag, bool heard)
{
    if (link == NULL)
        return;
    if (heard && tg_entry_form_life(entry, tg_tier_now(link)) != 0)
        tell_set(link, entry, tag);
    else
        tg_tier_outdate(link->tier, tag);
}

void tg_tier_delete(struct tg_tier_link *link, struct tg_text key)
{
    uint64_t tags[TG_VALUE_TAGS];
    struct telling telling;

    if (link == NULL)
        return;
    tg_tier_value_tags(link->tier->cache, key, tags);
    if (!tg_tier_hears(link)) {
        tg_tier_outdate(link->tier, tags[0]);
        return;
    }
    prepare(&telling, link->tier, 'd', key);
    const struct tg_text arguments[] = {
        TG_TEXT("EVAL"),
        tg_text_of(delete_script),
        TG_TEXT("1"),
        tg_text(telling.name, telling.name_len),
        tg_text_of(telling.channel),
        tg_text(telling.message.base, telling.message.len),
    };
    tg_tier_dispatch(link, arguments, 6, false, tags[0]);
    tg_buffer_dispose(&telling.message);
}

/* What was set here is newer than the message of it. What was deleted may have been read from Redis
 * by another thread just before. */
void tg_tier_take_change(struct tg_tier *tier, struct tg_text message, bool is_ours)
{
    uint64_t tags[TG_VALUE_TAGS];

    if (message.len < 2 || (is_ours && message.base[0] == 's'))
        return;
    struct tg_text key = tg_text(message.base + 1, message.len - 1);
    tg_tier_value_tags(tier->cache, key, tags);
    tg_cache_remove_tagged(tier->cache, key, tags[0]);
}

void tg_tier_forget_values(struct tg_tier *tier)
{
    struct tg_cache_purge purge = {TG_CACHE_PURGE_TAG, false, all_values(tier->cache), {"", 0}};

    tg_cache_apply(tier->cache, &purge);
}
