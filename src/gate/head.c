#include "gate/head.h"

#include <stdbool.h>

#include "gate/head_plain.h"
#include "gate/theirs.h"
#include "http/strict.h"

enum { BESIDE_URL = TG_HEAD_METHOD + 16 }; /* of a request line: method, spaces, version */

typedef int parse_request(const char *, size_t, const char **, size_t *, const char **, size_t *,
                          int *, struct phr_header *, size_t *, size_t);

static parse_request *theirs(void)
{
    static _Atomic(void *) found;
    parse_request *parse;

    *(void **)&parse = tg_theirs(&found, "phr_parse_request");
    return parse;
}

static int refuse(struct tg_refusal *refusal, enum tg_refused reason, const char *detail)
{
    *refusal = (struct tg_refusal){reason, detail};
    return -1;
}

static const char *check(const char *bytes, int len, const struct tg_head *head)
{
    struct tg_strict_field fields[TG_HEAD_FIELDS];

    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *field = &head->fields[i];
        fields[i] = (struct tg_strict_field){tg_text(field->name, field->name_len),
                                             tg_text(field->value, field->value_len)};
    }
    return tg_strict_head(fields, head->field_count, tg_text(bytes, (size_t)len),
                          head->minor_version);
}

/* White space around a value is no part of it; h2o's parser leaves what stands behind. */
static void trim(struct tg_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct phr_header *field = &head->fields[i];
        while (field->value_len != 0 && (field->value[field->value_len - 1] == ' ' ||
                                         field->value[field->value_len - 1] == '\t'))
            field->value_len--;
    }
}

static bool has_body(const struct tg_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct tg_text name = tg_text(head->fields[i].name, head->fields[i].name_len);
        if (tg_text_is_nocase(name, TG_TEXT("content-length")) ||
            tg_text_is_nocase(name, TG_TEXT("transfer-encoding")))
            return true;
    }
    return false;
}

/* More must come; unless it is too much already. */
static int judge_part(const struct tg_head_limits *limits, const char *bytes, size_t len,
                      struct tg_refusal *refusal)
{
    if (len > limits->url + BESIDE_URL && memchr(bytes, '\n', len) == NULL)
        return refuse(refusal, TG_REFUSED_URL, "the request target is too long");
    if (len > limits->bytes)
        return refuse(refusal, TG_REFUSED_HEAD, "the head of the request is too large");
    return -2;
}

static int judge_whole(const struct tg_head_limits *limits, const char *bytes, int len,
                       struct tg_head *head, struct tg_refusal *refusal)
{
    const char *wrong;

    if (head->path_len > limits->url || head->method_len > TG_HEAD_METHOD)
        return refuse(refusal, TG_REFUSED_URL, "the request target is too long");
    if ((size_t)len > limits->bytes)
        return refuse(refusal, TG_REFUSED_HEAD, "the head of the request is too large");
    if (head->field_count > limits->fields)
        return refuse(refusal, TG_REFUSED_FIELDS, "the request has too many fields");
    wrong = check(bytes, len, head);
    trim(head);
    head->has_body = has_body(head);
    return wrong != NULL ? refuse(refusal, TG_REFUSED_MALFORMED, wrong) : len;
}

/* By h2o's parser, and then by our rules. */
static int read_thoroughly(const struct tg_head_limits *limits, const char *bytes, size_t len,
                           size_t last_len, struct tg_head *head, struct tg_refusal *refusal)
{
    head->field_count = TG_HEAD_FIELDS;
    int rc = theirs()(bytes, len, &head->method, &head->method_len, &head->path, &head->path_len,
                      &head->minor_version, head->fields, &head->field_count, last_len);

    if (rc == -2)
        return judge_part(limits, bytes, len, refusal);
    if (rc > 0)
        return judge_whole(limits, bytes, rc, head, refusal);
    if (head->field_count == TG_HEAD_FIELDS)
        return refuse(refusal, TG_REFUSED_FIELDS, "the request has too many fields");
    return refuse(refusal, TG_REFUSED_MALFORMED, "this is no HTTP/1.1 request");
}

int tg_head_read(const struct tg_head_limits *limits, const char *bytes, size_t len,
                 size_t last_len, struct tg_head *head, struct tg_refusal *refusal)
{
    int used = last_len == 0 ? tg_head_read_plain(limits, bytes, len, head) : 0;

    return used != 0 ? used : read_thoroughly(limits, bytes, len, last_len, head, refusal);
}
