#include "net/lines.h"

#include "codec/block.h"
#include "http/escape.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

const char *tg_lines_text_end(const char *at, const char *end)
{
    for (; end - at >= TG_BLOCK; at += TG_BLOCK) {
        struct tg_block block = tg_block_load(at);
        unsigned controls = tg_block_upto(block, 0x1f) | tg_block_is(block, 0x7f);
        controls &= ~tg_block_is(block, '\t');
        if (controls != 0)
            return at + tg_block_first(controls);
    }
    while (at < end && ((unsigned char)*at >= 0x20 ? *at != 0x7f : *at == '\t'))
        at++;
    return at;
}

/* What follows a line's end, if one is here: CR LF, or LF alone. */
static const char *pass_end(const char *at, const char *end)
{
    if (end - at >= 2 && at[0] == '\r')
        at++;
    return at < end && *at == '\n' ? at + 1 : NULL;
}

const char *tg_lines_text(const char *at, const char *end, const char **stop)
{
    *stop = tg_lines_text_end(at, end);
    return pass_end(*stop, end);
}

/* The end of a token. Most names are of letters and hyphens, and shorter than a block. */
static const char *find_name_end(const char *at, const char *end)
{
    if (end - at >= TG_BLOCK) {
        struct tg_block block = tg_block_load(at);
        struct tg_block letters =
            tg_block_most(tg_block_minus(tg_block_with(block, 0x20), 'a'), 25);
        unsigned others = ~tg_block_mask(tg_block_or(letters, tg_block_equals(block, '-')));
        at += tg_block_first(others);
    }
    while (at < end && tg_char_is(*at, TG_CHAR_TOKEN))
        at++;
    return at;
}

/* Gives the place behind the colon, or NULL. */
static const char *read_name(const char *at, const char *end, struct phr_header *field)
{
    const char *stop = find_name_end(at, end);

    field->name = at;
    field->name_len = (size_t)(stop - at);
    return stop != at && stop < end && *stop == ':' ? stop + 1 : NULL;
}

static const char *read_value(const char *at, const char *end, struct phr_header *field)
{
    const char *stop;

    while (at < end && is_blank(*at))
        at++;
    const char *next = tg_lines_text(at, end, &stop);
    while (stop > at && is_blank(stop[-1]))
        stop--;
    field->value = at;
    field->value_len = (size_t)(stop - at);
    return next;
}

const char *tg_lines_fields(const char *at, const char *end, struct tg_lines *lines)
{
    while (at < end) {
        const char *behind = pass_end(at, end);
        if (behind != NULL)
            return behind;
        if (lines->count == lines->most)
            return NULL;
        struct phr_header *field = &lines->fields[lines->count];
        if (lines->count != 0 && is_blank(*at))
            lines->folded = true;
        else
            at = read_name(at, end, field);
        if (at != NULL)
            at = read_value(at, end, field);
        if (at == NULL)
            return NULL;
        lines->count++;
    }
    return NULL;
}
