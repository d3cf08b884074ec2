#include "store/entry_form.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include <h2o.h>

#include "http/strict.h"
#include "http/vary.h"

/* The form, numbers with their lowest byte first: this head, the rules if it is by HTTP, the
 * lengths of each field's name and value, the tags, and then the texts: key, url, names and values,
 * body. Nothing follows. */
struct head {
    char mark[3];
    uint8_t version;
    uint8_t kind, by_http;
    uint16_t status;
    uint64_t epoch;
    uint64_t stored_ms;                   /* wall time */
    uint64_t age_ms;                      /* at that time */
    uint64_t fresh_ms, stale_ms, sick_ms; /* after that time */
    uint32_t field_count, tag_count, key_len, url_len, body_len, reserved;
};

struct rules {
    uint64_t born_ms, date, last_modified;
    uint32_t lifetime, swr, sie, flags;
};

struct lengths {
    uint32_t name, value;
};

enum {
    VERSION = 2,
    KINDS = TG_ENTRY_PASS + 1,
    FLAGS = TG_RULE_VALIDATE | TG_RULE_NO_STALE | TG_RULE_HEURISTIC | TG_RULE_EXPLICIT |
            TG_RULE_IMMUTABLE | TG_RULE_TARGETED,
    DAY_MS = 86400 * 1000,
};

static const char mark[3] = {'T', 'G', 'E'};
static const uint64_t forever = UINT64_MAX / 4;
#define DATE_MOST INT64_C(1000000000000) /* in seconds; the year 33658 */

_Static_assert(sizeof(struct head) == 80, "the form has no gaps");
_Static_assert(sizeof(struct rules) == 40, "the form has no gaps");

