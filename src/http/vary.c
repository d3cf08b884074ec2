#include "http/vary.h"

#include "http/escape.h"
#include "http/list.h"

static char lower(char c)
{
    return 'A' <= c && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* As strcmp, without regard to case. */
static int compare(struct tg_text a, struct tg_text b)
{
    size_t len = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < len; i++) {
        int difference = (unsigned char)lower(a.base[i]) - (unsigned char)lower(b.base[i]);
        if (difference != 0)
            return difference;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static bool is_name(struct tg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!tg_char_is(text.base[i], TG_CHAR_TOKEN))
            return false;
    return true;
}

/* Puts a name where it belongs, unless it is there; false when there is no more room. */
static bool insert(struct tg_text *names, size_t *count, struct tg_text name)
{
    size_t at = 0;

    while (at < *count && compare(names[at], name) < 0)
        at++;
    if (at < *count && compare(names[at], name) == 0)
        return true;
    if (*count == TG_VARY_NAMES)
        return false;
    memmove(names + at + 1, names + at, (*count - at) * sizeof(*names));
    names[at] = name;
    (*count)++;
    return true;
}

enum tg_vary tg_vary_read(struct tg_headers response, struct tg_buffer *out)
{
    struct tg_text names[TG_VARY_NAMES], rest, name;
    const struct tg_header *header;
    size_t count = 0, at = 0;

    while ((header = tg_headers_next(response, TG_TEXT("vary"), &at)) != NULL) {
        rest = header->value;
        while (tg_list_next(&rest, &name))
            if (tg_text_is(name, TG_TEXT("*")) || !is_name(name) || !insert(names, &count, name))
                return TG_VARY_ANYTHING;
    }
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            tg_buffer_put(out, ',');
        for (size_t k = 0; k < names[i].len; k++)
            tg_buffer_put(out, lower(names[i].base[k]));
    }
    if (out->full)
        return TG_VARY_ANYTHING;
    return count != 0 ? TG_VARY_FIELDS : TG_VARY_NOTHING;
}

/* --- the value of one field ----------------------------------------------------------------- */

/* Any list: several fields are one, and white space around commas says nothing. */
static void put_any(struct tg_headers request, struct tg_text name, struct tg_buffer *key)
{
    const struct tg_header *header;
    struct tg_text rest, member;
    size_t at = 0;
    bool first = true;

    while ((header = tg_headers_next(request, name, &at)) != NULL) {
        rest = header->value;
        do {
            member = tg_list_take(&rest, ',');
            if (!first)
                tg_buffer_put(key, ',');
            tg_buffer_append(key, member.base, member.len);
            first = false;
        } while (rest.len != 0);
    }
}

/* A member of a list with weights. */
struct choice {
    struct tg_text text; /* without the weight */
    int weight;          /* 0 to 1000 */
};

enum { CHOICES = 32 };

/* A weight in thousandths, or -1: at most three digits behind the point. */
static int read_weight(struct tg_text text)
{
    int weight = 0, unit = 100;

    if (text.len == 0 || text.len > 5 || (text.base[0] != '0' && text.base[0] != '1'))
        return -1;
    weight = text.base[0] == '1' ? 1000 : 0;
    if (text.len > 1 && text.base[1] != '.')
        return -1;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return -1;
        weight += unit * (text.base[i] - '0');
    }
    return weight <= 1000 ? weight : -1;
}

/* Cuts the weight off when it is the last parameter; false when it is broken. */
static bool read_choice(struct tg_text member, struct choice *choice)
{
    struct tg_text rest = member, last = {NULL, 0};

    *choice = (struct choice){.text = member, .weight = 1000};
    if (memchr(member.base, ';', member.len) == NULL)
        return true;
    while (rest.len != 0)
        last = tg_list_take(&rest, ';');
    if (last.base == member.base || last.len < 2 || lower(last.base[0]) != 'q')
        return true;
    struct tg_text value = tg_list_trim(tg_text(last.base + 1, last.len - 1));
    if (value.len == 0 || value.base[0] != '=')
        return true;
    choice->weight = read_weight(tg_list_trim(tg_text(value.base + 1, value.len - 1)));
    size_t before = (size_t)(last.base - member.base);
    while (before != 0 && member.base[before] != ';')
        before--;
    choice->text = tg_list_trim(tg_text(member.base, before));
    return choice->weight >= 0;
}

/* The names of RFC 9110, 8.4.1 that mean the same. */
static void unify_coding(struct tg_text *text)
{
    if (tg_text_is_nocase(*text, TG_TEXT("x-gzip")) ||
        tg_text_is_nocase(*text, TG_TEXT("x-compress")))
        *text = tg_text(text->base + 2, text->len - 2);
}

static bool comes_before(const struct choice *a, const struct choice *b)
{
    return a->weight != b->weight ? a->weight > b->weight : compare(a->text, b->text) < 0;
}

/* Reads the members in their order; false when one is broken or there are too many. */
static bool read_choices(struct tg_headers request, struct tg_text name, struct choice *choices,
                         size_t *count)
{
    bool is_coding = tg_text_is(name, TG_TEXT("accept-encoding"));
    const struct tg_header *header;
    struct tg_text rest, member;
    size_t at = 0;

    while ((header = tg_headers_next(request, name, &at)) != NULL) {
        rest = header->value;
        while (tg_list_next(&rest, &member)) {
            struct choice choice;
            size_t place = *count;
            if (place == CHOICES || !read_choice(member, &choice))
                return false;
            if (is_coding)
                unify_coding(&choice.text);
            for (; place != 0 && comes_before(&choice, &choices[place - 1]); place--)
                choices[place] = choices[place - 1];
            choices[place] = choice;
            (*count)++;
        }
    }
    return true;
}

/* In lower case and without white space, but for what stands in quotes. */
static void put_choice(const struct choice *choice, struct tg_buffer *key)
{
    char *out = tg_buffer_reserve(key, choice->text.len + 4);
    bool quoted = false;

    if (out == NULL)
        return;
    for (size_t i = 0; i < choice->text.len; i++) {
        char c = choice->text.base[i];
        quoted ^= c == '"';
        if (quoted || (c != ' ' && c != '\t'))
            *out++ = quoted ? c : lower(c);
    }
    if (choice->weight != 1000) {
        *out++ = ';';
        *out++ = (char)('0' + choice->weight / 100);
        *out++ = (char)('0' + choice->weight / 10 % 10);
        *out++ = (char)('0' + choice->weight % 10);
    }
    key->len = (size_t)(out - key->base);
}

static bool has_weights(struct tg_text name)
{
    return tg_text_is(name, TG_TEXT("accept")) || tg_text_is(name, TG_TEXT("accept-charset")) ||
           tg_text_is(name, TG_TEXT("accept-encoding")) ||
           tg_text_is(name, TG_TEXT("accept-language"));
}

static void put_value(struct tg_headers request, struct tg_text name, struct tg_buffer *key)
{
    struct choice choices[CHOICES];
    size_t count = 0;

    if (!has_weights(name) || !read_choices(request, name, choices, &count)) {
        put_any(request, name, key);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            tg_buffer_put(key, ',');
        put_choice(&choices[i], key);
    }
}

void tg_vary_key(struct tg_text names, struct tg_headers request, struct tg_buffer *key)
{
    while (names.len != 0) {
        struct tg_text name = tg_list_take(&names, ',');
        bool has = tg_headers_first(request, name) != NULL;
        tg_buffer_put(key, has ? '=' : '-');
        if (has)
            put_value(request, name, key);
        tg_buffer_put(key, '\n');
    }
}
