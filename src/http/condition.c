#include "http/condition.h"

#include "http/list.h"

struct etag {
    struct tg_text opaque; /* with its quotes */
    bool weak;
};

static struct etag read_etag(struct tg_text text)
{
    text = tg_list_trim(text);
    if (text.len > 2 && memcmp(text.base, "W/\"", 3) == 0)
        return (struct etag){tg_text(text.base + 2, text.len - 2), true};
    return (struct etag){text, false};
}

bool tg_etag_is_same(struct tg_text a, struct tg_text b, bool strong)
{
    struct etag x = read_etag(a), y = read_etag(b);

    return x.opaque.len != 0 && tg_text_is(x.opaque, y.opaque) && !(strong && (x.weak || y.weak));
}

/* Backslashes in tags are ordinary characters, so lists of them are not cut as others are. */
static bool next_etag(struct tg_text *rest, struct tg_text *etag)
{
    const char *at = rest->base, *end = rest->base + rest->len;

    while (at != end && (*at == ' ' || *at == '\t' || *at == ','))
        at++;
    const char *start = at;
    if (end - at > 2 && memcmp(at, "W/\"", 3) == 0)
        at += 2;
    if (at != end && *at == '"') {
        const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
        at = quote != NULL ? quote : end;
    }
    while (at != end && *at != ',')
        at++;
    *etag = tg_list_trim(tg_text(start, (size_t)(at - start)));
    *rest = tg_text(at, (size_t)(end - at));
    return etag->len != 0;
}

bool tg_etag_is_among(struct tg_text list, struct tg_text etag, bool strong)
{
    struct tg_text one;

    if (tg_text_is(tg_list_trim(list), TG_TEXT("*")))
        return true;
    while (list.len != 0 && next_etag(&list, &one))
        if (tg_etag_is_same(one, etag, strong))
            return true;
    return false;
}

/* Over all fields of the name; *found says whether there is one at all. */
static bool is_among(struct tg_headers request, struct tg_text name, struct tg_text etag,
                     bool strong, bool *found)
{
    const struct tg_header *header;
    size_t at = 0;
    bool among = false;

    *found = false;
    while ((header = tg_headers_next(request, name, &at)) != NULL) {
        *found = true;
        among |= tg_etag_is_among(header->value, etag, strong);
    }
    return among;
}

/* The date in a field that is there once; else TG_NO_DATE, and the field does not count. */
static int64_t date_of(struct tg_headers request, struct tg_text name, int64_t now)
{
    size_t at = 0;
    const struct tg_header *header = tg_headers_next(request, name, &at);

    if (header == NULL || tg_headers_next(request, name, &at) != NULL)
        return TG_NO_DATE;
    return tg_http_date_read(tg_list_trim(header->value), now);
}

/* RFC 9110, 13.1.1 and 13.1.4 */
static bool fails_for_origin(struct tg_headers request, const struct tg_validators *validators,
                             int64_t now)
{
    bool has_match;
    bool match = is_among(request, TG_TEXT("if-match"), validators->etag, true, &has_match);

    if (has_match)
        return !match;
    int64_t since = date_of(request, TG_TEXT("if-unmodified-since"), now);
    return since != TG_NO_DATE && validators->last_modified != TG_NO_DATE &&
           validators->last_modified > since;
}

enum tg_condition tg_condition_check(struct tg_text method, struct tg_headers request,
                                     const struct tg_validators *validators,
                                     enum tg_condition_side side, int64_t now)
{
    bool reads = tg_text_is(method, TG_TEXT("GET")) || tg_text_is(method, TG_TEXT("HEAD"));
    bool has_match;

    if (side == TG_CONDITION_ORIGIN && fails_for_origin(request, validators, now))
        return TG_CONDITION_FAILED;
    bool match = is_among(request, TG_TEXT("if-none-match"), validators->etag, false, &has_match);
    if (has_match && match)
        return reads ? TG_CONDITION_NOT_MODIFIED : TG_CONDITION_FAILED;
    if (has_match || !reads)
        return TG_CONDITION_NONE;

    int64_t since = date_of(request, TG_TEXT("if-modified-since"), now);
    bool known = validators->last_modified != TG_NO_DATE;
    int64_t modified = known ? validators->last_modified : validators->date;
    return since != TG_NO_DATE && modified <= since ? TG_CONDITION_NOT_MODIFIED : TG_CONDITION_NONE;
}

/* A date is a strong validator only when the response is at least a second younger (RFC 9110,
 * 8.8.2.2). */
bool tg_condition_allows_range(struct tg_headers request, const struct tg_validators *validators,
                               int64_t now)
{
    const struct tg_header *header = tg_headers_first(request, TG_TEXT("if-range"));

    if (header == NULL)
        return true;
    struct tg_text value = tg_list_trim(header->value);
    int64_t date = tg_http_date_read(value, now);
    if (date == TG_NO_DATE)
        return tg_etag_is_same(value, validators->etag, true);
    return date == validators->last_modified && date < validators->date;
}

bool tg_condition_keeps(struct tg_text name)
{
    static const struct tg_text dropped[] = {
        {"content-type", 12},   {"content-encoding", 16}, {"content-language", 16},
        {"content-length", 14}, {"content-range", 13},    {"content-md5", 11},
        {"content-digest", 14},
    };

    for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
        if (tg_text_is_nocase(name, dropped[i]))
            return false;
    return true;
}
