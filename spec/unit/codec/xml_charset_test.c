#include "codec/xml_charset.h"
#include "codec/xml_to_json.h"
#include "unit.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

static int set_up(void **state)
{
    *state = tg_xml_create();
    return 0;
}

static int tear_down(void **state)
{
    tg_xml_destroy(*state);
    return 0;
}

static bool convert(void **state, const char *bytes, size_t len, struct tg_xml_options options,
                    struct tg_buffer *out, struct tg_parse_error *error)
{
    char *exact = malloc(len);

    memcpy(exact, bytes, len);
    out->len = 0;
    bool good = tg_xml_to_json(*state, tg_text(exact, len), &options, out, error);
    free(exact);
    return good;
}

static void expect(void **state, const char *bytes, size_t len, struct tg_xml_options options,
                   const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    if (!convert(state, bytes, len, options, &out, &error))
        fail_msg("%s", error.text);
    tg_buffer_put(&out, '\0');
    assert_string_equal(want, out.base);
    tg_buffer_dispose(&out);
}

static void expect_error(void **state, const char *bytes, size_t len, struct tg_xml_options options,
                         const char *want)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    if (convert(state, bytes, len, options, &out, &error))
        fail_msg("accepted");
    assert_string_equal(want, error.text);
    assert_int_equal(0, out.len);
    tg_buffer_dispose(&out);
}

#define NONE ((struct tg_xml_options){0})
#define AS(name) ((struct tg_xml_options){.charset = TG_TEXT(name)})
#define BYTES(literal) (literal), sizeof(literal) - 1

/* The document in the encoding, with a declaration of `name` or none. */
static struct tg_buffer encode(const char *name, const char *as, const char *text)
{
    struct tg_buffer utf8 = {0}, out = {0};

