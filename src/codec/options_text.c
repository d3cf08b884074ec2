#include "codec/options_text.h"

#include <stdlib.h>
#include <string.h>

#include "codec/xml_paths.h"

void tg_options_text_dispose(struct tg_options_text *options)
{
    tg_xml_arena_dispose(&options->arena);
}

const struct tg_option *tg_options_text_table(const struct tg_options_text *options)
{
    return options->to_json ? tg_xml_option_table : tg_xml_write_option_table;
}

static struct tg_text copy(struct tg_options_text *options, const char *base, size_t len)
{
    char *to = tg_xml_arena_take(&options->arena, len + 1);

    memcpy(to, base, len);
    return tg_text(to, len);
}

/* Room for one more of `count` items of so many bytes each. */
static void *grow(struct tg_options_text *options, const void *items, size_t count, size_t size)
{
    char *more = tg_xml_arena_take(&options->arena, (count + 1) * size);

    if (count != 0)
        memcpy(more, items, count * size);
    return more;
}

static void add_item(struct tg_options_text *options, struct tg_options_list *list,
                     struct tg_text item)
{
    struct tg_text *items = grow(options, list->list, list->count, sizeof(*items));

    items[list->count] = item;
    *list = (struct tg_options_list){items, list->count + 1};
}

/* ---- kinds */

static bool read_count(const char *value, size_t *count)
{
    char *end;

    if (*value < '0' || *value > '9')
        return false;
    unsigned long long number = strtoull(value, &end, 10);
    *count = (size_t)number;
    return *end == '\0' && number > 0 && number <= (1ULL << 30);
}

static bool read_size(const char *value, size_t *bytes)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0}, {"B", 0}, {"KB", 10}, {"MB", 20}, {"GB", 30}};
    char *end;

    if (*value < '0' || *value > '9')
        return false;
    unsigned long long number = strtoull(value, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(end, units[i].name) != 0 || number > (1ULL << 40))
            continue;
        *bytes = (size_t)(number << units[i].shift);
        return *bytes > 0;
    }
    return false;
}

/* A flag, or the third of its kind when there is one: their place. -1: none of them. */
static int read_flag(const char *value, const char *third)
{
    if (strcmp(value, "true") == 0)
        return 1;
    if (strcmp(value, "false") == 0)
        return 0;
    return third != NULL && strcmp(value, third) == 0 ? 2 : -1;
}

static const char *take_list(struct tg_options_text *options, const struct tg_option *option,
                             const char *value, struct tg_options_list *list)
{
    struct tg_text item = copy(options, value, strlen(value));

    if (option->is_valid != NULL && !option->is_valid(item))
        return option->choices != NULL ? option->choices : "an item of a list";
    add_item(options, list, item);
    return NULL;
}

static const char *take_pair(struct tg_options_text *options, const char *value,
                             struct tg_options_pairs *pairs)
{
    const char *middle = strchr(value, '=');

    if (middle == NULL)
        return "name=value";
    struct tg_options_pair *items = grow(options, pairs->list, pairs->count, sizeof(*items));
    items[pairs->count] = (struct tg_options_pair){copy(options, value, (size_t)(middle - value)),
                                                   copy(options, middle + 1, strlen(middle + 1))};
    *pairs = (struct tg_options_pairs){items, pairs->count + 1};
    return NULL;
}

/* ---- those that take more than one kind of value, of XML to JSON */

static const char *take_type(struct tg_options_text *options, const char *value)
{
    const char *middle = strrchr(value, '=');
    static const char wanted[] = "PATH=TYPE, with the types array string number integer boolean";
    struct tg_xml_options *read = &options->read;

    if (middle == NULL)
        return wanted;
    struct tg_text path = copy(options, value, (size_t)(middle - value));
    unsigned mark = tg_xml_mark_of(tg_text_of(middle + 1));
    if (mark == 0 || !tg_xml_path_is_valid(path))
        return wanted;
    struct tg_xml_type *types = grow(options, read->types, read->type_count, sizeof(*types));
    types[read->type_count++] = (struct tg_xml_type){path, mark};
    read->types = types;
    return NULL;
}

static const char *take_empty(struct tg_xml_options *read, const char *value)
{
    static const struct tg_option values = {.choices = "|null|{}"};
    int place = tg_option_choice(&values, tg_text_of(value));

    read->empty = (enum tg_xml_empty)place;
    return place < 0 ? "'', null or {}" : NULL;
}

static void take_text_or_drop(struct tg_options_text *options, const char *value, bool *drop,
                              struct tg_text *text)
{
    *drop = strcmp(value, "false") == 0;
    if (!*drop)
        *text = copy(options, value, strlen(value));
}

