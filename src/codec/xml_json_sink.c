#include "codec/xml_json_sink.h"

#include "codec/json_write.h"

static bool fits(const struct tg_xml_json_sink *json)
{
    return json->out->len - json->base <= json->limit;
}

/* What stands before a value or a key. */
static bool begin(struct tg_xml_json_sink *json, bool array)
{
    bool good = (!json->comma || tg_buffer_put(json->out, ',')) &&
                (!json->blank || array || tg_buffer_put(json->out, ' '));

    json->comma = true;
    json->blank = false;
    return good;
}

static bool put(struct tg_xml_json_sink *json, struct tg_text text)
{
    return begin(json, false) && tg_buffer_append(json->out, text.base, text.len) && fits(json);
}

static bool put_quoted(struct tg_xml_json_sink *json, struct tg_text text)
{
    uint64_t high = 0;

    return begin(json, false) && tg_json_write_string(json->out, text, &high) && fits(json);
}

static bool open(struct tg_xml_json_sink *json, char bracket)
{
    bool good = begin(json, bracket == '[') && tg_buffer_put(json->out, bracket);

    json->comma = false;
    json->open[json->depth++] = bracket == '[' ? ']' : '}';
    return good && fits(json);
}

static bool write_object(void *self)
{
    return open(self, '{');
}

static bool write_array(void *self)
{
    return open(self, '[');
}

static bool write_end(void *self)
{
    struct tg_xml_json_sink *json = self;

    json->comma = true;
    return tg_buffer_put(json->out, json->open[--json->depth]) && fits(json);
}

static bool write_key(void *self, struct tg_text key, bool element)
{
    struct tg_xml_json_sink *json = self;
    bool good = put_quoted(json, key) && tg_buffer_put(json->out, ':');

    json->comma = false;
    json->blank = element;
    return good;
}

static bool write_string(void *self, struct tg_text text)
{
    return put_quoted(self, text);
}

static bool write_number(void *self, struct tg_text digits)
{
    return put(self, digits);
}

static bool write_boolean(void *self, bool value)
{
    return put(self, value ? TG_TEXT("true") : TG_TEXT("false"));
}

static bool write_null(void *self)
{
    return put(self, TG_TEXT("null"));
}

struct tg_xml_sink tg_xml_json_sink_of(struct tg_xml_json_sink *json)
{
    return (struct tg_xml_sink){
        .object = write_object,
        .array = write_array,
        .end = write_end,
        .key = write_key,
        .string = write_string,
        .number = write_number,
        .boolean = write_boolean,
        .null = write_null,
        .self = json,
    };
}
