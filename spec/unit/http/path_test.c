#include "http/path.h"

#include <stdlib.h>

#include "http/text.h"

/* Space of exactly the promised size, so that a sanitizer sees a byte too many. */
static const char *parse(struct tg_text raw, struct tg_path *path, char **space)
{
    char *copy = malloc(raw.len + 1);

    memcpy(copy, raw.base, raw.len);
    *space = malloc(TG_PATH_SPACE(raw.len));
    const char *wrong = tg_path_parse(tg_text(copy, raw.len), *space, path);
    free(copy);
    return wrong;
}

static void expect_normal(const char *raw, const char *normal)
{
    struct tg_path path;
    char *space;

    assert_null(parse(tg_text_of(raw), &path, &space));
    assert_text(path.normal, normal);
    free(space);
}

static void expect_refused(struct tg_text raw, const char *reason)
{
    struct tg_path path;
    char *space;
    const char *wrong = parse(raw, &path, &space);

    assert_non_null(wrong);
    assert_string_equal(wrong, reason);
    free(space);
}

static void cuts_into_segments(void **state)
{
    (void)state;
    struct tg_path path;
    char *space;

    assert_null(parse(TG_TEXT("/shop/caf%C3%A9%2Fbar/"), &path, &space));
    assert_int_equal(path.count, 3);
    assert_text(path.segments[0].decoded, "shop");
    assert_text(path.segments[1].decoded, "caf\xc3\xa9/bar");
    assert_text(path.segments[1].encoded, "caf%C3%A9%2Fbar");
    assert_text(path.segments[2].decoded, "");
    assert_text(path.segments[2].encoded, "");
    assert_text(path.normal, "/shop/caf%C3%A9%2Fbar/");
    free(space);

    assert_null(parse(TG_TEXT("/"), &path, &space));
    assert_int_equal(path.count, 1);
    assert_text(path.segments[0].decoded, "");
    free(space);
}

static void writes_one_canonical_form(void **state)
{
    (void)state;
    expect_normal("/a", "/a");
    expect_normal("/%61%7E%2d", "/a~-");
    expect_normal("/a%2fb%3a", "/a%2Fb%3A");
    expect_normal("/:@!$&'()*+,;=", "/:@!$&'()*+,;=");
    expect_normal("/a b\"<>\\^`{|}", "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D");
    expect_normal("/%25%32%66", "/%252f");
    expect_normal("/caf%c3%a9", "/caf%C3%A9");
}

static void resolves_dots_and_empty_segments(void **state)
{
    (void)state;
    expect_normal("/a/./b", "/a/b");
    expect_normal("/a/../b", "/b");
    expect_normal("/a/b/..", "/a/");
    expect_normal("/a/b/.", "/a/b/");
    expect_normal("/..", "/");
    expect_normal("/../../a", "/a");
    expect_normal("/a/%2e%2E/b", "/b");
    expect_normal("/a/.%2e/b/%2E/c", "/b/c");
    expect_normal("//a///b//", "/a/b/");
    expect_normal("/a/%20/../b", "/a/b");
    expect_normal("/a%2F../b", "/a%2F../b");
    expect_normal("/.../..a/a..", "/.../..a/a..");
}

static void segments_are_those_of_the_normal_path(void **state)
{
    (void)state;
    struct tg_path path;
    char *space;

    assert_null(parse(TG_TEXT("/x%20y/drop%20/../%2e/last%21"), &path, &space));
    assert_text(path.normal, "/x%20y/last%21");
    assert_int_equal(path.count, 2);
    assert_text(path.segments[0].decoded, "x y");
    assert_text(path.segments[1].decoded, "last!");
    assert_text(path.segments[1].encoded, "last%21");
    free(space);
}