static const char *take_read_other(struct tg_options_text *options, const struct tg_option *option,
                                   const char *value)
{
    struct tg_xml_options *read = &options->read;
    int flag;

    if (strcmp(option->name, "preset") == 0)
        return tg_xml_preset(tg_text_of(value), read) ? NULL : tg_xml_presets;
    if (strcmp(option->name, "empty") == 0)
        return take_empty(read, value);
    if (strcmp(option->name, "types") == 0)
        return take_type(options, value);
    if (strcmp(option->name, "attribute_prefix") == 0) {
        take_text_or_drop(options, value, &read->drop_attributes, &read->attribute_prefix);
        return NULL;
    }
    if (strcmp(option->name, "root") == 0) {
        take_text_or_drop(options, value, &read->drop_root, &read->root);
        return NULL;
    }
    if (strcmp(option->name, "force_array") == 0) {
        flag = read_flag(value, NULL);
        read->force_all = flag == 1;
        return flag >= 0 ? NULL : take_list(options, option, value, &read->force_array);
    }
    bool booleans = strcmp(option->name, "booleans") == 0;
    flag = read_flag(value, booleans ? "nocase" : "leaf");
    if (flag < 0)
        return booleans ? "true, false or nocase" : "true, false or leaf";
    if (booleans)
        read->booleans = (enum tg_xml_booleans)flag;
    else
        read->blank_text = (enum tg_xml_blank_text)flag;
    return NULL;
}

/* ---- of JSON to XML */

/* "a,b,c", or "parent=a,b,c". */
static const char *take_order(struct tg_options_text *options, const char *value)
{
    struct tg_xml_write_options *write = &options->write;
    const char *middle = strchr(value, '='), *p = middle != NULL ? middle + 1 : value;
    struct tg_xml_order *orders = grow(options, write->orders, write->order_count, sizeof(*orders));
    struct tg_xml_order *order = &orders[write->order_count++];

    *order = (struct tg_xml_order){
        .parent = copy(options, value, middle != NULL ? (size_t)(middle - value) : 0)};
    for (;;) {
        size_t n = strcspn(p, ",");
        add_item(options, &order->names, copy(options, p, n));
        if (p[n] == '\0')
            break;
        p += n + 1;
    }
    write->orders = orders;
    return NULL;
}

static const char *take_write_other(struct tg_options_text *options, const struct tg_option *option,
                                    const char *value)
{
    if (strcmp(option->name, "order") == 0)
        return take_order(options, value);
    if (strcmp(value, "badgerfish") == 0) {
        options->write.xmlns = TG_XML_WRITE_XMLNS_BADGERFISH;
        return NULL;
    }
    if (options->write.namespaces.count == 64)
        return "at most 64 prefixes";
    return take_pair(options, value, &options->write.namespaces) == NULL
               ? NULL
               : "badgerfish, or PREFIX=NAMESPACE";
}

/* ---- all */

static const char *take(struct tg_options_text *options, const struct tg_option *option,
                        const char *value, void *field)
{
    size_t number = 0;
    int place;

    switch (option->kind) {
    case TG_OPTION_FLAG:
        place = read_flag(value, NULL);
        *(bool *)field = place == 1;
        return place < 0 ? "true or false" : NULL;
    case TG_OPTION_CHOICE:
        place = tg_option_choice(option, tg_text_of(value));
        *(unsigned *)field = place < 0 ? 0 : (unsigned)place;
        return place < 0 ? option->choices : NULL;
    case TG_OPTION_TEXT:
        *(struct tg_text *)field = copy(options, value, strlen(value));
        if (option->is_valid == NULL || option->is_valid(*(struct tg_text *)field))
            return NULL;
        return option->choices != NULL ? option->choices : "a text";
    case TG_OPTION_COUNT:
        return read_count(value, field) ? NULL : "a number above 0";
    case TG_OPTION_SIZE:
        return read_size(value, field) ? NULL : "a size above 0, such as 65536 or 8MB";
    case TG_OPTION_SMALL:
        if (strcmp(value, "0") != 0 && (!read_count(value, &number) || number > 16))
            return "a number from 0 to 16";
        *(unsigned *)field = (unsigned)number;
        return NULL;
    case TG_OPTION_LIST:
        return take_list(options, option, value, field);
    case TG_OPTION_PAIRS:
        return take_pair(options, value, field);
    case TG_OPTION_OTHER:
        break;
    }
    return options->to_json ? take_read_other(options, option, value)
                            : take_write_other(options, option, value);
}

const char *tg_options_text_set(struct tg_options_text *options, const char *name,
                                const char *value)
{
    void *into = options->to_json ? (void *)&options->read : (void *)&options->write;
    struct tg_text key = copy(options, name, strlen(name));

    for (size_t i = 0; i < key.len; i++)
        if (key.base[i] == '-')
            ((char *)(uintptr_t)key.base)[i] = '_';
    const struct tg_option *option = tg_option_find(tg_options_text_table(options), key);
    if (option == NULL)
        return "an option that exists";
    bool flag = option->kind == TG_OPTION_FLAG ||
                (options->to_json && (strcmp(option->name, "booleans") == 0 ||
                                      strcmp(option->name, "blank_text") == 0));
    if (value == NULL && !flag)
        return "an option that has a value";
    return take(options, option, value != NULL ? value : "true", (char *)into + option->offset);
}
