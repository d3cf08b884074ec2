#include "codec/xml_scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/xml_parts.h"

/* What a scanner keeps between documents. */
#define KEEP_NAMES 4096
#define KEEP_NAME_BYTES ((size_t)512 * 1024)
#define KEEP_BUFFER ((size_t)256 * 1024)
#define KEEP_ITEMS 4096

struct tg_xml *tg_xml_create(void)
{
    struct tg_xml *xml = calloc(1, sizeof(*xml));

    if (xml == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    tg_xml_names_init(&xml->names);
    tg_xml_names_init(&xml->uris);
    tg_xml_names_init(&xml->keys);
    tg_xml_bind_xml(xml);
    return xml;
}

void tg_xml_destroy(struct tg_xml *xml)
{
    tg_xml_names_dispose(&xml->names);
    tg_xml_names_dispose(&xml->uris);
    tg_xml_names_dispose(&xml->keys);
    tg_xml_arena_dispose(&xml->arena);
    tg_buffer_dispose(&xml->frames);
    tg_buffer_dispose(&xml->runs);
    tg_buffer_dispose(&xml->jumps);
    tg_buffer_dispose(&xml->mixed);
    tg_buffer_dispose(&xml->assembly);
    tg_buffer_dispose(&xml->paths);
    tg_buffer_dispose(&xml->recoded);
    tg_buffer_dispose(&xml->normal);
    tg_buffer_dispose(&xml->decoded);
    free(xml->attributes);
    free(xml->open);
    free(xml->bindings);
    free(xml->expanded);
    free(xml);
}

static void unbind(struct tg_xml *xml, size_t count)
{
    while (xml->binding_count > count) {
        const struct tg_xml_binding *binding = &xml->bindings[--xml->binding_count];
        binding->prefix->namespace = binding->before;
    }
}

static void keep_items(void **items, size_t *capacity)
{
    if (*capacity <= KEEP_ITEMS)
        return;
    free(*items);
    *items = NULL;
    *capacity = 0;
}

static void rest_arrays(struct tg_xml *xml)
{
    void *attributes = xml->attributes, *open = xml->open, *bindings = xml->bindings;
    void *expanded = xml->expanded;

    keep_items(&attributes, &xml->attribute_capacity);
    keep_items(&open, &xml->open_capacity);
    keep_items(&bindings, &xml->binding_capacity);
    keep_items(&expanded, &xml->expanded_capacity);
    xml->attributes = attributes;
    xml->open = open;
    xml->bindings = bindings;
    xml->expanded = expanded;
}

void tg_xml_rest(struct tg_xml *xml)
{
    xml->rests = true;
    unbind(xml, 0);
    xml->attribute_count = xml->depth = 0;
    tg_buffer_clear(&xml->frames, KEEP_BUFFER);
    tg_buffer_clear(&xml->runs, KEEP_BUFFER);
    tg_buffer_clear(&xml->jumps, KEEP_BUFFER);
    tg_buffer_clear(&xml->mixed, KEEP_BUFFER);
    tg_buffer_clear(&xml->assembly, KEEP_BUFFER);
    tg_buffer_clear(&xml->paths, KEEP_BUFFER);
    tg_buffer_clear(&xml->recoded, KEEP_BUFFER);
    tg_buffer_clear(&xml->normal, KEEP_BUFFER);
    tg_buffer_clear(&xml->decoded, KEEP_BUFFER);
    rest_arrays(xml);
    tg_xml_arena_clear(&xml->arena);
    if (xml->keys.count > KEEP_NAMES || xml->keys.bytes > KEEP_NAME_BYTES)
        tg_xml_names_clear(&xml->keys);
    if (xml->names.count + xml->uris.count > KEEP_NAMES ||
        xml->names.bytes + xml->uris.bytes > KEEP_NAME_BYTES) {
        tg_xml_names_clear(&xml->names);
        tg_xml_names_clear(&xml->uris);
        tg_xml_bind_xml(xml);
    }
}

/* The events */

static enum tg_xml_event end_element(struct tg_xml *xml)
{
    const struct tg_xml_open *open = &xml->open[--xml->depth];

