#include "net/framing.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

struct outcome {
    enum tg_framing_step step; /* END, WRONG, or MORE when the text ran out */
    const char *wrong;
    int status;
    size_t fields, left; /* bytes behind the response */
    bool keep;
    char body[128];
};

static bool read_body(struct tg_framing *framing, struct tg_text *in, struct outcome *outcome)
{
    struct tg_text piece;

    while ((outcome->step = tg_framing_body(framing, in, &piece)) == TG_FRAMING_PIECE)
        strncat(outcome->body, piece.base, piece.len);
    return outcome->step != TG_FRAMING_MORE;
}

/* Feeds the text `step` bytes at a time, as an exchange does; then the connection is closed. */
static struct outcome play(struct tg_text text, size_t step, bool is_head, size_t head_limit)
{
    struct tg_framing framing;
    struct tg_framing_head head;
    struct outcome outcome = {.step = TG_FRAMING_MORE};
    struct tg_text in = {text.base, 0};
    bool body = false;

    tg_framing_init(&framing, is_head, head_limit);
    for (size_t at = 0; at < text.len && outcome.step == TG_FRAMING_MORE;) {
        size_t known = in.len, n = text.len - at < step ? text.len - at : step;
        at += n;
        in.len += n;
        if (!body) {
            outcome.step = tg_framing_head(&framing, &in, known, &head);
            if (outcome.step != TG_FRAMING_HEAD)
                continue;
            body = true;
            outcome.status = head.status;
            outcome.fields = head.field_count;
        }
        read_body(&framing, &in, &outcome);
        outcome.left = text.len - at + in.len;
    }
    if (outcome.step == TG_FRAMING_MORE && body) {
        outcome.wrong = tg_framing_close(&framing);
        outcome.step = outcome.wrong != NULL ? TG_FRAMING_WRONG : TG_FRAMING_END;
    } else {
        outcome.wrong = framing.wrong;
    }
    outcome.keep = framing.keep;
    return outcome;
}

/* Whole, and byte by byte. */
static void expect(const char *text, bool is_head, int status, const char *body, bool keep,
                   size_t left)
{
    size_t steps[] = {strlen(text), 1, 7};

    for (size_t i = 0; i < 3; i++) {
        struct outcome outcome = play(tg_text_of(text), steps[i], is_head, 4096);
        if (outcome.step != TG_FRAMING_END)
            print_error("%s: %s\n", text, outcome.wrong);
        assert_int_equal(outcome.step, TG_FRAMING_END);
        assert_int_equal(outcome.status, status);
        assert_string_equal(outcome.body, body);
        assert_int_equal(outcome.keep, keep);
        assert_int_equal(outcome.left, left);
    }
}

static void expect_wrong_text(struct tg_text text, const char *wrong)
{
    size_t steps[] = {text.len, 1};

    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = play(text, steps[i], false, 4096);
        assert_int_equal(outcome.step, TG_FRAMING_WRONG);
        assert_string_equal(outcome.wrong, wrong);
    }
}

#define expect_wrong(literal, wrong) expect_wrong_text(TG_TEXT(literal), wrong)

static void frames_by_length_chunks_or_close(void **state)
{
    (void)state;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", true, 0);
    expect("HTTP/1.1 200 OK\r\ncontent-length:\t2 \r\n\r\nok", false, 200, "ok", true, 0);
    expect("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, 404, "", true, 0);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, 200,
           "ok", true, 0);
    expect("HTTP/1.1 200 OK\r\n\r\nall of it", false, 200, "all of it", false, 0);
    expect("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", true, 0);
    expect("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", true, 0);
    expect("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", false, 200, "ok", true, 0);
}

static void knows_what_has_no_body(void **state)
{
    (void)state;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 200, "", true, 0);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, 200, "", true, 0);
    expect("HTTP/1.1 200 OK\r\n\r\n", true, 200, "", true, 0);
    expect("HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true, 0);
    expect("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 304, "", true, 0);
    expect("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, 204, "", false, 0);
}

static void leaves_what_follows(void **state)
{
    (void)state;
    expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", false, 200, "ok", true, 4);
    expect("HTTP/1.1 204 No Content\r\n\r\nextra", false, 204, "", true, 5);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", false, 200, "", true,
           1);
}

static void knows_when_a_connection_stays(void **state)
{
    (void)state;
    expect("HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", false, 204, "", false, 0);
    expect("HTTP/1.1 204 No\r\nConnection: foo , CLOSE\r\n\r\n", false, 204, "", false, 0);
    expect("HTTP/1.1 204 No\r\nConnection: closed\r\n\r\n", false, 204, "", true, 0);
    expect("HTTP/1.1 204 No\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false, 204, "",
           false, 0);
    expect("HTTP/1.0 204 No\r\n\r\n", false, 204, "", false, 0);
    expect("HTTP/1.0 204 No\r\nConnection: Keep-Alive\r\n\r\n", false, 204, "", true, 0);
}

static void passes_over_interim_responses(void **state)
{
    (void)state;
    expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
           false, 200, "ok", true, 0);
    expect_wrong("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
                 "the backend switched protocols unasked");
}

static enum tg_framing_step switch_with(const char *text, const char *asked)
{
    struct tg_text in = tg_text_of(text);
    struct tg_framing framing;
    struct tg_framing_head head;

    tg_framing_init(&framing, false, 1024);
    framing.asked = tg_text_of(asked);
    return tg_framing_head(&framing, &in, 0, &head);
}

