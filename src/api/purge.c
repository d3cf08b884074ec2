#include "api/purge.h"

#include "api/keep.h"
#include "store/cache_url.h"

const char *tg_purge_name(enum tg_purge_kind kind)
{
    static const char *const names[TG_PURGE_KINDS] = {"tag", "url", "prefix", "all"};

    return names[kind];
}

const char *tg_purge(struct tg_cache *cache, enum tg_purge_kind kind, struct tg_text text,
                     bool soft)
{
    switch (kind) {
    case TG_PURGE_TAG:
        if (text.len == 0 || text.len > TG_KEEP_TAG_LENGTH)
            return "a tag has 1 to 256 bytes";
        tg_cache_purge_hash(cache, tg_keep_tag(cache, text), soft);
        return NULL;
    case TG_PURGE_URL:
        return tg_cache_url_purge(cache, text, soft);
    case TG_PURGE_PREFIX:
        if (text.len == 0 || text.base[0] != '/')
            return "a prefix is the beginning of a path: '/shop/'";
        tg_cache_purge_prefix(cache, text, soft);
        return NULL;
    case TG_PURGE_ALL:
        tg_cache_purge_all(cache, soft);
        return NULL;
    }
    return NULL;
}
