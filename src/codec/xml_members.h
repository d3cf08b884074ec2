/* The members that the open elements have so far: which child names were seen, and where.
 * For readers of events who make objects of elements. A name's members come in runs: of siblings
 * next to each other. */
#ifndef TG_CODEC_XML_MEMBERS_H
#define TG_CODEC_XML_MEMBERS_H

#include "codec/xml_scan.h"

#define TG_XML_NO_RUN UINT32_MAX

struct tg_xml_run {
    struct tg_xml_name *key; /* NULL when it is not the first run of its name */
    size_t start;            /* the reader's: where the run is in what it makes */
    uint32_t count : 31;     /* in a first run: the members of all its runs */
    uint32_t is_array : 1;   /* the reader's */
    uint32_t last;           /* in a first run: the latest one of this name */
    uint32_t next;           /* the next one of this name, or TG_XML_NO_RUN */
    uint32_t before;         /* what key->run was */
};

_Static_assert(sizeof(struct tg_xml_run) == 32, "runs are counted without a division");

static inline struct tg_xml_run *tg_xml_runs(const struct tg_xml *xml)
{
    return (struct tg_xml_run *)(void *)xml->runs.base;
}

static inline uint32_t tg_xml_run_count(const struct tg_xml *xml)
{
    return (uint32_t)(xml->runs.len / sizeof(struct tg_xml_run));
}

/* The first run of the name among the runs from `first`, those of the innermost element. */
static inline uint32_t tg_xml_run_find(const struct tg_xml *xml, const struct tg_xml_name *key,
                                       uint32_t first)
{
    uint32_t run = key->run;

    if (run < first || run >= tg_xml_run_count(xml) || tg_xml_runs(xml)[run].key != key)
        return TG_XML_NO_RUN;
    return run;
}

/* Field by field into place: a copy of a fresh struct would wait for its own stores. */
static inline uint32_t tg_xml_run_push(struct tg_xml *xml, struct tg_xml_name *key, size_t start,
                                       uint32_t before)
{
    uint32_t index = tg_xml_run_count(xml);
    struct tg_xml_run *run =
        (struct tg_xml_run *)(void *)tg_buffer_reserve(&xml->runs, sizeof(*run));

    run->key = key;
    run->start = start;
    run->count = 1;
    run->last = index;
    run->next = TG_XML_NO_RUN;
    run->before = before;
    run->is_array = false;
    xml->runs.len += sizeof(*run);
    return index;
}

/* Begins the first run of a name in the innermost element. *shadows is set when an outer element
 * has the name too: then tg_xml_run_close must be told. */
static inline uint32_t tg_xml_run_open(struct tg_xml *xml, struct tg_xml_name *key, size_t start,
                                       bool *shadows)
{
    uint32_t index = tg_xml_run_count(xml);

    *shadows |= tg_xml_run_find(xml, key, 0) != TG_XML_NO_RUN;
    tg_xml_run_push(xml, key, start, key->run);
    key->run = index;
    return index;
}

/* Begins a later run of the name whose first run is `of`. */
static inline uint32_t tg_xml_run_again(struct tg_xml *xml, uint32_t of, size_t start)
{
    uint32_t index = tg_xml_run_push(xml, NULL, start, 0);
    struct tg_xml_run *runs = tg_xml_runs(xml);

    runs[runs[of].last].next = index;
    runs[of].last = index;
    return index;
}

/* Ends an element: its runs from `first` are forgotten. */
static inline void tg_xml_run_close(struct tg_xml *xml, uint32_t first, bool shadows)
{
    struct tg_xml_run *runs = tg_xml_runs(xml);

    for (uint32_t i = tg_xml_run_count(xml); shadows && i > first; i--) {
        if (runs[i - 1].key != NULL)
            runs[i - 1].key->run = runs[i - 1].before;
    }
    xml->runs.len = first * sizeof(struct tg_xml_run);
}

#endif
