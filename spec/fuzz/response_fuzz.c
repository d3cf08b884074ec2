/* Responses of backends: however the bytes are cut, the same response is read. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/strict.h"
#include "net/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_LIMIT = 512 };

struct outcome {
    enum tg_framing_step step;
    const char *cut; /* what tg_framing_close says, when the bytes run out */
    int status;
    bool keep;
    struct tg_text behind;
    char *body;
    size_t body_len;
};

static void check_head(const struct tg_framing_head *head, bool asked)
{
    assert((head->status >= 200 || (head->status == 101 && asked)) && head->status < 600);
    assert(head->len <= HEAD_LIMIT && head->field_count <= TG_FRAMING_FIELDS);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct phr_header *field = &head->fields[i];
        assert(tg_strict_field_name(tg_text(field->name, field->name_len)) == NULL);
        assert(tg_strict_field_value(tg_text(field->value, field->value_len)) == NULL);
    }
}

static void read_body(struct tg_framing *framing, struct tg_text *in, struct outcome *outcome)
{
    struct tg_text piece;

    while ((outcome->step = tg_framing_body(framing, in, &piece)) == TG_FRAMING_PIECE) {
        assert(piece.len != 0);
        memcpy(outcome->body + outcome->body_len, piece.base, piece.len);
        outcome->body_len += piece.len;
    }
}

static struct outcome play(struct tg_text text, size_t step, bool is_head, bool asked)
{
    struct tg_framing framing;
    struct tg_framing_head head;
    struct outcome outcome = {.step = TG_FRAMING_MORE, .body = malloc(text.len + 1)};
    struct tg_text in = {text.base, 0};
    bool in_body = false;

    tg_framing_init(&framing, is_head, HEAD_LIMIT);
    if (asked)
        framing.asked = TG_TEXT("x");
    for (size_t at = 0; at < text.len && outcome.step == TG_FRAMING_MORE;) {
        size_t known = in.len, n = text.len - at < step ? text.len - at : step;
        at += n;
        in.len += n;
        if (!in_body) {
            outcome.step = tg_framing_head(&framing, &in, known, &head);
            if (outcome.step != TG_FRAMING_HEAD)
                continue;
            check_head(&head, asked);
            outcome.status = head.status;
            in_body = true;
        }
        read_body(&framing, &in, &outcome);
        assert(outcome.step != TG_FRAMING_MORE || in.len == 0);
        outcome.behind = tg_text(in.base, (size_t)(text.base + text.len - in.base));
    }
    if (outcome.step == TG_FRAMING_MORE && in_body)
        outcome.cut = tg_framing_close(&framing);
    outcome.keep = framing.keep;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *copy = malloc(size - 1); /* its very size, so that a byte too far is seen */
    memcpy(copy, data + 1, size - 1);
    struct tg_text text = {copy, size - 1};
    size_t step = (data[0] >> 1) % 64 + 1;
    bool is_head = (data[0] & 1) != 0, asked = data[0] >= 128;

    struct outcome whole = play(text, size, is_head, asked);
    struct outcome cut = play(text, step, is_head, asked);
    assert(whole.step == cut.step);
    if (whole.step != TG_FRAMING_WRONG) {
        assert(whole.cut == cut.cut && whole.status == cut.status && whole.keep == cut.keep);
        assert(tg_text_is(tg_text(whole.body, whole.body_len), tg_text(cut.body, cut.body_len)));
        assert(tg_text_is(whole.behind, cut.behind));
    }
    free(whole.body);
    free(cut.body);
    free(copy);
    return 0;
}
