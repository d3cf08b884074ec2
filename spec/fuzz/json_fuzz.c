/* Checking and decoding agree on what JSON is; what is decoded encodes to text that decodes to the
 * same text again, and both ways to encode it give the same; the quick way to XML gives what the
 * other does. */
#include <lauxlib.h>
#include <lua.h>

#include "codec/json_quick.h"
#include "codec/json_read.h"
#include "codec/json_to_xml.h"
#include "script/json_encode.h"
#include "script/value.h"
#include "fuzz.h"

static lua_State *L;
static struct tg_xml_writer *writers[2]; /* one for each set of options */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    L = lua_newstate(allocate, NULL);
    tg_values_open(L);
    writers[0] = tg_xml_writer_create();
    writers[1] = tg_xml_writer_create();
    return 0;
}

/* The value on top, which was decoded: the direct way leaves none of them to the other. */
static void check_ways(struct tg_text text, const struct tg_json_options *options)
{
    static struct tg_buffer direct, stack;
    struct tg_parse_error error;

    direct.len = stack.len = 0;
    if (lua_type(L, -1) != LUA_TTABLE)
        return;
    demand(tg_json_encode_direct(tg_values_get(L), lua_topointer(L, -1), tg_json_depth(options),
                                 &direct) &&
               tg_json_encode_stack(L, -1, &(struct tg_json_options){0}, &stack, &error),
           "it is not encoded", text);
    demand(tg_text_is(tg_text(direct.base, direct.len), tg_text(stack.base, stack.len)),
           "the two ways differ", text);
}

/* Pushes the value and appends its JSON. */
static bool round_trip(struct tg_text text, const struct tg_json_options *options,
                       struct tg_buffer *out, struct tg_parse_error *error)
{
    if (!tg_json_decode(L, text, options, error))
        return false;
    demand(tg_json_encode(L, -1, options, out, error), error->text, text);
    check_ways(text, options);
    lua_pop(L, 1);
    return true;
}

static void check(struct tg_text text, bool valid, const struct tg_json_options *options)
{
    struct tg_buffer once = {0}, twice = {0};
    struct tg_parse_error error;
    bool good = round_trip(text, options, &once, &error);

    if (good != valid)
        demand(valid && strstr(error.text, "twice") != NULL, "decoding disagrees", text);
    if (good) {
        struct tg_text json = tg_text(once.base, once.len);
        demand(tg_json_validate(json, 0, &error), "encoded to what is no JSON", text);
        demand(round_trip(json, options, &twice, &error), "its JSON does not decode", text);
        demand(tg_text_is(json, tg_text(twice.base, twice.len)), "another JSON", text);
    } else {
        demand(error.line > 0 && error.column > 0, "an error without a place", text);
    }
    demand(lua_gettop(L) == 0, "the stack", text);
    tg_buffer_dispose(&once);
    tg_buffer_dispose(&twice);
}

/* It may read the NUL behind the text, and nothing more. */
static bool is_quickly_valid(struct tg_text text)
{
    char *copy = malloc(text.len + 1);

    if (text.len != 0)
        memcpy(copy, text.base, text.len);
    copy[text.len] = '\0';
    bool valid = tg_json_is_valid(tg_text(copy, text.len));
    free(copy);
    return valid;
}

/* Both ways to XML give the same. */
static void check_xml(struct tg_text text, struct tg_xml_writer *writer,
                      const struct tg_xml_write_options *options)
{
    static struct tg_buffer scratch, out, other;
    struct tg_xml *xml = tg_values_xml(L);
    struct tg_parse_error error;

    out.len = other.len = 0;
    bool good = tg_json_to_xml(writer, xml, &scratch, text, options, &out, &error);
    bool same =
        good == tg_json_to_xml_by_events(writer, xml, &scratch, text, options, &other, &error);
    demand(same && tg_text_is(tg_text(out.base, out.len), tg_text(other.base, other.len)),
           "another XML", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_parse_error error;
    bool valid = tg_json_validate(text, 0, &error);

    demand(valid == is_quickly_valid(text), "the quick check disagrees", text);
    check(text, valid, &(struct tg_json_options){.sorted = true});
    check(text, valid, &(struct tg_json_options){.ordered = true});
    check_xml(text, writers[0], &(struct tg_xml_write_options){0});
    check_xml(text, writers[1],
              &(struct tg_xml_write_options){.limits = {0, 4, 5, 3, 20, 200},
                                             .empty_array = TG_XML_EMPTY_ARRAY_EMPTY,
                                             .invalid_name = TG_XML_NAME_REPLACE,
                                             .text_key = TG_TEXT("$"),
                                             .declaration = true});
    return 0;
}