    xml->name = open->name;
    if (open->bindings != xml->binding_count)
        unbind(xml, open->bindings);
    if (xml->depth == 0)
        xml->state = TG_XML_IN_EPILOG;
    return TG_XML_END;
}

static __attribute__((noinline)) enum tg_xml_event odd_end_tag(struct tg_xml *xml, const char *p)
{
    struct tg_text name = tg_xml_name_text(xml->open[xml->depth - 1].name);
    const char *q = p + 2 + name.len;

    if ((size_t)(xml->end - p) < name.len + 3 || memcmp(p + 2, name.base, name.len) != 0 ||
        (*q != '>' && !tg_xml_is_blank(*q)))
        return tg_xml_fail(xml, p, "expected </%.*s>", tg_xml_shown(name), name.base);
    q = tg_xml_blanks(q);
    if (*q != '>')
        return tg_xml_fail(xml, q, "expected \">\"");
    xml->at = q + 1;
    return end_element(xml);
}

static inline enum tg_xml_event end_tag(struct tg_xml *xml, const char *p)
{
    const struct tg_xml_name *open = xml->open[xml->depth - 1].name;
    const char *q = p + 2 + open->len;

    if (xml->end - p <= TG_BLOCK + 2 || !tg_xml_name_is_at(open, p + 2) || *q != '>')
        return odd_end_tag(xml, p);
    xml->at = q + 1;
    return end_element(xml);
}

static inline bool closes_at(const struct tg_xml *xml, const struct tg_xml_name *name,
                             const char *p)
{
    return xml->end - p > TG_BLOCK + 3 && p[1] == '/' && tg_xml_name_is_at(name, p + 2) &&
           p[2 + name->len] == '>';
}

/* White space is most often before a child, and would be looked at twice. */
struct tg_text tg_xml_leaf(struct tg_xml *xml)
{
    const struct tg_text none = {NULL, 0};
    const char *start = xml->at, *p = start;

    if (xml->closes) {
        xml->closes = false;
        end_element(xml);
        return tg_text(start, 0);
    }
    if (xml->end - p < TG_BLOCK || tg_xml_is_blank(*p))
        return none;
    for (; xml->end - p >= TG_BLOCK; p += TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        unsigned stop = tg_block_is(block, '<');
        unsigned odd = tg_block_mask(tg_block_either(block, '&', ']'));
        if ((odd & tg_block_before(stop)) != 0)
            return none;
        if (stop == 0)
            continue;
        p += tg_block_first(stop);
        if (!closes_at(xml, xml->name, p))
            return none;
        xml->at = p + 3 + xml->name->len;
        end_element(xml);
        return tg_text(start, (size_t)(p - start));
    }
    return none;
}

/* Text with references, or with brackets that may end a CDATA section that was not begun. */
static enum tg_xml_event odd_text(struct tg_xml *xml)
{
    struct tg_text text = xml->text;
    const char *bracket = memchr(text.base, ']', text.len);
    const char *bad = bracket != NULL
                          ? memmem(bracket, text.len - (size_t)(bracket - text.base), "]]>", 3)
                          : NULL;

    if (bad != NULL)
        return tg_xml_fail(xml, bad, "\"]]>\" in text");
    if (memchr(text.base, '&', text.len) == NULL)
        return TG_XML_TEXT;
    xml->decoded.len = 0;
    xml->text = tg_xml_decode_text(xml, text.base, text.base + text.len, false);
    return xml->text.base != NULL ? TG_XML_TEXT : TG_XML_ERROR;
}

static enum tg_xml_event text(struct tg_xml *xml, const char *start)
{
    const char *p = start;
    unsigned odd = 0, solid = 0, stop = 0;