/* ---- writing */

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t after(uint64_t ms, uint64_t stored_ms)
{
    uint64_t left = minus(ms, stored_ms);

    return left < forever ? left : forever;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t tg_entry_form_life(const struct tg_entry *entry, struct tg_moment moment)
{
    const struct tg_entry_recipe *is = &entry->is;
    uint64_t until = most(is->sick_ms, most(is->stale_ms, is->fresh_ms));
    uint64_t left = minus(until, moment.now_ms);

    if (is->kind == TG_ENTRY_VARY)
        return DAY_MS;
    if (is->by_http) {
        int64_t useful = tg_cache_useful_until_ms(&is->rules);
        left = most(left, minus(useful > 0 ? (uint64_t)useful : 0, moment.wall_ms));
    }
    return left < forever ? left : forever;
}

static void put_rules(const struct tg_cache_rules *from, struct tg_buffer *out)
{
    struct rules rules = {
        .born_ms = htole64((uint64_t)from->born_ms),
        .date = htole64((uint64_t)from->date),
        .last_modified = htole64((uint64_t)from->last_modified),
        .lifetime = htole32(from->lifetime),
        .swr = htole32(from->swr),
        .sie = htole32(from->sie),
        .flags = htole32(from->flags),
    };

    tg_buffer_append(out, &rules, sizeof(rules));
}

static void put_head(const struct tg_entry_recipe *is, uint64_t epoch, struct tg_moment moment,
                     struct tg_buffer *out)
{
    uint64_t passed = minus(moment.now_ms, is->stored_ms);
    struct head head = {
        .version = VERSION,
        .kind = (uint8_t)is->kind,
        .by_http = is->by_http,
        .status = htole16((uint16_t)is->status),
        .epoch = htole64(epoch),
        .stored_ms = htole64(minus(moment.wall_ms, passed)),
        .age_ms = htole64(after(is->age_ms, 0)),
        .fresh_ms = htole64(after(is->fresh_ms, is->stored_ms)),
        .stale_ms = htole64(after(most(is->stale_ms, is->fresh_ms), is->stored_ms)),
        .sick_ms =
            htole64(after(most(is->sick_ms, most(is->stale_ms, is->fresh_ms)), is->stored_ms)),
        .field_count = htole32((uint32_t)is->field_count),
        .tag_count = htole32((uint32_t)is->tag_count),
        .key_len = htole32((uint32_t)is->key.len),
        .url_len = htole32((uint32_t)is->url.len),
        .body_len = htole32((uint32_t)is->body.len),
    };

    memcpy(head.mark, mark, sizeof(mark));
    tg_buffer_append(out, &head, sizeof(head));
}

void tg_entry_form_write(const struct tg_entry *entry, uint64_t epoch, struct tg_moment moment,
                         struct tg_buffer *out)
{
    const struct tg_entry_recipe *is = &entry->is;

    put_head(is, epoch, moment, out);
    if (is->by_http)
        put_rules(&is->rules, out);
    for (size_t i = 0; i < is->field_count; i++) {
        struct lengths lengths = {htole32((uint32_t)is->fields[i].name.len),
                                  htole32((uint32_t)is->fields[i].value.len)};
        tg_buffer_append(out, &lengths, sizeof(lengths));
    }
    for (size_t i = 0; i < is->tag_count; i++) {
        uint64_t tag = htole64(is->tags[i]);
        tg_buffer_append(out, &tag, sizeof(tag));
    }
    tg_buffer_append(out, is->key.base, is->key.len);
    tg_buffer_append(out, is->url.base, is->url.len);
    for (size_t i = 0; i < is->field_count; i++) {
        tg_buffer_append(out, is->fields[i].name.base, is->fields[i].name.len);
        tg_buffer_append(out, is->fields[i].value.base, is->fields[i].value.len);
    }
    tg_buffer_append(out, is->body.base, is->body.len);
}

/* ---- reading */

static bool take(struct tg_text *rest, void *out, size_t len)
{
    if (rest->len < len)
        return false;
    memcpy(out, rest->base, len);
    *rest = tg_text(rest->base + len, rest->len - len);
    return true;
}

static bool take_text(struct tg_text *rest, size_t len, struct tg_text *out)
{
    if (rest->len < len)
        return false;
    *out = tg_text(rest->base, len);
    *rest = tg_text(rest->base + len, rest->len - len);
    return true;
}

static bool is_of_form(const struct head *head)
{
    uint16_t status = le16toh(head->status);
    bool is_response = head->kind == TG_ENTRY_RESPONSE;
    uint64_t fresh = le64toh(head->fresh_ms), stale = le64toh(head->stale_ms),
             sick = le64toh(head->sick_ms);

    return memcmp(head->mark, mark, sizeof(mark)) == 0 && head->version == VERSION &&
           head->kind < KINDS && head->by_http <= is_response &&
           (is_response ? status >= 200 && status <= 599 : status == 0) && fresh <= stale &&
           stale <= sick && sick <= forever && le64toh(head->age_ms) <= forever &&
           le64toh(head->stored_ms) <= forever &&
           le32toh(head->field_count) <= (is_response ? TG_ENTRY_FORM_FIELDS : 0) &&
           le32toh(head->tag_count) <= TG_ENTRY_FORM_TAGS && head->reserved == 0;
}

static bool is_date(int64_t seconds)
{
    return seconds == TG_NO_DATE || (seconds > -DATE_MOST && seconds < DATE_MOST);
}

static bool take_rules(struct tg_text *rest, struct tg_cache_rules *out)
{
    struct rules rules;

    if (!take(rest, &rules, sizeof(rules)))
        return false;
    *out = (struct tg_cache_rules){
        .born_ms = (int64_t)le64toh(rules.born_ms),
        .date = (int64_t)le64toh(rules.date),
        .last_modified = (int64_t)le64toh(rules.last_modified),
        .lifetime = le32toh(rules.lifetime),
        .swr = le32toh(rules.swr),
        .sie = le32toh(rules.sie),
        .flags = le32toh(rules.flags),
    };
    return out->born_ms >= 0 && out->born_ms <= DATE_MOST * 1000 && is_date(out->date) &&
           is_date(out->last_modified) && (out->flags & ~(uint32_t)FLAGS) == 0;
}

/* What goes into a head must not be able to end it. */
static bool take_fields(struct tg_text lengths, struct tg_text *rest, struct tg_entry_field *fields,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tg_entry_field *field = &fields[i];
        struct lengths one;
        if (!take(&lengths, &one, sizeof(one)) ||
            !take_text(rest, le32toh(one.name), &field->name) ||
            !take_text(rest, le32toh(one.value), &field->value) ||
            tg_strict_field_name(field->name) != NULL ||
            tg_strict_field_value(field->value) != NULL || tg_strict_is_of_connection(field->name))
            return false;
        field->token = h2o_lookup_token(field->name.base, field->name.len);
    }
    return true;
}