static void refuses_what_cannot_be_decoded(void **state)
{
    (void)state;
    static const char escape[] = "the path has a broken escape in it";
    static const char control[] = "the path has a control character in it";
    static const char utf8[] = "the path is not UTF-8";

    expect_refused(TG_TEXT("/%"), escape);
    expect_refused(TG_TEXT("/%2"), escape);
    expect_refused(TG_TEXT("/a/%2/b"), escape);
    expect_refused(TG_TEXT("/%zz"), escape);
    expect_refused(TG_TEXT("/a%00"), control);
    expect_refused(TG_TEXT("/a%1f"), control);
    expect_refused(TG_TEXT("/a%7F"), control);
    expect_refused(TG_TEXT("/a\0b"), control);
    expect_refused(TG_TEXT("/a\tb"), control);
    expect_refused(TG_TEXT("/caf\xc3\xa9"), "the path has a byte in it that must be escaped");
    expect_refused(TG_TEXT("/%80"), utf8);
    expect_refused(TG_TEXT("/%c3"), utf8);
    expect_refused(TG_TEXT("/%c3/%a9"), utf8);
    expect_refused(TG_TEXT("/%c0%af"), utf8);
    expect_refused(TG_TEXT("/%e0%80%af"), utf8);
    expect_refused(TG_TEXT("/%ed%a0%80"), utf8);
    expect_refused(TG_TEXT("/%f4%90%80%80"), utf8);
    expect_refused(TG_TEXT("/%ff/../a"), utf8);
}

static void takes_the_ends_of_utf8(void **state)
{
    (void)state;
    expect_normal("/%c2%80%df%bf", "/%C2%80%DF%BF");
    expect_normal("/%e0%a0%80%ed%9f%bf%ee%80%80", "/%E0%A0%80%ED%9F%BF%EE%80%80");
    expect_normal("/%f0%90%80%80%f4%8f%bf%bf", "/%F0%90%80%80%F4%8F%BF%BF");
}

static void begins_with_a_slash(void **state)
{
    (void)state;
    static const char slash[] = "the path does not begin with a slash";

    expect_refused(TG_TEXT(""), slash);
    expect_refused(TG_TEXT("*"), slash);
    expect_refused(TG_TEXT("http://a/b"), slash);
}

static void counts_segments_up_to_the_limit(void **state)
{
    (void)state;
    char raw[2 * (TG_PATH_SEGMENTS + 1)];
    struct tg_path path;
    char *space;

    for (size_t i = 0; i < sizeof(raw); i += 2)
        memcpy(raw + i, "/a", 2);
    assert_null(parse(tg_text(raw, 2 * TG_PATH_SEGMENTS), &path, &space));
    assert_int_equal(path.count, TG_PATH_SEGMENTS);
    free(space);
    expect_refused(tg_text(raw, sizeof(raw)), "the path has too many segments");
}

static void needs_no_more_space_than_it_says(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        char raw[40] = "/";
        struct tg_path path;
        char *space;
        memset(raw + 1, '"', len - 1);
        assert_null(parse(tg_text(raw, len), &path, &space));
        assert_int_equal(path.normal.len, 1 + 3 * (len - 1));
        free(space);
    }
}

static void encodes_a_segment_that_stays_one(void **state)
{
    (void)state;
    struct tg_buffer out = {0};

    tg_path_encode(&out, TG_TEXT("a/b?c#d %:@$&"));
    assert_text(tg_text(out.base, out.len), "a%2Fb%3Fc%23d%20%25:@$&");
    out.len = 0;
    tg_path_encode(&out, TG_TEXT(".."));
    assert_text(tg_text(out.base, out.len), "%2E%2E");
    tg_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_into_segments),
        cmocka_unit_test(writes_one_canonical_form),
        cmocka_unit_test(resolves_dots_and_empty_segments),
        cmocka_unit_test(segments_are_those_of_the_normal_path),
        cmocka_unit_test(refuses_what_cannot_be_decoded),
        cmocka_unit_test(takes_the_ends_of_utf8),
        cmocka_unit_test(begins_with_a_slash),
        cmocka_unit_test(counts_segments_up_to_the_limit),
        cmocka_unit_test(needs_no_more_space_than_it_says),
        cmocka_unit_test(encodes_a_segment_that_stays_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
