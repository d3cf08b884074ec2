#include "codec/xml_records.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/xml_records_parts.h"

#define INPUT ((size_t)8 << 20)

struct tg_xml_records *tg_xml_records_create(struct tg_text path,
                                             const struct tg_xml_options *options,
                                             tg_xml_take_record *take, void *context)
{
    struct tg_xml_records *r = calloc(1, sizeof(*r));

    assert(r != NULL);
    *r = (struct tg_xml_records){
        .path = path,
        .options = options,
        .take = take,
        .context = context,
        .xml = tg_xml_create(),
        .most = options->limits.input != 0 ? options->limits.input : INPUT,
        .line = 1,
        .column = 1,
    };
    return r;
}

void tg_xml_records_destroy(struct tg_xml_records *r)
{
    tg_xml_destroy(r->xml);
    tg_buffer_dispose(&r->held);
    tg_buffer_dispose(&r->record);
    tg_buffer_dispose(&r->names);
    tg_buffer_dispose(&r->opens);
    tg_buffer_dispose(&r->bindings);
    free(r);
}

bool tg_xml_records_fail(struct tg_xml_records *r, const char *reason, const char *limit)
{
    struct tg_parse_error *error = r->error;

    *error = (struct tg_parse_error){.line = r->line, .column = r->column, .limit = limit};
    snprintf(error->text, sizeof(error->text), "xml: line %zu, column %zu: %s", r->line, r->column,
             reason);
    return false;
}

static bool fail_limit(struct tg_xml_records *r, const char *what)
{
    char reason[80];

    snprintf(reason, sizeof(reason), "%s has more than %zu bytes (limit input)", what, r->most);
    return tg_xml_records_fail(r, reason, "input");
}

/* ---- where tokens end */

/* `start` bytes are the token's begin; so much as was searched before is not searched again. */
static size_t find(const struct tg_xml_records *r, struct tg_text text, size_t start,
                   const char *end)
{
    size_t n = strlen(end), from = start;

    if (r->looked > start + n)
        from = r->looked - n; /* it may have come in two pieces */
    const char *found = text.len > from ? memmem(text.base + from, text.len - from, end, n) : NULL;
    return found != NULL ? (size_t)(found - text.base) + n : 0;
}

/* A tag or a DOCTYPE: quotes may hide its end. */
static size_t find_tag_end(struct tg_xml_records *r, struct tg_text text)
{
    for (size_t i = r->looked; i < text.len; i++) {
        char c = text.base[i];
        if (r->quote != 0)
            r->quote = c == r->quote ? 0 : r->quote;
        else if (c == '"' || c == '\'')
            r->quote = c;
        else if (c == '>')
            return i + 1;
    }
    return 0;
}

static bool begins(struct tg_text text, const char *start)
{
    size_t n = strlen(start);

    return text.len >= n && memcmp(text.base, start, n) == 0;
}

/* How many bytes the token has that the text begins with; 0: not all of it is there. */
static size_t measure(struct tg_xml_records *r, struct tg_text text, enum token *token)
{
    size_t n;

    if (*text.base != '<') {
        const char *end = memchr(text.base, '<', text.len);
        *token = TOKEN_TEXT;
        return end != NULL ? (size_t)(end - text.base) : text.len;
    }
    if (text.len < 9 && !r->ends && memchr(text.base, '>', text.len) == NULL)
        return 0;
    *token = TOKEN_OTHER;
    if (begins(text, "<!--"))
        n = find(r, text, 4, "-->");
    else if (begins(text, "<![CDATA["))
        n = find(r, text, 9, "]]>");
    else if (begins(text, "<?"))
        n = find(r, text, 2, "?>");
    else
        n = find_tag_end(r, text);
    if (begins(text, "<![CDATA["))
        *token = TOKEN_TEXT;
    else if (begins(text, "<!D"))
        *token = TOKEN_DOCTYPE;
    else if (begins(text, "</"))
        *token = TOKEN_END;
    else if (text.len > 1 && text.base[1] != '!' && text.base[1] != '?')
        *token = TOKEN_START;
    r->looked = n == 0 ? text.len : 0;
    return n;
}

/* ---- what becomes of them */

