#include "gate/site_tier.h"

#include <assert.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "gate/site_table.h"
#include "gate/site_tls.h"
#include "net/tls.h"

enum { PURGES_TIMEOUT_MS = 1000 };

/* False when a file has changed since it was checked. */
static bool read_tls(lua_State *L, struct tg_site *site, struct tg_tier_config *config,
                     struct tg_buffer *print)
{
    struct tg_tls_problem problem;
    struct tg_tls_options options = tg_site_read_tls(L, site);

    tg_buffer_printf(
        print, "|%s|%s|%s|%s|%d|%d", options.ca != NULL ? options.ca : "",
        options.cert != NULL ? options.cert : "", options.key != NULL ? options.key : "",
        options.name != NULL ? options.name : "", options.unverified, options.only_1_3);
    config->tls = tg_tls_create(&options, &problem);
    config->entries.backend.unverified = config->purges.backend.unverified = options.unverified;
    config->entries.backend.tls = config->purges.backend.tls = config->tls;
    for (size_t i = 0; i < config->sentinels.count; i++) {
        config->sentinels.list[i].backend.unverified = options.unverified;
        config->sentinels.list[i].backend.tls = config->tls;
    }
    return config->tls != NULL;
}

/* Their texts are part of what the print stands for. */
static void read_sentinels(lua_State *L, struct tg_site *site, struct tg_tier_config *config,
                           struct tg_buffer *print)
{
    struct tg_sentinels *sentinels = &config->sentinels;
    const char **urls = tg_table_names(L, site, "sentinels", &sentinels->count);

    if (sentinels->count == 0)
        return;
    sentinels->list = calloc(sentinels->count, sizeof(*sentinels->list));
    assert(sentinels->list != NULL);
    for (size_t i = 0; i < sentinels->count; i++) {
        struct tg_error error = tg_sentinel_parse(tg_text_of(urls[i]), &sentinels->list[i]);
        assert(error.code == NULL); /* it was checked */
        sentinels->list[i].backend.addresses = &sentinels->list[i].address;
        tg_buffer_printf(print, "|%s", urls[i]);
    }
    config->entries.sentinels = config->purges.sentinels = sentinels;
}

static bool needs_tls(const struct tg_tier_config *config)
{
    bool needs = config->entries.address.is_tls;

    for (size_t i = 0; i < config->sentinels.count; i++)
        needs |= config->sentinels.list[i].address.is_tls;
    return needs;
}

static void read_options(lua_State *L, struct tg_site *site, struct tg_tier_config *config)
{
    struct tg_text prefix = tg_table_text(L, site, "prefix");

    snprintf(config->prefix, sizeof(config->prefix), "%s",
             prefix.base != NULL ? prefix.base : "tidegate");
    config->lock_ms = (uint32_t)tg_table_number(L, "lock", 3000);
    config->entries.timeout_ms = (uint32_t)tg_table_number(L, "timeout", 20);
    config->purges.timeout_ms = PURGES_TIMEOUT_MS;
    config->entries.connect_timeout_ms = config->purges.connect_timeout_ms =
        (uint32_t)tg_table_number(L, "connect_timeout", 1000);
    /* what is around a body is bounded as heads are */
    config->entries.limit = site->cache_object + 1048576;
}

struct tg_tier_config *tg_site_read_tier(lua_State *L, struct tg_site *site)
{
    struct tg_buffer print = {.limit = 0};
    uint8_t digest[TG_DIGEST_MAX];

    lua_getfield(L, -1, "redis");
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return NULL;
    }
    struct tg_tier_config *config = calloc(1, sizeof(*config));
    assert(config != NULL);
    struct tg_text url = tg_table_text(L, site, "url");
    struct tg_error error = tg_redis_parse(url, &config->entries);
    if (error.code == NULL)
        error = tg_redis_parse(url, &config->purges);
    assert(error.code == NULL); /* it was checked */
    read_options(L, site, config);
    tg_buffer_printf(&print, "%s|%s|%u|%u|%u", url.base, config->prefix, config->lock_ms,
                     config->entries.timeout_ms, config->entries.connect_timeout_ms);
    read_sentinels(L, site, config, &print);
    if (needs_tls(config) && !read_tls(L, site, config, &print))
        site->is_torn = true;
    tg_crypto_digest(TG_SHA256, tg_text(print.base, print.len), digest);
    memcpy(config->print, digest, sizeof(config->print));
    tg_buffer_dispose(&print);
    lua_pop(L, 1);
    return config;
}

void tg_site_free_tier(struct tg_tier_config *config)
{
    if (config == NULL)
        return;
    if (config->tls != NULL)
        tg_tls_destroy(config->tls);
    free(config->sentinels.list);
    free(config);
}