static void switches_protocols_as_asked(void **state)
{
    (void)state;
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
    assert_int_equal(switch_with(SWITCH "Upgrade: x\r\n\r\n", "x"), TG_FRAMING_HEAD);
    assert_int_equal(switch_with(SWITCH "Upgrade: X\r\n\r\n", "y, x"), TG_FRAMING_HEAD);
    assert_int_equal(switch_with(SWITCH "Upgrade: y\r\n\r\n", "x"), TG_FRAMING_WRONG);
    assert_int_equal(switch_with(SWITCH "Upgrade: x\r\nUpgrade: y\r\n\r\n", "x"), TG_FRAMING_WRONG);
    assert_int_equal(switch_with(SWITCH "\r\n", "x"), TG_FRAMING_WRONG);
    assert_int_equal(switch_with(SWITCH "Upgrade: x\r\n\r\n", ""), TG_FRAMING_WRONG);
}

static void bounds_interim_responses(void **state)
{
    (void)state;
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const char last[] = "HTTP/1.1 204 No\r\n\r\n";
    enum { LEN = sizeof(interim) - 1 };
    static char text[(TG_FRAMING_INTERIM + 1) * LEN + sizeof(last)];

    for (int i = 0; i < TG_FRAMING_INTERIM + 1; i++)
        memcpy(text + i * LEN, interim, LEN);
    strcpy(text + (TG_FRAMING_INTERIM + 1) * LEN, last);
    expect_wrong_text(tg_text_of(text), "the backend sent too many interim responses");
    expect(text + LEN, false, 204, "", true, 0);
}

static void refuses_framing_that_can_be_read_in_two_ways(void **state)
{
    (void)state;
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 10\r\n\r\nabc",
                 "the response has Content-Length twice");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
                 "the response has Content-Length twice");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "the response has both Content-Length and Transfer-Encoding");
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                 "the response has a Transfer-Encoding other than chunked");
    expect_wrong(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "the response has a Transfer-Encoding other than chunked");
    expect_wrong("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "the response has a Transfer-Encoding in HTTP/1.0");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
                 "the response's Content-Length is not a number");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
                 "the response's Content-Length is not a number");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                 "the response's Content-Length is not a number");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
                 "the response's Content-Length is not a number");
}

static void refuses_malformed_heads(void **state)
{
    (void)state;
    static const char status[] = "the response does not begin with an HTTP/1 status line";
    static const char field[] = "the response has a malformed header field";

    expect_wrong("SSH-2.0-OpenSSH\r\n", status);
    expect_wrong("HTTP/2 200 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1 2x0 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1  200 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1 2000 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1 099 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1 600 OK\r\n\r\n", status);
    expect_wrong("\r\nHTTP/1.1 200 OK\r\n\r\n", status);
    expect_wrong("HTTP/1.1 200 O\0K\r\n\r\n", "the status line has a control character in it");
    expect_wrong("HTTP/1.1 200 O\rK\r\n\r\n", "the status line has a control character in it");
    expect_wrong("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n",
                 "the response has a folded header field");
    expect_wrong("HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\n: 1\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA: 1\0002\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA: 1\r2\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n", field);
    expect_wrong("HTTP/1.1 200 OK\r\nA(: 1\r\n\r\n", field);
}

static void reports_bodies_cut_short(void **state)
{
    (void)state;
    static const char chunk[] = "body cut short: the last chunk is missing";

    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nup",
                 "body cut short: fewer bytes came than Content-Length says");
    expect_wrong("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
                 "body cut short: fewer bytes came than Content-Length says");
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk);
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", chunk);
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no", chunk);
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", chunk);
    expect_wrong("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2x\r\nok\r\n0\r\n\r\n",
                 "the chunked body of the response is malformed");
}

static void waits_for_the_rest_of_a_head(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

    for (size_t len = 1; len < sizeof(text) - 1; len++)
        assert_int_equal(play(tg_text(text, len), len, false, 4096).step, TG_FRAMING_MORE);
}

static void a_head_may_be_as_long_as_the_limit(void **state)
{
    (void)state;
    struct tg_text text = TG_TEXT("HTTP/1.1 204 No\r\nA: b\r\n\r\n");

    for (size_t step = 1; step <= text.len; step++) {
        assert_int_equal(play(text, step, false, text.len).step, TG_FRAMING_END);
        assert_int_equal(play(text, step, false, text.len - 1).step, TG_FRAMING_WRONG);
    }
}

static void a_head_has_up_to_128_fields(void **state)
{
    (void)state;
    char text[4096] = "HTTP/1.1 204 No\r\n";
    size_t line = strlen(text);

    for (int i = 0; i < TG_FRAMING_FIELDS + 1; i++)
        snprintf(text + line + (size_t)i * 8, 9, "f%03d:x\r\n", i);
    strcat(text, "\r\n");
    expect_wrong_text(tg_text_of(text), "the response has too many header fields");
    strcpy(text + line + TG_FRAMING_FIELDS * 8, "\r\n");
    struct outcome outcome = play(tg_text_of(text), strlen(text), false, sizeof(text));
    assert_int_equal(outcome.step, TG_FRAMING_END);
    assert_int_equal(outcome.fields, TG_FRAMING_FIELDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_by_length_chunks_or_close),
        cmocka_unit_test(knows_what_has_no_body),
        cmocka_unit_test(leaves_what_follows),
        cmocka_unit_test(knows_when_a_connection_stays),
        cmocka_unit_test(passes_over_interim_responses),
        cmocka_unit_test(switches_protocols_as_asked),
        cmocka_unit_test(bounds_interim_responses),
        cmocka_unit_test(refuses_framing_that_can_be_read_in_two_ways),
        cmocka_unit_test(refuses_malformed_heads),
        cmocka_unit_test(reports_bodies_cut_short),
        cmocka_unit_test(waits_for_the_rest_of_a_head),
        cmocka_unit_test(a_head_may_be_as_long_as_the_limit),
        cmocka_unit_test(a_head_has_up_to_128_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
