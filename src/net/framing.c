#include "net/framing.h"

#include "http/strict.h"
#include "http/upgrade.h"
#include "net/lines.h"

enum { STATUS_LEN = 12 }; /* of what a head begins with, up to the number */

void tg_framing_init(struct tg_framing *framing, bool is_head, size_t head_limit)
{
    *framing = (struct tg_framing){.is_head = is_head, .head_limit = head_limit};
}

static enum tg_framing_step fail(struct tg_framing *framing, const char *wrong)
{
    framing->wrong = wrong;
    return TG_FRAMING_WRONG;
}

/* The length of the head at the start of `in`, or 0 when its empty line has not come yet.
 * `known` bytes were looked at before. */
static size_t find_end(struct tg_text in, size_t known)
{
    const char *end = in.base + in.len;
    const char *at = in.base + (known > 2 ? known - 2 : 0);

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n')
            return (size_t)(at + 1 - in.base);
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at + 2 - in.base);
    }
    return 0;
}

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

/* Whether fewer bytes than a status line has may still become one. */
static bool may_begin(struct tg_text in)
{
    static const char form[] = "HTTP/1.d ddd";

    for (size_t i = 0; i < in.len; i++)
        if (form[i] == 'd' ? !is_digit(in.base[i]) : in.base[i] != form[i])
            return false;
    return true;
}

/* The version and the status at the start of a head. A status line may end behind its number; a NUL
 * there is refused with the control characters of the line. */
static bool read_status(struct tg_text in, struct tg_framing_head *head)
{
    const char *at = in.base;

    if (in.len <= STATUS_LEN)
        return may_begin(in);
    if (memcmp(at, "HTTP/1.", 7) != 0 || !is_digit(at[7]) || at[8] != ' ' || !is_digit(at[9]) ||
        !is_digit(at[10]) || !is_digit(at[11]))
        return false;
    head->minor_version = at[7] - '0';
    head->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    return (at[STATUS_LEN] == ' ' || at[STATUS_LEN] == '\r' || at[STATUS_LEN] == '\n' ||
            at[STATUS_LEN] == '\0') &&
           head->status >= 100 && head->status < 600;
}

/* Takes a head apart; NULL when it is there and well. What stands behind it is left. */
static const char *take_apart(struct tg_text in, struct tg_framing_head *head)
{
    struct tg_lines lines = {.fields = head->fields, .most = TG_FRAMING_FIELDS};
    const char *end = in.base + in.len, *stop;
    const char *at = in.len > STATUS_LEN ? tg_lines_text(in.base + STATUS_LEN, end, &stop) : NULL;

    if (at == NULL)
        return "the status line has a control character in it";
    at = tg_lines_fields(at, end, &lines);
    if (at == NULL && lines.count == TG_FRAMING_FIELDS)
        return "the response has too many header fields";
    if (at == NULL)
        return "the response has a malformed header field";
    if (lines.folded)
        return "the response has a folded header field";
    head->field_count = lines.count;
    head->len = (size_t)(at - in.base);
    return NULL;
}

/* Nearly always a head comes whole and well. One that comes in pieces is not taken apart before its
 * end is there, lest its beginning be read again with every piece. head->len is 0 meanwhile. */
static const char *read_head(struct tg_text in, size_t known, struct tg_framing_head *head)
{
    if (known == 0 && take_apart(in, head) == NULL)
        return NULL;
    head->len = find_end(in, known);
    return head->len != 0 ? take_apart(tg_text(in.base, head->len), head) : NULL;
}

/* What the fields of a head say about its body and its connection. */
struct fields {
    unsigned lengths, codings;
    uint64_t length;
    bool chunked, close, keep_alive;
};

static void read_connection(struct tg_text value, struct fields *fields)
{
    while (value.len != 0) {
        const char *end = memchr(value.base, ',', value.len);
        struct tg_text token = {value.base, end != NULL ? (size_t)(end - value.base) : value.len};
        size_t used = token.len + (end != NULL);
        value = tg_text(value.base + used, value.len - used);

        while (token.len != 0 && (*token.base == ' ' || *token.base == '\t'))
            token = tg_text(token.base + 1, token.len - 1);
        while (token.len != 0 && strchr(" \t", token.base[token.len - 1]) != NULL)
            token.len--;
        fields->close |= tg_text_is_nocase(token, TG_TEXT("close"));
        fields->keep_alive |= tg_text_is_nocase(token, TG_TEXT("keep-alive"));
    }
}

static const char *read_fields(const struct tg_framing_head *head, struct fields *fields)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct tg_text name = {head->fields[i].name, head->fields[i].name_len};
        struct tg_text value = {head->fields[i].value, head->fields[i].value_len};

        if (name.len == 14 && tg_text_is_nocase(name, TG_TEXT("content-length"))) {
            fields->lengths++;
            if (tg_strict_content_length(value, &fields->length) != NULL)
                return "the response's Content-Length is not a number";
        } else if (name.len == 17 && tg_text_is_nocase(name, TG_TEXT("transfer-encoding"))) {
            fields->codings++;
            fields->chunked = tg_text_is_nocase(value, TG_TEXT("chunked"));
        } else if (name.len == 10 && tg_text_is_nocase(name, TG_TEXT("connection"))) {
            read_connection(value, fields);
        }
    }
    if (fields->lengths > 1)
        return "the response has Content-Length twice";
    if (fields->lengths != 0 && fields->codings != 0)
        return "the response has both Content-Length and Transfer-Encoding";
    if (fields->codings > 1 || (fields->codings == 1 && !fields->chunked))
        return "the response has a Transfer-Encoding other than chunked";
    if (fields->codings != 0 && head->minor_version == 0)
        return "the response has a Transfer-Encoding in HTTP/1.0";
    return NULL;
}

