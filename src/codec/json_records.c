#include "codec/json_records.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/block.h"
#include "codec/json_read.h"
#include "codec/json_records_parts.h"
#include "codec/place.h"
#include "codec/xml_paths.h"

#define INPUT ((size_t)8 << 20)
#define KEY 1024

bool tg_json_records_path_is_valid(struct tg_text path)
{
    return tg_text_is(path, TG_TEXT("/")) || tg_xml_path_is_valid(path);
}

struct tg_json_records *tg_json_records_create(struct tg_text path,
                                               const struct tg_xml_write_options *options,
                                               tg_json_take_record *take, void *context)
{
    const struct tg_xml_write_limits *limits = &options->limits;
    struct tg_json_records *r = calloc(1, sizeof(*r));

    assert(r != NULL);
    *r = (struct tg_json_records){
        .path = path.len > 1 ? path : tg_text("", 0),
        .options = options,
        .take = take,
        .context = context,
        .most = limits->input != 0 ? limits->input : INPUT,
        .most_depth = limits->depth != 0 ? limits->depth : TG_JSON_DEPTH,
        .most_key = limits->key != 0 ? limits->key : KEY,
        .line = 1,
        .column = 1,
    };
    return r;
}

void tg_json_records_destroy(struct tg_json_records *r)
{
    tg_buffer_dispose(&r->levels);
    tg_buffer_dispose(&r->names);
    tg_buffer_dispose(&r->token);
    tg_buffer_dispose(&r->key);
    tg_buffer_dispose(&r->scratch);
    tg_buffer_dispose(&r->record);
    free(r);
}

/* ---- errors */

bool tg_json_records_fail(struct tg_json_records *r, const char *reason)
{
    *r->error = (struct tg_parse_error){.line = r->line, .column = r->column};
    snprintf(r->error->text, sizeof(r->error->text), "json: line %zu, column %zu: %s", r->line,
             r->column, reason);
    return false;
}

bool tg_json_records_fail_limit(struct tg_json_records *r, const char *what, size_t most,
                                const char *limit)
{
    char reason[80];

    snprintf(reason, sizeof(reason), "%s has more than %zu bytes (limit %s)", what, most, limit);
    tg_json_records_fail(r, reason);
    r->error->limit = limit;
    return false;
}

/* The bytes from p to end have been taken. */
static void advance(struct tg_json_records *r, const char *p, const char *end)
{
    const char *newline;

    for (; (newline = memchr(p, '\n', (size_t)(end - p))) != NULL; p = newline + 1) {
        r->line++;
        r->column = 1;
    }
    r->column += (size_t)(end - p);
}

/* ---- texts, numbers and words */

