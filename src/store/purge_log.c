#include "store/purge_log.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { PREFIXES = 64, TAG_DIGITS = 16 };

/* ---- as text */

void tg_purge_write(const struct tg_cache_purge *purge, struct tg_buffer *out)
{
    tg_buffer_put(out, purge->soft ? 's' : 'h');
    switch (purge->kind) {
    case TG_CACHE_PURGE_TAG:
        tg_buffer_printf(out, "t%016llx", (unsigned long long)purge->tag);
        break;
    case TG_CACHE_PURGE_PREFIX:
        tg_buffer_put(out, 'p');
        tg_buffer_append(out, purge->prefix.base, purge->prefix.len);
        break;
    case TG_CACHE_PURGE_ALL:
        tg_buffer_put(out, 'a');
        break;
    }
}

static bool read_tag(struct tg_text digits, uint64_t *tag)
{
    *tag = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.base[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        *tag = *tag << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return digits.len == TAG_DIGITS;
}

bool tg_purge_read(struct tg_text text, struct tg_cache_purge *purge)
{
    if (text.len < 2 || (text.base[0] != 's' && text.base[0] != 'h'))
        return false;
    struct tg_text rest = tg_text(text.base + 2, text.len - 2);
    *purge = (struct tg_cache_purge){.soft = text.base[0] == 's', .prefix = {"", 0}};
    switch (text.base[1]) {
    case 't':
        purge->kind = TG_CACHE_PURGE_TAG;
        return read_tag(rest, &purge->tag);
    case 'p':
        purge->kind = TG_CACHE_PURGE_PREFIX;
        purge->prefix = rest;
        return rest.len != 0 && rest.len <= TG_PURGE_PREFIX_MOST;
    case 'a':
        purge->kind = TG_CACHE_PURGE_ALL;
        return rest.len == 0;
    }
    return false;
}

/* ---- the log */

struct prefix {
    char *text;
    size_t len;
    uint64_t number;
    bool soft;
};

struct tg_purge_log {
    struct tg_purges *purges;
    pthread_mutex_t lock; /* for what follows */
    uint64_t floor;
    struct prefix prefixes[PREFIXES];
};

struct tg_purge_log *tg_purge_log_create(size_t most)
{
    struct tg_purge_log *log = calloc(1, sizeof(*log));

    assert(log != NULL);
    log->purges = tg_purges_create(most);
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

void tg_purge_log_destroy(struct tg_purge_log *log)
{
    for (size_t i = 0; i < PREFIXES; i++)
        free(log->prefixes[i].text);
    tg_purges_destroy(log->purges);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static void raise_floor(struct tg_purge_log *log, uint64_t number)
{
    if (log->floor < number)
        log->floor = number;
}

/* In the place of the oldest: of what was there nothing is known any more. */
static void note_prefix(struct tg_purge_log *log, uint64_t number,
                        const struct tg_cache_purge *purge)
{
    struct prefix *place = &log->prefixes[0];
    char *text = malloc(purge->prefix.len);

    assert(text != NULL);
    memcpy(text, purge->prefix.base, purge->prefix.len);
    for (size_t i = 1; i < PREFIXES; i++)
        if (log->prefixes[i].number < place->number)
            place = &log->prefixes[i];
    raise_floor(log, place->number);
    free(place->text);
    *place = (struct prefix){text, purge->prefix.len, number, purge->soft};
}

void tg_purge_log_note(struct tg_purge_log *log, uint64_t number,
                       const struct tg_cache_purge *purge)
{
    switch (purge->kind) {
    case TG_CACHE_PURGE_TAG:
        tg_purges_tag_at(log->purges, number, purge->tag, purge->soft);
        break;
    case TG_CACHE_PURGE_ALL:
        tg_purges_all_at(log->purges, number, purge->soft);
        break;
    case TG_CACHE_PURGE_PREFIX:
        pthread_mutex_lock(&log->lock);
        note_prefix(log, number, purge);
        pthread_mutex_unlock(&log->lock);
        break;
    }
}

void tg_purge_log_forget(struct tg_purge_log *log, uint64_t number)
{
    pthread_mutex_lock(&log->lock);
    raise_floor(log, number);
    pthread_mutex_unlock(&log->lock);
}

static bool begins_with(struct tg_text text, const struct prefix *prefix)
{
    return text.len >= prefix->len && memcmp(text.base, prefix->text, prefix->len) == 0;
}

/* The lock is held. */
static enum tg_freshness ask_prefixes(const struct tg_purge_log *log, uint64_t number,
                                      const struct tg_entry *entry)
{
    enum tg_freshness worst = log->floor > number ? TG_PURGED_HARD : TG_PURGED_NOT;

    for (size_t i = 0; i < PREFIXES && entry->is.url.len != 0; i++) {
        const struct prefix *prefix = &log->prefixes[i];
        enum tg_freshness found = prefix->soft ? TG_PURGED_SOFT : TG_PURGED_HARD;
        if (prefix->number > number && found > worst && begins_with(entry->is.url, prefix))
            worst = found;
    }
    return worst;
}

enum tg_freshness tg_purge_log_ask(struct tg_purge_log *log, uint64_t number,
                                   const struct tg_entry *entry)
{
    enum tg_freshness by_tags =
        tg_purges_ask(log->purges, number, entry->is.tags, entry->is.tag_count);

    pthread_mutex_lock(&log->lock);
    enum tg_freshness by_prefix = ask_prefixes(log, number, entry);
    pthread_mutex_unlock(&log->lock);
    return by_tags > by_prefix ? by_tags : by_prefix;
}
