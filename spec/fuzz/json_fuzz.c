/* Checking and decoding agree on what JSON is; what is decoded encodes to text that decodes to the
 * same text again. */
#include <lauxlib.h>
#include <lua.h>

#include "codec/json_quick.h"
#include "script/json_value.h"
#include "script/value.h"
#include "fuzz.h"

static lua_State *L;

/* From malloc, where the leak checker looks for pointers too. */
static void *allocate(void *context, void *memory, size_t old, size_t size)
{
    (void)context;
    (void)old;
    if (size != 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    L = lua_newstate(allocate, NULL);
    tg_values_open(L);
    return 0;
}

/* Pushes the value and appends its JSON. */
static bool round_trip(struct tg_text text, const struct tg_json_options *options,
                       struct tg_buffer *out, struct tg_parse_error *error)
{
    if (!tg_json_decode(L, text, options, error))
        return false;
    demand(tg_json_encode(L, -1, options, out, error), error->text, text);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_parse_error error;
    bool valid = tg_json_validate(text, 0, &error);

    demand(valid == is_quickly_valid(text), "the quick check disagrees", text);
    check(text, valid, &(struct tg_json_options){.sorted = true});
    check(text, valid, &(struct tg_json_options){.ordered = true});
    return 0;
}