static const char *find_odd(const char *p, const char *end)
{
    for (; end - p >= TG_BLOCK; p += TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned odd = tg_block_mask(tg_block_either(block, '"', '\\'));
        if (odd != 0)
            return p + tg_block_first(odd);
    }
    while (p < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* Behind the text that is open, or the end of the piece. */
static const char *pass_text(struct tg_json_records *r, const char *p, const char *end)
{
    while (p < end) {
        if (r->escaped) {
            r->escaped = false;
            p++;
            continue;
        }
        p = find_odd(p, end);
        if (p == end)
            break;
        r->escaped = *p == '\\';
        r->in_text = r->escaped;
        p++;
        if (!r->in_text)
            break;
    }
    return p;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *pass_bare(const char *p, const char *end)
{
    while (p < end && !is_blank(*p) && *p != ',' && *p != ':' && *p != '"' &&
           !tg_json_records_open(*p) && !tg_json_records_close(*p))
        p++;
    return p;
}

/* ---- records */

/* The value is what comes next. */
static void begin_record(struct tg_json_records *r)
{
    r->record.len = 0;
    if (r->path.len != 0) {
        tg_buffer_put(&r->record, '{');
        tg_buffer_append(&r->record, r->key.base, r->key.len);
        tg_buffer_put(&r->record, ':');
    }
    r->before = r->record.len;
    r->record_line = r->line;
    r->record_column = r->column;
}

static bool add_to_record(struct tg_json_records *r, const char *bytes, size_t n)
{
    tg_buffer_append(&r->record, bytes, n);
    if (r->record.len + (r->before != 0) <= r->most)
        return true;
    r->line = r->record_line;
    r->column = r->record_column;
    return tg_json_records_fail_limit(r, "a record", r->most, "input");
}

static bool end_record(struct tg_json_records *r)
{
    struct tg_parse_error *error = r->error;

    if (r->before != 0)
        tg_buffer_put(&r->record, '}');
    if (r->take(r->context, tg_text(r->record.base, r->record.len), error))
        return true;
    if (error->line == 1)
        error->column = error->column > r->before ? error->column - r->before : 1;
    tg_place_move(error, r->record_line, r->record_column);
    return false;
}

/* More of the record that is open; what follows it in the piece, or NULL. */
static const char *take_record(struct tg_json_records *r, const char *start, const char *end)
{
    const char *p = start;

    while (p < end && r->inside != 0) {
        if (r->in_text) {
            p = pass_text(r, p, end);
            continue;
        }
        r->in_text = *p == '"';
        r->inside += tg_json_records_open(*p);
        r->inside -= tg_json_records_close(*p);
        p++;
    }
    if (!add_to_record(r, start, (size_t)(p - start)))
        return NULL;
    advance(r, start, p);
    return r->inside != 0 || end_record(r) ? p : NULL;
}

static bool take_value(struct tg_json_records *r, struct tg_text token)
{
    if (!tg_json_validate(token, 0, r->error)) {
        tg_place_move(r->error, r->line, r->column);
        return false;
    }
    r->state = AFTER_VALUE;
    if (!tg_json_records_match(r))
        return true;
    begin_record(r);
    return add_to_record(r, token.base, token.len) && end_record(r);
}

/* The token is whole. */
static bool take_token(struct tg_json_records *r)
{
    struct tg_text token = tg_text(r->token.base, r->token.len);
    bool good = tg_json_records_want_key(r) ? tg_json_records_key(r, token) : take_value(r, token);

    advance(r, token.base, token.base + token.len);
    r->token.len = 0;
    return good;
}

/* More of the token, and what follows it; NULL: an error. */
static const char *add_to_token(struct tg_json_records *r, const char *p, const char *end)
{
    bool is_text = r->in_text;
    const char *behind = is_text ? pass_text(r, p, end) : pass_bare(p, end);

    tg_buffer_append(&r->token, p, (size_t)(behind - p));
    if (r->token.len > r->most) {
        tg_json_records_fail_limit(r, "a text or number", r->most, "input");
        return NULL;
    }
    bool ends = is_text ? !r->in_text : behind < end;
    return !ends || take_token(r) ? behind : NULL;
}

/* What begins at p, around the records. */
static const char *take_next(struct tg_json_records *r, const char *p, const char *end)
{
    bool is_mark = tg_json_records_open(*p) || tg_json_records_close(*p) || *p == ',' || *p == ':';

    if (is_blank(*p)) {
        advance(r, p, p + 1);
        return p + 1;
    }
    if (*p == '{' && tg_json_records_want_value(r) && tg_json_records_match(r)) {
        begin_record(r);
        r->state = AFTER_VALUE;
        r->inside = 1;
        advance(r, p, p + 1);
        return add_to_record(r, p, 1) ? p + 1 : NULL;
    }
    if (is_mark) {
        bool good = tg_json_records_mark(r, *p);
        advance(r, p, p + 1);
        return good ? p + 1 : NULL;
    }
    if (!tg_json_records_want_value(r) && (*p != '"' || !tg_json_records_want_key(r))) {
        tg_json_records_fail_unexpected(r);
        return NULL;
    }
    r->in_text = *p == '"';
    tg_buffer_put(&r->token, *p);
    return add_to_token(r, p + 1, end);
}

bool tg_json_records_feed(struct tg_json_records *r, struct tg_text piece,
                          struct tg_parse_error *error)
{
    const char *p = piece.base, *end = p + piece.len;

    r->error = error;
    while (p != NULL && p < end) {
        if (r->inside != 0)
            p = take_record(r, p, end);
        else if (r->token.len != 0)
            p = add_to_token(r, p, end);
        else
            p = take_next(r, p, end);
    }
    return p != NULL;
}

bool tg_json_records_end(struct tg_json_records *r, struct tg_parse_error *error)
{
    r->error = error;
    if (r->token.len != 0 && !r->in_text && !take_token(r))
        return false;
    if (r->token.len != 0 || r->inside != 0 || r->levels.len != 0 || r->state != AFTER_VALUE)
        return tg_json_records_fail(r, "the document ends too early");
    return true;
}
