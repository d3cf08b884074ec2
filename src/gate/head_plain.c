#include "gate/head_plain.h"

#include "codec/block.h"
#include "http/escape.h"
#include "http/strict.h"
#include "net/lines.h"

static const char *token_end(const char *at, const char *end)
{
    while (at < end && tg_char_is(*at, TG_CHAR_TOKEN))
        at++;
    return at;
}

/* Where the first space or control character stands. */
static const char *target_end(const char *at, const char *end)
{
    for (; end - at >= TG_BLOCK; at += TG_BLOCK) {
        struct tg_block block = tg_block_load(at);
        unsigned stop = tg_block_upto(block, ' ') | tg_block_is(block, 0x7f);
        if (stop != 0)
            return at + tg_block_first(stop);
    }
    while (at < end && (unsigned char)*at > ' ' && *at != 0x7f)
        at++;
    return at;
}

static bool is_line_end(const char *at, const char *end)
{
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/* Returns what stands behind the line, or NULL. */
static const char *read_request_line(const char *at, const char *end, struct tg_head *head)
{
    static const char version[] = " HTTP/1.";
    const size_t version_len = sizeof(version) - 1;
    const char *space = token_end(at, end);

    if (space == at || space == end || *space != ' ')
        return NULL;
    head->method = at;
    head->method_len = (size_t)(space - at);
    head->path = at = space + 1;
    at = target_end(at, end);
    head->path_len = (size_t)(at - head->path);
    if (head->path_len == 0 || (size_t)(end - at) < version_len + 3 ||
        memcmp(at, version, version_len) != 0)
        return NULL;
    at += version_len;
    if ((*at != '0' && *at != '1') || !is_line_end(at + 1, end))
        return NULL;
    head->minor_version = *at - '0';
    return at + 3;
}

/* The same of a field's line. */
static const char *read_field(const char *at, const char *end, struct phr_header *field)
{
    const char *colon = token_end(at, end);

    if (colon == at || colon == end || *colon != ':')
        return NULL;
    field->name = at;
    field->name_len = (size_t)(colon - at);
    at = colon + 1;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    field->value = at;
    at = tg_lines_text_end(at, end);
    field->value_len = (size_t)(at - field->value);
    if (!is_line_end(at, end) || (field->value_len != 0 && (at[-1] == ' ' || at[-1] == '\t')))
        return NULL;
    return at + 2;
}

int tg_head_read_plain(const struct tg_head_limits *limits, const char *bytes, size_t len,
                       struct tg_head *head)
{
    const char *end = bytes + len, *at = read_request_line(bytes, end, head);
    struct tg_strict_seen seen = {0};
    size_t count = 0;

    if (at == NULL || head->method_len > TG_HEAD_METHOD || head->path_len > limits->url)
        return 0;
    for (; !is_line_end(at, end); count++) {
        struct phr_header *field = &head->fields[count];
        if (count == limits->fields || (at = read_field(at, end, field)) == NULL ||
            tg_strict_meaning(tg_text(field->name, field->name_len),
                              tg_text(field->value, field->value_len), &seen) != NULL)
            return 0;
    }
    head->field_count = count;
    head->has_body = seen.lengths + seen.codings != 0;
    size_t used = (size_t)(at + 2 - bytes);
    bool is_well = used <= limits->bytes && tg_strict_counts(&seen, head->minor_version) == NULL;
    return is_well ? (int)used : 0;
}