/* A 204 or 304 has no body, whatever its fields say; but a 204 that announces one may be
 * followed by it, so its connection is not used again. */
static const char *frame(struct tg_framing *framing, const struct tg_framing_head *head)
{
    struct fields fields = {0};
    const char *wrong = read_fields(head, &fields);

    if (wrong != NULL)
        return wrong;
    framing->length_known = fields.lengths != 0 && head->status != 204;
    framing->length = fields.length;
    framing->keep = !fields.close && (head->minor_version != 0 || fields.keep_alive);
    if (framing->is_head || head->status == 204 || head->status == 304) {
        framing->mode = TG_FRAMING_NONE;
        if (head->status == 204 && (fields.codings != 0 || fields.length != 0))
            framing->keep = false;
    } else if (fields.codings != 0) {
        framing->mode = TG_FRAMING_CHUNKED;
    } else if (fields.lengths != 0) {
        framing->mode = fields.length != 0 ? TG_FRAMING_LENGTH : TG_FRAMING_NONE;
        framing->left = fields.length;
    } else {
        framing->mode = TG_FRAMING_CLOSE;
        framing->keep = false;
    }
    return NULL;
}

/* A 101 says to which protocol, and that was asked for. */
static bool switches_as_asked(const struct tg_framing *framing, const struct tg_framing_head *head)
{
    bool named = false;

    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *field = &head->fields[i];
        if (!tg_text_is_nocase(tg_text(field->name, field->name_len), TG_TEXT("upgrade")))
            continue;
        if (!tg_upgrade_is_asked(tg_text(field->value, field->value_len), framing->asked))
            return false;
        named = true;
    }
    return named;
}

enum tg_framing_step tg_framing_head(struct tg_framing *framing, struct tg_text *in, size_t known,
                                     struct tg_framing_head *head)
{
    for (;; known = 0) {
        if (!read_status(*in, head))
            return fail(framing, "the response does not begin with an HTTP/1 status line");
        const char *wrong = read_head(*in, known, head);
        if (head->len > framing->head_limit || (head->len == 0 && in->len >= framing->head_limit))
            return fail(framing, "the head of the response is longer than the limit");
        if (head->len == 0)
            return TG_FRAMING_MORE;
        if (wrong != NULL)
            return fail(framing, wrong);
        *in = tg_text(in->base + head->len, in->len - head->len);
        if (head->status == 101 && switches_as_asked(framing, head)) {
            framing->mode = TG_FRAMING_NONE;
            return TG_FRAMING_HEAD;
        }
        if (head->status >= 200) {
            wrong = frame(framing, head);
            return wrong != NULL ? fail(framing, wrong) : TG_FRAMING_HEAD;
        }
        if (head->status == 101)
            return fail(framing, "the backend switched protocols unasked");
        if (++framing->interim > TG_FRAMING_INTERIM)
            return fail(framing, "the backend sent too many interim responses");
    }
}

enum tg_framing_step tg_framing_body(struct tg_framing *framing, struct tg_text *in,
                                     struct tg_text *piece)
{
    size_t n = in->len;

    switch (framing->mode) {
    case TG_FRAMING_NONE:
        return TG_FRAMING_END;
    case TG_FRAMING_CHUNKED:
        switch (tg_chunked_next(&framing->chunked, in, piece)) {
        case TG_CHUNKED_MORE:
            return TG_FRAMING_MORE;
        case TG_CHUNKED_PIECE:
            return TG_FRAMING_PIECE;
        case TG_CHUNKED_END:
            framing->mode = TG_FRAMING_NONE;
            return TG_FRAMING_END;
        case TG_CHUNKED_WRONG:
            break;
        }
        return fail(framing, "the chunked body of the response is malformed");
    case TG_FRAMING_LENGTH:
        if (framing->left < n)
            n = (size_t)framing->left;
        tg_framing_skip(framing, n);
        break;
    case TG_FRAMING_CLOSE:
        break;
    }
    if (n == 0)
        return TG_FRAMING_MORE;
    *piece = tg_text(in->base, n);
    *in = tg_text(in->base + n, in->len - n);
    return TG_FRAMING_PIECE;
}

void tg_framing_skip(struct tg_framing *framing, size_t n)
{
    framing->left -= n;
    if (framing->left == 0)
        framing->mode = TG_FRAMING_NONE;
}

const char *tg_framing_close(struct tg_framing *framing)
{
    switch (framing->mode) {
    case TG_FRAMING_NONE:
    case TG_FRAMING_CLOSE:
        framing->mode = TG_FRAMING_NONE;
        return NULL;
    case TG_FRAMING_LENGTH:
        return "body cut short: fewer bytes came than Content-Length says";
    case TG_FRAMING_CHUNKED:
        return "body cut short: the last chunk is missing";
    }
    return NULL;
}
