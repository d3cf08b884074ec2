#include "codec/json_pointer.h"

#include <stdlib.h>

#include "codec/json_write.h"

struct search {
    struct tg_json_reader reader;
    struct tg_buffer scratch;
    struct tg_parse_error error;
};

static enum tg_json_event next(struct search *search)
{
    return tg_json_next_plain(&search->reader);
}

/* Passes over the rest of the value that began with the event; false: it is broken. */
static bool skip(struct search *search, enum tg_json_event event)
{
    size_t depth = 0;

    for (;;) {
        if (event == TG_JSON_ERROR || event == TG_JSON_DONE)
            return false;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)
            depth++;
        else if (event == TG_JSON_END)
            depth--;
        if (depth == 0 && event != TG_JSON_KEY)
            return true;
        event = next(search);
    }
}

/* Whether the token of a pointer, with its escapes, is the key. */
static bool is_key(struct tg_text token, struct tg_text key)
{
    size_t n = 0;

    for (size_t i = 0; i < token.len; i++, n++) {
        char c = token.base[i];
        if (c == '~')
            c = token.base[++i] == '0' ? '~' : '/';
        if (n >= key.len || key.base[n] != c)
            return false;
    }
    return n == key.len;
}

/* Goes to the member or item that the token names: its first event, or END when there is none. */
static enum tg_json_event enter(struct search *search, bool is_object, struct tg_text token)
{
    char digits[21];
    bool is_index =
        token.len != 0 && token.len < sizeof(digits) && (token.len == 1 || token.base[0] != '0');

    for (size_t i = 0; i < token.len && is_index; i++)
        is_index = token.base[i] >= '0' && token.base[i] <= '9';
    if (is_index)
        memcpy(digits, token.base, token.len);
    digits[is_index ? token.len : 0] = '\0';
    unsigned long long wanted = strtoull(digits, NULL, 10), place = 0;
    for (;; place++) {
        enum tg_json_event event = next(search);
        if (event == TG_JSON_END || event == TG_JSON_ERROR)
            return event;
        bool found = is_object ? is_key(token, search->reader.text) : is_index && place == wanted;
        if (is_object)
            event = next(search);
        if (found)
            return event;
        if (!skip(search, event))
            return TG_JSON_ERROR;
    }
}

static bool put_string(struct tg_buffer *out, struct tg_text text)
{
    char *room = tg_buffer_reserve(out, TG_JSON_ROOM(text.len) + 2);
    uint64_t high = 0;

    if (room == NULL)
        return false;
    char *at = room;
    *at++ = '"';
    at = tg_json_escape_bytes(at, text.base, text.len, &high);
    *at++ = '"';
    out->len += (size_t)(at - room);
    return true;
}

static bool put_scalar(struct search *search, enum tg_json_event event, struct tg_buffer *out)
{
    const struct tg_json_reader *reader = &search->reader;

    switch (event) {
    case TG_JSON_STRING:
        return put_string(out, reader->text);
    case TG_JSON_NUMBER:
        return tg_buffer_append(out, reader->number.text.base, reader->number.text.len);
    case TG_JSON_TRUE:
        return tg_buffer_append(out, "true", 4);
    case TG_JSON_FALSE:
        return tg_buffer_append(out, "false", 5);
    case TG_JSON_NULL:
        return tg_buffer_append(out, "null", 4);
    case TG_JSON_OBJECT:
    case TG_JSON_ARRAY:
    case TG_JSON_END:
    case TG_JSON_KEY:
    case TG_JSON_DONE:
    case TG_JSON_ERROR:
        break;
    }
    return false;
}

/* Writes the value that began with the event. Brackets say where what begins and ends: commas after
 * every value do. */
static bool write_value(struct search *search, enum tg_json_event event, struct tg_buffer *out)
{
    uint64_t objects[TG_JSON_MAX_DEPTH / 64] = {0};
    size_t depth = 0;

    for (;; event = next(search)) {
        bool well;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY) {
            uint64_t bit = UINT64_C(1) << depth % 64;
            objects[depth / 64] =
                event == TG_JSON_OBJECT ? objects[depth / 64] | bit : objects[depth / 64] & ~bit;
            depth++;
            well = tg_buffer_put(out, event == TG_JSON_OBJECT ? '{' : '[');
        } else if (event == TG_JSON_END) {
            depth--;
            bool object = (objects[depth / 64] >> depth % 64 & 1) != 0;
            well = tg_buffer_put(out, object ? '}' : ']');
        } else if (event == TG_JSON_KEY) {
            well = put_string(out, search->reader.text) && tg_buffer_put(out, ':');
        } else {
            well = put_scalar(search, event, out);
        }
        if (!well)
            return false;
        if (depth == 0)
            return true;
        if (event == TG_JSON_END ||
            (event != TG_JSON_OBJECT && event != TG_JSON_ARRAY && event != TG_JSON_KEY))
            tg_buffer_put(out, ',');
    }
}

static bool find(struct search *search, struct tg_text pointer, struct tg_buffer *out)
{
    enum tg_json_event event = next(search);

    while (pointer.len != 0 && (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)) {
        const char *slash = memchr(pointer.base + 1, '/', pointer.len - 1);
        size_t len = slash != NULL ? (size_t)(slash - pointer.base) : pointer.len;
        event = enter(search, event == TG_JSON_OBJECT, tg_text(pointer.base + 1, len - 1));
        pointer = tg_text(pointer.base + len, pointer.len - len);
    }
    if (event == TG_JSON_ERROR)
        return false;
    if (pointer.len != 0 || event == TG_JSON_END)
        return true; /* it names nothing */
    return write_value(search, event, out);
}

bool tg_json_pointer(struct tg_text json, struct tg_text pointer, struct tg_buffer *out)
{
    struct search search = {.scratch = {.limit = 0}};
    size_t before = out->len;
    struct tg_buffer value = {.limit = TG_JSON_POINTER_MOST};

    if (!tg_json_validate(json, 0, &search.error))
        return false;
    tg_json_begin(&search.reader, json, 0, &search.scratch, &search.error);
    bool well = find(&search, pointer, &value);
    if (well && value.len != 0)
        well = tg_buffer_append(out, value.base, value.len);
    if (!well)
        out->len = before;
    tg_buffer_dispose(&search.scratch);
    tg_buffer_dispose(&value);
    return well;
}
