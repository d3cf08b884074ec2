/* Heads of requests: however the bytes come the same is read, and what is accepted has one meaning:
 * written anew from its parts it gives the same bytes, but for white space around values. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "gate/head_plain.h"
#include "http/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tg_head_limits limits = {.bytes = 1024, .url = 128, .fields = 16};

static void write_anew(const struct tg_head *head, struct tg_buffer *out)
{
    tg_buffer_append(out, head->method, head->method_len);
    tg_buffer_put(out, ' ');
    tg_buffer_append(out, head->path, head->path_len);
    tg_buffer_printf(out, " HTTP/1.%d\r\n", head->minor_version);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *field = &head->fields[i];
        tg_buffer_append(out, field->name, field->name_len);
        tg_buffer_put(out, ':');
        tg_buffer_append(out, field->value, field->value_len);
        tg_buffer_append(out, "\r\n", 2);
    }
    tg_buffer_append(out, "\r\n", 2);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Drops white space behind the first colon and before the end of each line but the first. */
static void squeeze(struct tg_text head, struct tg_buffer *out)
{
    const char *at = memchr(head.base, '\n', head.len), *end = head.base + head.len;

    assert(at != NULL);
    tg_buffer_append(out, head.base, (size_t)(++at - head.base));
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        assert(lf != NULL && lf > at && lf[-1] == '\r');
        const char *colon = memchr(at, ':', (size_t)(lf - at)), *stop = lf - 1;
        if (colon != NULL) {
            tg_buffer_append(out, at, (size_t)(colon + 1 - at));
            at = colon + 1;
            while (at < stop && is_blank(*at))
                at++;
            while (stop > at && is_blank(stop[-1]))
                stop--;
        }
        tg_buffer_append(out, at, (size_t)(stop - at));
        tg_buffer_append(out, "\r\n", 2);
        at = lf + 1;
    }
}

static void expect_one_meaning(struct tg_text text, const struct tg_head *head)
{
    struct tg_buffer anew = {0}, squeezed_anew = {0}, squeezed = {0};

    if (text.base[0] == '\r') /* RFC 9112: an empty line before the request line is passed over */
        text = tg_text(text.base + 2, text.len - 2);
    write_anew(head, &anew);
    squeeze(tg_text(anew.base, anew.len), &squeezed_anew);
    squeeze(text, &squeezed);
    assert(tg_text_is(tg_text(squeezed.base, squeezed.len),
                      tg_text(squeezed_anew.base, squeezed_anew.len)));
    tg_buffer_dispose(&anew);
    tg_buffer_dispose(&squeezed_anew);
    tg_buffer_dispose(&squeezed);
}

static void expect_one_framing(const struct tg_head *head)
{
    unsigned lengths = 0, codings = 0, hosts = 0;

    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *field = &head->fields[i];
        assert(field->name_len != 0 && memchr(field->name, ' ', field->name_len) == NULL);
        assert(memchr(field->value, '\r', field->value_len) == NULL);
        assert(memchr(field->value, '\0', field->value_len) == NULL);
        lengths += field->name_len == 14 && strncasecmp(field->name, "content-length", 14) == 0;
        codings += field->name_len == 17 && strncasecmp(field->name, "transfer-encoding", 17) == 0;
        hosts += field->name_len == 4 && strncasecmp(field->name, "host", 4) == 0;
    }
    assert(lengths + codings <= 1 && hosts <= 1 && (hosts == 1 || head->minor_version == 0));
    assert(head->has_body == (lengths + codings == 1));
    assert(head->minor_version != 0 || codings == 0);
}

/* What h2o would be told, when the bytes come `step` by `step`. */
static int read_head(struct tg_text text, size_t step, struct tg_head *head,
                     struct tg_refusal *refusal)
{
    size_t at = 0, before = 0;
    int rc = -2;

    while (at < text.len && rc == -2) {
        before = at;
        at += text.len - at < step ? text.len - at : step;
        rc = tg_head_read(&limits, text.base, at, before, head, refusal);
    }
    return rc;
}

/* What is plain means the same to h2o's parser and to the rules, which read what seems to have come
 * in two pieces. */
static void expect_plain_is_well(struct tg_text text)
{
    struct phr_header fields[TG_HEAD_FIELDS], plain_fields[TG_HEAD_FIELDS];
    struct tg_head head = {.fields = fields}, plain = {.fields = plain_fields};
    struct tg_refusal refusal = {0};
    int len = tg_head_read_plain(&limits, text.base, text.len, &plain);

    if (len == 0)
        return;
    assert(tg_head_read(&limits, text.base, text.len, 1, &head, &refusal) == len);
    assert(head.method == plain.method && head.method_len == plain.method_len);
    assert(head.path == plain.path && head.path_len == plain.path_len);
    assert(head.minor_version == plain.minor_version && head.has_body == plain.has_body);
    assert(head.field_count == plain.field_count);
    for (size_t i = 0; i < head.field_count; i++)
        assert(fields[i].name == plain_fields[i].name &&
               fields[i].name_len == plain_fields[i].name_len &&
               fields[i].value == plain_fields[i].value &&
               fields[i].value_len == plain_fields[i].value_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct phr_header fields[TG_HEAD_FIELDS], cut_fields[TG_HEAD_FIELDS];
    struct tg_head head = {.fields = fields}, cut = {.fields = cut_fields};
    struct tg_refusal refusal = {0}, cut_refusal = {0};

    if (size == 0)
        return 0;
    char *copy = malloc(size - 1); /* its very size, so that a byte too far is seen */
    memcpy(copy, data + 1, size - 1);
    struct tg_text text = {copy, size - 1};

    expect_plain_is_well(text);
    int rc = read_head(text, size, &head, &refusal);
    int cut_rc = read_head(text, data[0] % 64 + 1, &cut, &cut_refusal);
    assert((rc == -1) == (refusal.detail != NULL));
    assert((cut_rc == -1) == (cut_refusal.detail != NULL));
    assert(rc <= 0 || (size_t)rc <= limits.bytes);
    assert(rc <= 0 || cut_rc == rc); /* what is well stays well; what is wrong may be seen later */
    assert(cut_rc <= 0 || cut_rc == rc);
    if (rc > 0) {
        expect_one_framing(&head);
        if (tg_strict_method(tg_text(head.method, head.method_len)) == NULL)
            expect_one_meaning(tg_text(text.base, (size_t)rc), &head);
    }
    free(copy);
    return 0;
}