    while (xml->end - p >= TG_BLOCK) {
        struct tg_block block = tg_block_load(p);
        stop = tg_block_is(block, '<');
        odd |= tg_block_mask(tg_block_either(block, '&', ']')) & tg_block_before(stop);
        solid |= ~tg_block_upto(block, ' ') & 0xffff & tg_block_before(stop);
        if (stop != 0)
            break;
        p += TG_BLOCK;
    }
    if (stop != 0) {
        p += tg_block_first(stop);
    } else {
        for (; p < xml->end && *p != '<'; p++) {
            odd |= *p == '&' || *p == ']';
            solid |= !tg_xml_is_blank(*p);
        }
        if (p == xml->end)
            return tg_xml_fail_end(xml);
    }
    xml->at = p;
    xml->text = tg_text(start, (size_t)(p - start));
    xml->blank = solid == 0;
    xml->cdata = false;
    return odd == 0 ? TG_XML_TEXT : odd_text(xml);
}

static bool is_here(const struct tg_xml *xml, const char *p, struct tg_text markup)
{
    return (size_t)(xml->end - p) >= markup.len && memcmp(p, markup.base, markup.len) == 0;
}

static bool cdata(struct tg_xml *xml, const char *p)
{
    const char *start = p + 9;
    const char *end = memmem(start, (size_t)(xml->end - start), "]]>", 3);

    if (end == NULL) {
        tg_xml_fail_end(xml);
        return false;
    }
    xml->text = tg_text(start, (size_t)(end - start));
    xml->blank = false;
    xml->cdata = true;
    xml->at = end + 3;
    return true;
}

/* What was passed at p, without what it begins and ends with. */
static enum tg_xml_event markup(struct tg_xml *xml, const char *p, size_t before, size_t behind,
                                enum tg_xml_event event)
{
    xml->text = tg_text(p + before, (size_t)(xml->at - p) - before - behind);
    return event;
}

/* Whatever stands in an element. */
static __attribute__((noinline)) enum tg_xml_event any_content(struct tg_xml *xml)
{
    for (;;) {
        const char *p = xml->at;
        if (p == xml->end)
            return tg_xml_fail_end(xml);
        if (*p != '<')
            return text(xml, p);
        if (p[1] == '/')
            return end_tag(xml, p);
        if (p[1] == '!' && is_here(xml, p, TG_TEXT("<![CDATA["))) {
            if (!cdata(xml, p))
                return TG_XML_ERROR;
            if (xml->text.len != 0)
                return TG_XML_TEXT;
        } else if (p[1] == '!') {
            if (!is_here(xml, p, TG_TEXT("<!--")))
                return tg_xml_fail(xml, p, "markup that has no place in content");
            if (!tg_xml_comment(xml, p))
                return TG_XML_ERROR;
            if (xml->markup)
                return markup(xml, p, 4, 3, TG_XML_COMMENT);
        } else if (p[1] == '?') {
            if (!tg_xml_instruction(xml, p))
                return TG_XML_ERROR;
            if (xml->markup)
                return markup(xml, p, 2, 2, TG_XML_INSTRUCTION);
        } else {
            return tg_xml_start_tag(xml, p);
        }
    }
}

/* Tags are what comes most. */
static inline enum tg_xml_event content(struct tg_xml *xml)
{
    const char *p = xml->at;

    if (p == xml->end || *p != '<' || p[1] == '!' || p[1] == '?')
        return any_content(xml);
    return p[1] == '/' ? end_tag(xml, p) : tg_xml_start_tag(xml, p);
}

/* Before and after the root element. */
static enum tg_xml_event around(struct tg_xml *xml)
{
    bool before = xml->state == TG_XML_IN_PROLOG;

    for (;;) {
        const char *p = xml->at;
        while (p < xml->end && tg_xml_is_blank(*p))
            p++;
        if (p == xml->end)
            return before ? tg_xml_fail_end(xml) : TG_XML_DONE;
        if (*p == '<' && p[1] == '?') {
            if (!tg_xml_instruction(xml, p))
                return TG_XML_ERROR;
        } else if (is_here(xml, p, TG_TEXT("<!--"))) {
            if (!tg_xml_comment(xml, p))
                return TG_XML_ERROR;
        } else if (!before) {
            return tg_xml_fail(xml, p, "content after the root element");
        } else if (is_here(xml, p, TG_TEXT("<!DOCTYPE"))) {
            if (!tg_xml_doctype(xml, p))
                return TG_XML_ERROR;
        } else if (*p != '<') {
            return tg_xml_fail(xml, p, "expected the root element");
        } else {
            xml->state = TG_XML_IN_CONTENT;
            return tg_xml_start_tag(xml, p);
        }
    }
}

/* Outside of the root element, or where the end may have been added. */
static __attribute__((noinline)) enum tg_xml_event next_with_care(struct tg_xml *xml)
{
    enum tg_xml_event event = TG_XML_ERROR;

    switch (xml->state) {
    case TG_XML_IN_CONTENT:
        event = content(xml);
        break;
    case TG_XML_IN_PROLOG:
    case TG_XML_IN_EPILOG:
        event = around(xml);
        break;
    case TG_XML_FAILED:
        return TG_XML_ERROR;
    }
    if (xml->cut && event != TG_XML_ERROR && xml->at == xml->end)
        return tg_xml_fail_end(xml);
    return event;
}

enum tg_xml_event tg_xml_next(struct tg_xml *xml)
{
    if (xml->closes) {
        xml->closes = false;
        return end_element(xml);
    }
    return xml->state == TG_XML_IN_CONTENT && !xml->cut ? content(xml) : next_with_care(xml);
}
