#include "base/log.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void expect_field(struct tg_text value, const char *want)
{
    struct tg_buffer line = {0};

    tg_log_field(&line, "k", value);
    tg_buffer_put(&line, '\0');
    assert_string_equal(line.base, want);
    tg_buffer_dispose(&line);
}

static void leaves_plain_values_alone(void **state)
{
    (void)state;
    expect_field(TG_TEXT("plain/1.5-x"), " k=plain/1.5-x");
    expect_field(TG_TEXT(""), " k=\"\"");
}

static void quotes_and_escapes_the_others(void **state)
{
    (void)state;
    expect_field(TG_TEXT("two words"), " k=\"two words\"");
    expect_field(TG_TEXT("a=b"), " k=\"a=b\"");
    expect_field(TG_TEXT("say \"x\\y\""), " k=\"say \\\"x\\\\y\\\"\"");
    expect_field(TG_TEXT("a\nlevel=error"), " k=\"a\\nlevel=error\"");
    expect_field(TG_TEXT("\x1b[31mred\x7f\0"), " k=\"\\u001b[31mred\\u007f\\u0000\"");
    expect_field(TG_TEXT("K\xc3\xb6ln"), " k=\"K\xc3\xb6ln\"");
    expect_field(TG_TEXT("\xc2\x9b"
                         "31m"),
                 " k=\"\\u009b31m\"");
    expect_field(TG_TEXT("a\xff\xc3"), " k=\"a\\ufffd\\ufffd\"");
    expect_field(TG_TEXT("\xed\xa0\x80"), " k=\"\\ufffd\\ufffd\\ufffd\"");
}

static void keeps_keys_whole(void **state)
{
    (void)state;
    struct tg_buffer line = {0};

    tg_log_field(&line, "a b=\"\n", TG_TEXT("1"));
    assert_true(tg_text_is(tg_text(line.base, line.len), TG_TEXT(" a_b___=1")));
    tg_buffer_dispose(&line);
}

static void cuts_long_values_between_characters(void **state)
{
    (void)state;
    char long_text[TG_LOG_VALUE + 2];
    struct tg_buffer line = {0};

    memset(long_text, 'x', sizeof(long_text));
    tg_log_field(&line, "k", tg_text(long_text, TG_LOG_VALUE));
    assert_int_equal(line.len, 3 + TG_LOG_VALUE);
    tg_buffer_clear(&line, 8192);
    memcpy(long_text + TG_LOG_VALUE - 1, "\xc3\xb6", 2);
    tg_log_field(&line, "k", tg_text(long_text, TG_LOG_VALUE + 1));
    assert_int_equal(line.len, 3 + 1 + TG_LOG_VALUE - 1 + 3 + 1);
    assert_memory_equal(line.base + line.len - 5, "x\xe2\x80\xa6\"", 5);
    tg_buffer_dispose(&line);
}

/* Runs `play` with a log into a file and gives what the file holds. */
static char *told(void (*play)(const struct tg_log *), enum tg_log_level level, char *text,
                  size_t size)
{
    char path[] = "/tmp/tidegate.log.XXXXXX";
    struct tg_sink_options options = {.fd = mkstemp(path)};
    struct tg_log log = {.sink = tg_sink_create(&options), .level = level};

    assert_non_null(log.sink);
    play(&log);
    tg_sink_destroy(log.sink);
    ssize_t n = pread(options.fd, text, size - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    close(options.fd);
    unlink(path);
    return text;
}

static void say_all(const struct tg_log *log)
{
    struct tg_buffer fields = {0};

    tg_log_debug(log, NULL, "event=d");
    tg_log_info(log, "r 1", "event=i n=%d text=%s", 5, "one\ntime=forged\x1b");
    tg_log_warn(log, NULL, "event=w");
    tg_log_error(log, "r2", "event=e");
    tg_log_field(&fields, "event", TG_TEXT("own"));
    tg_log_fields(log, TG_LOG_WARN, "r3", &fields);
    tg_buffer_dispose(&fields);
}

static void writes_a_line_an_event(void **state)
{
    (void)state;
    char text[2048];
    const char *line = told(say_all, TG_LOG_INFO, text, sizeof(text));

    static const char *const want[] = {
        " level=info id=\"r 1\" event=i n=5 text=one\\ntime=forged\\u001b\n",
        " level=warn event=w\n",
        " level=error id=r2 event=e\n",
        " level=warn id=r3 event=own\n",
    };
    for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
        assert_memory_equal(line, "time=2", 6);
        line += strlen("time=2026-01-02T03:04:05.678Z");
        assert_memory_equal(line, want[i], strlen(want[i]));
        line += strlen(want[i]);
    }
    assert_string_equal(line, "");
}

static void says_nothing_below_its_level(void **state)
{
    (void)state;
    char text[2048];

    assert_null(strstr(told(say_all, TG_LOG_ERROR, text, sizeof(text)), "level=warn"));
    assert_non_null(strstr(text, "level=error"));
    tg_log_error(NULL, NULL, "event=nowhere");
    tg_log_error(&(struct tg_log){0}, NULL, "event=nowhere");
}

static void say_much(const struct tg_log *log)
{
    char *much = malloc(100000);

    memset(much, 'y', 99999);
    much[99999] = '\0';
    tg_log_info(log, NULL, "event=%s", much);
    free(much);
}

static void cuts_a_message_that_is_too_long(void **state)
{
    (void)state;
    static char text[20000];

    told(say_much, TG_LOG_INFO, text, sizeof(text));
    assert_in_range(strlen(text), 8192, 8300);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_plain_values_alone),
        cmocka_unit_test(quotes_and_escapes_the_others),
        cmocka_unit_test(keeps_keys_whole),
        cmocka_unit_test(cuts_long_values_between_characters),
        cmocka_unit_test(writes_a_line_an_event),
        cmocka_unit_test(says_nothing_below_its_level),
        cmocka_unit_test(cuts_a_message_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
