#include "gate/site_codec.h"

#include "gate/site_table.h"

#define XML(name) offsetof(struct tg_codec_limits, xml.name)
#define JSON(name) offsetof(struct tg_codec_limits, json.name)

struct key {
    const char *name; /* NULL ends a list */
    size_t offset;
};

static const struct key xml_keys[] = {
    {"input", XML(input)},   {"depth", XML(depth)},       {"attributes", XML(attributes)},
    {"xmlns", XML(xmlns)},   {"name", XML(name)},         {"names", XML(names)},
    {"output", XML(output)}, {"elements", XML(elements)}, {NULL, 0},
};

static const struct key json_keys[] = {
    {"input", JSON(input)},
    {"depth", JSON(depth)},
    {"key", JSON(key)},
    {"attributes", JSON(attributes)},
    {"elements", JSON(elements)},
    {"output", JSON(output)},
    {NULL, 0},
};

static void read_keys(lua_State *L, const char *name, const struct key *keys,
                      struct tg_codec_limits *limits)
{
    lua_getfield(L, -1, name);
    for (; lua_istable(L, -1) && keys->name != NULL; keys++) {
        size_t *field = (size_t *)(void *)((char *)limits + keys->offset);
        *field = (size_t)tg_table_number(L, keys->name, (double)*field);
    }
    lua_pop(L, 1);
}

struct tg_codec_limits tg_site_read_codec(lua_State *L, const struct tg_codec_limits *otherwise)
{
    struct tg_codec_limits limits = *otherwise;

    read_keys(L, "xml", xml_keys, &limits);
    read_keys(L, "json", json_keys, &limits);
    return limits;
}
