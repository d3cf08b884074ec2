/* How the answers of a route are kept: the `cache` of a route in site.lua. */
#ifndef TG_GATE_SITE_CACHE_H
#define TG_GATE_SITE_CACHE_H

#include "gate/site.h"

struct lua_State;

enum tg_key_kind {
    TG_KEY_PATH,
    TG_KEY_HOST,
    TG_KEY_QUERY,  /* all of it */
    TG_KEY_TARGET, /* the same, as it came */
    TG_KEY_PARAM,  /* one name of it */
    TG_KEY_HEADER, /* name in lower case */
    TG_KEY_COOKIE,
    TG_KEY_BODY, /* all of it */
    TG_KEY_POINTER,
    TG_KEY_XPATH,
};

struct tg_key_part {
    enum tg_key_kind kind;
    struct tg_text name;
};

/* Times in ms. */
struct tg_cache_policy {
    bool http; /* by the rules of RFC 9111; the rest is as usual then */
    const struct tg_key_part *parts;
    size_t part_count;
    const struct tg_text *methods;
    size_t method_count;
    uint8_t statuses[600 / 8]; /* a bit for each that is kept */
    bool has_ttl;
    uint64_t ttl_ms;
    uint64_t stale_ms; /* after that: served while a fresh one is fetched */
    uint64_t sick_ms;  /* after that: served when none can be had; at least stale_ms */
    uint64_t retry_ms; /* between two tries then */
    bool shared;       /* credentials don't matter: who asks gets it */
    bool keys_authorization, keys_cookies, keys_body;
};

/* The one of the route whose table is on top; NULL: it has none. */
const struct tg_cache_policy *tg_site_read_cache(struct lua_State *L, struct tg_site *site);

bool tg_cache_policy_keeps(const struct tg_cache_policy *policy, int status);

#endif
