#include "gate/site_cache.h"

#include <lua.h>
#include <stdlib.h>

#include "gate/site_table.h"

static const struct tg_key_part usual_parts[] = {
    {TG_KEY_HOST, {NULL, 0}}, {TG_KEY_PATH, {NULL, 0}}, {TG_KEY_QUERY, {NULL, 0}}};
static const struct tg_key_part http_parts[] = {
    {TG_KEY_HOST, {NULL, 0}}, {TG_KEY_PATH, {NULL, 0}}, {TG_KEY_TARGET, {NULL, 0}}};
static const struct tg_text usual_methods[] = {{"GET", 3}, {"HEAD", 4}};
static const int usual_statuses[] = {200, 203, 204, 300, 301, 308};

bool tg_cache_policy_keeps(const struct tg_cache_policy *policy, int status)
{
    return status >= 0 && status < 600 && (policy->statuses[status / 8] >> (status % 8) & 1) != 0;
}

static enum tg_key_kind kind_of(struct tg_text kind, bool named)
{
    switch (kind.base[0]) {
    case 'p':
        return TG_KEY_PATH;
    case 'q':
        return named ? TG_KEY_PARAM : TG_KEY_QUERY;
    case 'b':
        return named ? TG_KEY_POINTER : TG_KEY_BODY;
    case 'c':
        return TG_KEY_COOKIE;
    case 'x':
        return TG_KEY_XPATH;
    default:
        return kind.base[1] == 'o' ? TG_KEY_HOST : TG_KEY_HEADER;
    }
}

static void note_part(struct tg_cache_policy *policy, const struct tg_key_part *part)
{
    switch (part->kind) {
    case TG_KEY_PATH:
    case TG_KEY_HOST:
    case TG_KEY_QUERY:
    case TG_KEY_TARGET:
    case TG_KEY_PARAM:
        break;
    case TG_KEY_HEADER:
        policy->keys_authorization =
            policy->keys_authorization || tg_text_is(part->name, TG_TEXT("authorization"));
        policy->keys_cookies = policy->keys_cookies || tg_text_is(part->name, TG_TEXT("cookie"));
        break;
    case TG_KEY_COOKIE:
        policy->keys_cookies = true;
        break;
    case TG_KEY_BODY:
    case TG_KEY_POINTER:
    case TG_KEY_XPATH:
        policy->keys_body = true;
    }
}

static void read_parts(lua_State *L, struct tg_site *site, struct tg_cache_policy *policy)
{
    size_t count = tg_table_list(L, "key");
    struct tg_key_part *parts = tg_table_array(site, count, sizeof(*parts));

    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        parts[i].name = tg_table_text(L, site, "name");
        parts[i].kind = kind_of(tg_table_text(L, site, "kind"), parts[i].name.base != NULL);
        note_part(policy, &parts[i]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    policy->parts = count != 0 ? parts : usual_parts;
    policy->part_count = count != 0 ? count : sizeof(usual_parts) / sizeof(*usual_parts);
}

static void read_methods(lua_State *L, struct tg_site *site, struct tg_cache_policy *policy)
{
    size_t count = tg_table_list(L, "methods");
    struct tg_text *methods = tg_table_array(site, count, sizeof(*methods));

    for (size_t i = 0; i < count; i++)
        methods[i] = tg_table_item(L, site, i);
    lua_pop(L, 1);
    policy->methods = count != 0 ? methods : usual_methods;
    policy->method_count = count != 0 ? count : sizeof(usual_methods) / sizeof(*usual_methods);
}

static void keep(struct tg_cache_policy *policy, int from, int to)
{
    for (int status = from; status <= to; status++)
        policy->statuses[status / 8] |= (uint8_t)(1 << status % 8);
}

static void read_statuses(lua_State *L, struct tg_site *site, struct tg_cache_policy *policy)
{
    size_t count = tg_table_list(L, "status");

    for (size_t i = 0; i < count; i++) {
        struct tg_text text = tg_table_item(L, site, i);
        int first = text.base[1] == 'x' ? (text.base[0] - '0') * 100 : atoi(text.base);
        keep(policy, first, text.base[1] == 'x' ? first + 99 : first);
    }
    lua_pop(L, 1);
    for (size_t i = 0; count == 0 && i < sizeof(usual_statuses) / sizeof(*usual_statuses); i++)
        keep(policy, usual_statuses[i], usual_statuses[i]);
}

static const struct tg_cache_policy *by_http(struct tg_site *site)
{
    struct tg_cache_policy *policy = tg_table_array(site, 1, sizeof(*policy));

    *policy = (struct tg_cache_policy){
        .http = true,
        .parts = http_parts,
        .part_count = sizeof(http_parts) / sizeof(*http_parts),
        .methods = usual_methods,
        .method_count = sizeof(usual_methods) / sizeof(*usual_methods),
        .retry_ms = 1000,
        .shared = true, /* the rules say what may be */
    };
    return policy;
}

const struct tg_cache_policy *tg_site_read_cache(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "cache");
    if (lua_isstring(L, -1)) {
        lua_pop(L, 1);
        return by_http(site);
    }
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return NULL;
    }
    struct tg_cache_policy *policy = tg_table_array(site, 1, sizeof(*policy));
    double ttl = tg_table_number(L, "ttl", -1);
    *policy = (struct tg_cache_policy){
        .has_ttl = ttl >= 0,
        .ttl_ms = ttl >= 0 ? (uint64_t)ttl : 0,
        .stale_ms = (uint64_t)tg_table_number(L, "healthy", 0),
        .sick_ms = (uint64_t)tg_table_number(L, "sick", 0),
        .retry_ms = (uint64_t)tg_table_number(L, "retry", 5000),
        .shared = tg_table_true(L, "shared"),
    };
    if (policy->sick_ms < policy->stale_ms)
        policy->sick_ms = policy->stale_ms;
    read_parts(L, site, policy);
    read_methods(L, site, policy);
    read_statuses(L, site, policy);
    lua_pop(L, 1);
    return policy;
}