/* The names are in the form in which we write them. */
static bool is_list_of_names(struct tg_text text)
{
    struct tg_header vary = {TG_TEXT("vary"), text};
    struct tg_buffer normal = {.limit = 0};
    bool well = tg_strict_field_value(text) == NULL &&
                tg_vary_read((struct tg_headers){&vary, 1}, &normal) == TG_VARY_FIELDS &&
                tg_text_is(tg_text(normal.base, normal.len), text);

    tg_buffer_dispose(&normal);
    return well;
}

static bool take_texts(const struct head *head, struct tg_text lengths, struct tg_text rest,
                       struct tg_entry_field *fields, struct tg_entry_recipe *is)
{
    is->fields = fields;
    is->field_count = le32toh(head->field_count);
    return take_text(&rest, le32toh(head->key_len), &is->key) &&
           take_text(&rest, le32toh(head->url_len), &is->url) &&
           take_fields(lengths, &rest, fields, is->field_count) &&
           take_text(&rest, le32toh(head->body_len), &is->body) && rest.len == 0 &&
           (is->kind != TG_ENTRY_PASS || is->body.len == 0) &&
           (is->kind != TG_ENTRY_VALUE || is->body.len != 0) &&
           (is->kind != TG_ENTRY_VARY || is_list_of_names(is->body));
}

/* From the wall clock to ours. One from the future, by a clock that is ahead, is of now. */
static void take_times(const struct head *head, struct tg_moment moment, struct tg_entry_recipe *is)
{
    uint64_t passed = minus(moment.wall_ms, le64toh(head->stored_ms));
    uint64_t known = passed < moment.now_ms ? passed : moment.now_ms;

    is->stored_ms = moment.now_ms - known;
    is->age_ms = le64toh(head->age_ms) + (passed - known);
    is->fresh_ms = minus(plus(moment.now_ms, le64toh(head->fresh_ms)), passed);
    is->stale_ms = minus(plus(moment.now_ms, le64toh(head->stale_ms)), passed);
    is->sick_ms = minus(plus(moment.now_ms, le64toh(head->sick_ms)), passed);
}

static void take_tags(struct tg_text bytes, uint64_t *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t tag;
        memcpy(&tag, bytes.base + i * sizeof(tag), sizeof(tag));
        tags[i] = le64toh(tag);
    }
}

static struct tg_entry *build(const struct head *head, struct tg_text rest, struct tg_text key,
                              struct tg_entry_recipe *is)
{
    size_t field_count = le32toh(head->field_count), tag_count = le32toh(head->tag_count);
    struct tg_text lengths, tags;
    struct tg_entry *entry = NULL;

    if (!take_text(&rest, field_count * sizeof(struct lengths), &lengths) ||
        !take_text(&rest, tag_count * sizeof(uint64_t), &tags))
        return NULL;
    uint64_t *tag_list = malloc((tag_count + 1) * sizeof(*tag_list));
    struct tg_entry_field *fields = malloc((field_count + 1) * sizeof(*fields));
    assert(tag_list != NULL && fields != NULL);
    take_tags(tags, tag_list, tag_count);
    is->tags = tag_list;
    is->tag_count = tag_count;
    if (take_texts(head, lengths, rest, fields, is) && tg_text_is(is->key, key))
        entry = tg_entry_create(is);
    free(tag_list);
    free(fields);
    return entry;
}

struct tg_entry *tg_entry_form_read(struct tg_room *room, struct tg_text bytes, struct tg_text key,
                                    struct tg_moment moment, uint64_t *epoch)
{
    struct head head;

    if (!take(&bytes, &head, sizeof(head)) || !is_of_form(&head))
        return NULL;
    struct tg_entry_recipe is = {.room = room,
                                 .kind = (enum tg_entry_kind)head.kind,
                                 .status = le16toh(head.status),
                                 .by_http = head.by_http != 0};
    if (is.by_http && !take_rules(&bytes, &is.rules))
        return NULL;
    take_times(&head, moment, &is);
    *epoch = le64toh(head.epoch);
    return build(&head, bytes, key, &is);
}