    if (name != NULL)
        tg_buffer_printf(&utf8, "<?xml version='1.0' encoding='%s'?>", name);
    tg_buffer_printf(&utf8, "<a>%s</a>", text);
    char *in = utf8.base, *room = tg_buffer_reserve(&out, utf8.len * 4 + 16);
    size_t left = utf8.len, free = utf8.len * 4 + 16;
    iconv_t cd = iconv_open(as, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    assert_int_equal(0, iconv(cd, &in, &left, &room, &free));
    iconv_close(cd);
    out.len = (size_t)(room - out.base);
    tg_buffer_dispose(&utf8);
    return out;
}

static void reads_those_of_the_list_as_declared(void **state)
{
    static const struct {
        const char *name, *text;
    } all[] = {
        {"US-ASCII", "plain"},
        {"ISO-8859-1", "\xc3\xa9t\xc3\xa9"},
        {"iso-8859-15", "\xe2\x82\xac"},
        {"windows-1250", "\xc5\x99\xc5\xaf"},
        {"Windows-1252", "\xe2\x80\x9cq\xe2\x80\x9d"},
        {"Shift_JIS", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
        {"EUC-JP", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
        {"GB18030", "\xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x98\x80"},
        {"KOI8-R", "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"UTF-8", "\xc3\xa9"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        char want[100];
        snprintf(want, sizeof(want), "{\"a\": \"%s\"}", all[i].text);
        struct tg_buffer declared = encode(all[i].name, all[i].name, all[i].text);
        struct tg_buffer bare = encode(NULL, all[i].name, all[i].text);
        struct tg_xml_options told = {.charset = tg_text_of(all[i].name)};
        expect(state, declared.base, declared.len, NONE, want);
        expect(state, declared.base, declared.len, told, want);
        expect(state, bare.base, bare.len, told, want);
        tg_buffer_dispose(&declared);
        tg_buffer_dispose(&bare);
    }
}

static void reads_utf16_by_its_mark(void **state)
{
    const char *want = "{\"a\": \"\xf0\x9f\x98\x80\"}";

    expect(state, BYTES("\xff\xfe<\0a\0>\0\x3d\xd8\x00\xde<\0/\0a\0>\0"), NONE, want);
    expect(state, BYTES("\xfe\xff\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>"), NONE, want);
    expect(state, BYTES("\xff\xfe<\0a\0>\0\x3d\xd8\x00\xde<\0/\0a\0>\0"), AS("UTF-16"), want);
    expect(state, BYTES("\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>"), AS("utf-16"), want);
    expect(state, BYTES("<\0a\0/\0>\0"), AS("utf-16le"), "{\"a\": \"\"}");
    struct tg_buffer le = encode("UTF-16", "UTF-16LE", "x"),
                     lies = encode("UTF-8", "UTF-16LE", "x");
    expect(state, le.base, le.len, NONE, "{\"a\": \"x\"}");
    expect_error(state, lies.base, lies.len, NONE,
                 "xml: line 1, column 31: the encoding \"UTF-8\" is declared, but it is another");
    expect(state, lies.base, lies.len, AS("UTF-16LE"), "{\"a\": \"x\"}");
    tg_buffer_dispose(&le);
    tg_buffer_dispose(&lies);
}

static void believes_the_caller_more_than_the_document(void **state)
{
    expect(state, BYTES("<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>"), AS("ISO-8859-1"),
           "{\"a\": \"\xc3\xa9\"}");
    expect(state, BYTES("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xc3\xa9</a>"), AS("utf-8"),
           "{\"a\": \"\xc3\xa9\"}");
    expect_error(state, BYTES("<a/>"), AS("EBCDIC-US"),
                 "xml: line 1, column 1: the encoding \"EBCDIC-US\" is not read");
}

static void refuses_bytes_that_are_none_of_it(void **state)
{
    expect_error(state, BYTES("<?xml version='1.0' encoding='US-ASCII'?>\n<a>\xe9</a>"), NONE,
                 "xml: line 2, column 4: bytes that are no ASCII");
    expect_error(state, BYTES("<a>\n\x81</a>"), AS("Shift_JIS"),
                 "xml: line 2, column 1: bytes that are no SHIFT_JIS");
    expect_error(state, BYTES("\xff\xfe<\0a\0/\0>"), NONE,
                 "xml: line 1, column 4: bytes that are no UTF-16LE");
    expect_error(state, BYTES("\xff\xfe<\0a\0>\0\x3d\xd8<\0/\0a\0>\0"), NONE,
                 "xml: line 1, column 4: bytes that are no UTF-16LE");
    expect_error(state, BYTES("<a>\x01</a>"), AS("ISO-8859-1"),
                 "xml: line 1, column 4: a character that XML does not allow");
}

static void holds_the_limit_before_and_after(void **state)
{
    struct tg_xml_options options = {.charset = TG_TEXT("ISO-8859-1")};

    options.limits.input = 9; /* 8 bytes that become 9 */
    expect(state, BYTES("<a>\xe9</a>"), options, "{\"a\": \"\xc3\xa9\"}");
    options.limits.input = 8;
    expect_error(state, BYTES("<a>\xe9</a>"), options,
                 "xml: line 1, column 1: more than 8 bytes as UTF-8 (limit input)");
    options.limits.input = 7;
    expect_error(state, BYTES("<a>\xe9</a>"), options,
                 "xml: line 1, column 1: more than 7 bytes (limit input)");
}

static void passes_a_doctype_when_told(void **state)
{
    struct tg_xml_options skip = {.doctype = TG_XML_DOCTYPE_SKIP};
    const char *no = "xml: line 1, column 1: a DOCTYPE is refused (limit doctype)";

    expect_error(state, BYTES("<!DOCTYPE a><a/>"), NONE, no);
    expect(state, BYTES("<!DOCTYPE a><a/>"), skip, "{\"a\": \"\"}");
    expect(state, BYTES("<!-- --><!DOCTYPE a SYSTEM 'x\"[<>'\n>\n<a/>"), skip, "{\"a\": \"\"}");
    expect(state, BYTES("<!DOCTYPE p:a  PUBLIC '-//x//y' \"z\"><a/>"), skip, "{\"a\": \"\"}");
    static const char *const bad[] = {
        "<!DOCTYPE><a/>",
        "<!DOCTYPE a SYSTEM><a/>",
        "<!DOCTYPE a SYSTEM'x'><a/>",
        "<!DOCTYPE a SYSTEM 'x><a/>",
        "<!DOCTYPE a PUBLIC 'x'><a/>",
        "<!DOCTYPE a PUBLIC 'x''y'><a/>",
        "<!DOCTYPE a PUBLIC '{' 'y'><a/>",
        "<!DOCTYPE a [<!ENTITY e 'x'>]><a/>",
        "<!DOCTYPE a SYSTEM 'x' [ ]><a/>",
        "<!DOCTYPE a><!DOCTYPE a><a/>",
        "<a/><!DOCTYPE a>",
        "<a><!DOCTYPE a></a>",
        "<!DOCTYPE a SYSTEM 'x'><a>&e;</a>",
        "<!DOCTYPE a",
        "<!DOCTYPE a PUBLIC",
        "<!DOCTYPE a PUBLIC 'x",
        "<!DOCTYPE ",
        NULL,
    };
    for (const char *const *p = bad; *p != NULL; p++) {
        struct tg_buffer out = {0};
        struct tg_parse_error error;
        if (convert(state, *p, strlen(*p), skip, &out, &error))
            fail_msg("accepted: %s", *p);
        tg_buffer_dispose(&out);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(reads_those_of_the_list_as_declared),        CASE(reads_utf16_by_its_mark),
        CASE(believes_the_caller_more_than_the_document), CASE(refuses_bytes_that_are_none_of_it),
        CASE(holds_the_limit_before_and_after),           CASE(passes_a_doctype_when_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