static void advance(struct tg_xml_records *r, struct tg_text token)
{
    const char *end = token.base + token.len, *line = token.base, *found;

    while ((found = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        r->line++;
        r->column = 1;
        line = found + 1;
    }
    r->column += (size_t)(end - line);
}

static bool pass_text(struct tg_xml_records *r, struct tg_text text)
{
    if (r->depth != 0)
        return true;
    struct tg_text rest = tg_xml_trim_start(text);
    if (rest.len == 0)
        return true;
    advance(r, tg_text(text.base, text.len - rest.len));
    return tg_xml_records_fail(r, "text outside of the root element", NULL);
}

static bool end_record(struct tg_xml_records *r)
{
    bool good = r->take(r->context, tg_text(r->record.base, r->record.len), r->error);

    if (!good)
        tg_xml_records_place(r);
    r->record.len = 0;
    r->inside = 0;
    return good;
}

/* A token of the record that is open. */
static bool keep(struct tg_xml_records *r, struct tg_text text, enum token token)
{
    if (r->record.len + text.len > r->most)
        return fail_limit(r, "a record");
    tg_buffer_append(&r->record, text.base, text.len);
    if (token == TOKEN_START && text.base[text.len - 2] != '/')
        r->inside++;
    if (token == TOKEN_END)
        r->inside--;
    return r->inside != 0 || end_record(r);
}

static bool pass_doctype(struct tg_xml_records *r, struct tg_text text)
{
    if (r->options->doctype == TG_XML_DOCTYPE_SKIP && !r->had_root &&
        memchr(text.base, '[', text.len) == NULL)
        return true;
    return tg_xml_records_fail(r, "a DOCTYPE is not read", "doctype");
}

static bool take_token(struct tg_xml_records *r, struct tg_text text, enum token token)
{
    if (r->inside != 0)
        return keep(r, text, token);
    switch (token) {
    case TOKEN_TEXT:
        return pass_text(r, text);
    case TOKEN_OTHER:
        return !begins(text, "<?xml") || !tg_xml_is_blank(text.base[5]) ||
               tg_xml_records_declaration(r, text);
    case TOKEN_DOCTYPE:
        return pass_doctype(r, text);
    case TOKEN_START:
        return tg_xml_records_start(r, text) &&
               (r->inside == 0 || text.base[text.len - 2] != '/' || end_record(r));
    case TOKEN_END:
        return tg_xml_records_close(r, text);
    }
    return true;
}

/* Text at the end of what is there may go on; so much of it can be taken all the same. */
static bool take_tokens(struct tg_xml_records *r)
{
    size_t at = 0;
    bool good = true;

    while (good && at < r->held.len) {
        struct tg_text rest = tg_text(r->held.base + at, r->held.len - at);
        enum token token = TOKEN_OTHER;
        size_t n = measure(r, rest, &token);
        if (n == 0) {
            good = rest.len <= r->most || fail_limit(r, "a tag or comment");
            break;
        }
        good = take_token(r, tg_text(rest.base, n), token);
        if (good)
            advance(r, tg_text(rest.base, n));
        at += n;
    }
    memmove(r->held.base, r->held.base + at, r->held.len - at);
    r->held.len -= at;
    return good;
}

/* The first bytes tell what is no UTF-8. */
static bool begin(struct tg_xml_records *r)
{
    const unsigned char *b = (const unsigned char *)r->held.base;
    struct tg_text charset = r->options->charset;

    if (r->held.len < 4 && !r->ends)
        return true;
    r->begun = true;
    if (r->held.len == 0)
        return true;
    if (b[0] == 0 || b[0] >= 0xfe || (r->held.len > 1 && b[1] == 0) ||
        (charset.base != NULL && !tg_text_is_nocase(charset, TG_TEXT("utf-8"))))
        return tg_xml_records_fail(r, "records are read from UTF-8 only", NULL);
    if (r->held.len >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0) {
        memmove(r->held.base, r->held.base + 3, r->held.len - 3);
        r->held.len -= 3;
    }
    return true;
}

bool tg_xml_records_feed(struct tg_xml_records *r, struct tg_text piece,
                         struct tg_parse_error *error)
{
    r->error = error;
    tg_buffer_append(&r->held, piece.base, piece.len);
    if (!r->begun && !begin(r))
        return false;
    return !r->begun || take_tokens(r);
}

bool tg_xml_records_end(struct tg_xml_records *r, struct tg_parse_error *error)
{
    r->ends = true;
    if (!tg_xml_records_feed(r, tg_text("", 0), error))
        return false;
    if (r->held.len != 0 || r->inside != 0 || r->depth != 0 || !r->had_root)
        return tg_xml_records_fail(r, "the document ends too early", NULL);
    return true;
}
