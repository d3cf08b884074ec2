#include "gate/share.h"

enum owner { OURS, THEIRS, BOTH };

/* Capitals to small letters in eight bytes at most. */
static inline void make_word_lower(char *text, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word = 0, low, capital;

    memcpy(&word, text, len);
    low = word & ones * 0x7f;
    capital = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x80 - 'Z' - 1)) & ~word & ones * 0x80;
    word |= capital >> 2;
    memcpy(text, &word, len);
}

/* The last word reaches back into the one before. */
static void make_lower(char *text, size_t len)
{
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8)
            make_word_lower(text + i, 8);
        make_word_lower(text + len - 8, 8);
    } else if (len >= 4) {
        make_word_lower(text, 4);
        make_word_lower(text + len - 4, 4);
    } else {
        make_word_lower(text, len);
    }
}

/* Browsers to which h2o sends no Vary. */
static bool is_msie(struct tg_text agent)
{
    static const char sign[] = "; MSIE ";

    return memchr(agent.base, ';', agent.len) != NULL &&
           memmem(agent.base, agent.len, sign, sizeof(sign) - 1) != NULL;
}

static enum owner owner_of(struct tg_text name, struct tg_text value)
{
    switch (name.len) {
    case 4:
        return tg_text_is(name, TG_TEXT("host")) ? THEIRS : OURS;
    case 6:
        return tg_text_is(name, TG_TEXT("expect")) ? THEIRS : OURS;
    case 7:
        return tg_text_is(name, TG_TEXT("upgrade")) ? THEIRS : OURS;
    case 10:
        return tg_text_is(name, TG_TEXT("connection")) ||
                       (tg_text_is(name, TG_TEXT("user-agent")) && is_msie(value))
                   ? BOTH
                   : OURS;
    default:
        return OURS;
    }
}

_Static_assert(sizeof(h2o_header_t) == sizeof(struct tg_field), "one list has room for both");

size_t tg_share_fields(struct tg_client *client, struct tg_head *head)
{
    size_t theirs = 0, ours = 1;
    struct tg_field *list =
        h2o_mem_alloc_pool(&client->req->pool, (head->field_count + 1) * 2 * sizeof(*list));

    for (size_t i = 0; i < head->field_count; i++) {
        struct phr_header field = head->fields[i];
        make_lower((char *)field.name, field.name_len);
        enum owner owner =
            owner_of(tg_text(field.name, field.name_len), tg_text(field.value, field.value_len));
        if (owner != THEIRS)
            list[ours++] = (struct tg_field){h2o_iovec_init((char *)field.name, field.name_len),
                                             h2o_iovec_init((char *)field.value, field.value_len)};
        if (owner != OURS)
            head->fields[theirs++] = field;
    }
    client->fields = (struct tg_fields){list, ours};
    client->req->headers =
        (h2o_headers_t){(h2o_header_t *)(list + head->field_count + 1), 0, head->field_count + 1};
    return theirs;
}
