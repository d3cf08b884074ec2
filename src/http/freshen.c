#include "http/freshen.h"

#include "http/cache_store.h"
#include "http/list.h"
#include "http/strict.h"

static struct tg_text value_of(struct tg_headers headers, struct tg_text name)
{
    const struct tg_header *header = tg_headers_first(headers, name);

    return header != NULL ? tg_list_trim(header->value) : tg_text("", 0);
}

static bool is_strong(struct tg_text etag)
{
    return etag.len != 0 && *etag.base == '"';
}

/* The same moment, however it is written; a text that is no date equals only itself. */
static bool is_same_date(struct tg_text a, struct tg_text b, int64_t now)
{
    int64_t date = tg_http_date_read(a, now);

    return date != TG_NO_DATE ? date == tg_http_date_read(b, now) : tg_text_is(a, b);
}

/* A stored weak tag may come back strong: servers weaken the tag of what they compress on the fly,
 * and a 304 has nothing to compress. */
bool tg_freshen_is_for(struct tg_headers stored, struct tg_headers not_modified, int64_t now)
{
    struct tg_text etag = value_of(not_modified, TG_TEXT("etag"));
    struct tg_text modified = value_of(not_modified, TG_TEXT("last-modified"));
    struct tg_text stored_etag = value_of(stored, TG_TEXT("etag"));
    struct tg_text stored_modified = value_of(stored, TG_TEXT("last-modified"));

    if (is_strong(etag) && stored_etag.len != 0)
        return tg_etag_is_same(etag, stored_etag, is_strong(stored_etag));
    if (etag.len != 0 && stored_etag.len != 0)
        return tg_etag_is_same(etag, stored_etag, false);
    if (modified.len != 0 && stored_modified.len != 0)
        return is_same_date(modified, stored_modified, now);
    return etag.len == 0 || stored_etag.len == 0;
}

bool tg_freshen_is_for_head(struct tg_headers stored, uint64_t length, struct tg_headers head,
                            int64_t now)
{
    static const struct tg_text etag = {"etag", 4}, modified = {"last-modified", 13};
    struct tg_text written = value_of(head, TG_TEXT("content-length"));
    uint64_t number;

    if (written.len != 0 &&
        (tg_strict_content_length(written, &number) != NULL || number != length))
        return false;
    if (tg_headers_first(head, etag) != NULL &&
        !tg_etag_is_same(value_of(head, etag), value_of(stored, etag), false))
        return false;
    return tg_headers_first(head, modified) == NULL ||
           is_same_date(value_of(head, modified), value_of(stored, modified), now);
}

/* Fields that would be untrue of the stored bytes if they were exchanged without them. */
static bool is_of_bytes(struct tg_text name)
{
    static const struct tg_text names[] = {
        {"content-length", 14}, {"content-encoding", 16}, {"content-range", 13},
        {"content-md5", 11},    {"content-digest", 14},   {"repr-digest", 11},
        {"digest", 6},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (tg_text_is_nocase(name, names[i]))
            return true;
    return false;
}

static bool updates(struct tg_headers stored, struct tg_headers update, struct tg_text name)
{
    if (is_of_bytes(name))
        return false;
    if (tg_text_is_nocase(name, TG_TEXT("etag")) && tg_headers_first(stored, name) != NULL)
        return false;
    return tg_text_is_nocase(name, TG_TEXT("age")) || tg_cache_keeps(update, name);
}

/* The old Date would make the new response as old as the stored one was. */
static bool stays(struct tg_headers stored, struct tg_headers update, struct tg_text name)
{
    if (tg_headers_first(update, name) != NULL)
        return !updates(stored, update, name);
    return !tg_text_is_nocase(name, TG_TEXT("date"));
}

size_t tg_freshen_merge(struct tg_headers stored, struct tg_headers update,
                        struct tg_header *merged)
{
    size_t count = 0;

    for (size_t i = 0; i < stored.count; i++)
        if (stays(stored, update, stored.list[i].name))
            merged[count++] = stored.list[i];
    for (size_t i = 0; i < update.count; i++)
        if (updates(stored, update, update.list[i].name))
            merged[count++] = update.list[i];
    return count;
}
