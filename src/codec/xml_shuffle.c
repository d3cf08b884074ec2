#include "codec/xml_shuffle.h"

#include <stdlib.h>

#include "codec/xml_members.h"

/* When the reading comes to `from`, it goes on at `to`. */
struct jump {
    size_t from, to;
    bool closes; /* an array ends here: a bracket is read */
};

static void add(struct tg_xml *xml, size_t from, size_t to, bool closes)
{
    struct jump jump = {from, to, closes};

    if (from != to || closes)
        tg_buffer_append(&xml->jumps, &jump, sizeof(jump));
}

/* Runs lie one behind the other in the output. */
static size_t end_of(const struct tg_xml *xml, const struct tg_buffer *out, uint32_t run)
{
    return run + 1 < tg_xml_run_count(xml) ? tg_xml_runs(xml)[run + 1].start : out->len;
}

void tg_xml_shuffle_note(struct tg_xml *xml, struct tg_buffer *out, uint32_t first)
{
    const struct tg_xml_run *runs = tg_xml_runs(xml);
    size_t at = runs[first].start;
    bool closes = false;

    for (uint32_t i = first; i < tg_xml_run_count(xml); i++) {
        if (runs[i].key == NULL)
            continue;
        add(xml, at, runs[i].start, closes);
        at = end_of(xml, out, i);
        closes = runs[i].next != TG_XML_NO_RUN;
        if (!closes)
            continue;
        char *blank = out->base + runs[i].start + runs[i].key->len + TG_XML_JSON_AROUND - 1;
        at -= *blank == '['; /* the bracket that ended the run; the last one's takes its place */
        *blank = '[';
        for (uint32_t next = runs[i].next; next != TG_XML_NO_RUN; next = runs[next].next) {
            add(xml, at, runs[next].start, false);
            at = end_of(xml, out, next);
        }
    }
    add(xml, at, out->len, closes);
}

static int by_from(const void *a, const void *b)
{
    size_t x = ((const struct jump *)a)->from, y = ((const struct jump *)b)->from;

    return (x > y) - (x < y);
}

static void sort(struct jump *jumps, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (jumps[i].from < jumps[i - 1].from) {
            qsort(jumps, count, sizeof(*jumps), by_from);
            return;
        }
    }
}

/* The first jump at or behind `at`. The next one is most often near the one before it. */
static size_t find(const struct jump *jumps, size_t count, size_t near, size_t at)
{
    size_t low = 0, high = count, step = 1;

    if (near < count && jumps[near].from < at) {
        for (low = near + 1; low + step < count && jumps[low + step].from < at; step *= 2)
            low += step;
        high = low + step < count ? low + step : count;
    } else {
        for (high = near; high > step && jumps[high - step].from >= at; step *= 2)
            high -= step;
        low = high > step ? high - step : 0;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (jumps[middle].from < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool copy(struct tg_buffer *to, const struct tg_buffer *out, size_t base,
                 const struct jump *jumps, size_t count)
{
    size_t at = base, next = 0;

    /* A run has bytes, so the jump at its end is behind its start; one at its start is another's.
     */
    while ((next = find(jumps, count, next, at + 1)) < count) {
        const struct jump *jump = &jumps[next];
        if (!tg_buffer_append(to, out->base + at, jump->from - at) ||
            (jump->closes && !tg_buffer_put(to, ']')))
            return false;
        at = jump->to;
    }
    return tg_buffer_append(to, out->base + at, out->len - at);
}

bool tg_xml_shuffle_apply(struct tg_xml *xml, struct tg_buffer *out, size_t base)
{
    size_t count = xml->jumps.len / sizeof(struct jump);
    struct jump *jumps = (struct jump *)(void *)xml->jumps.base;

    if (count == 0)
        return true;
    sort(jumps, count);
    xml->assembly.len = 0;
    if (!copy(&xml->assembly, out, base, jumps, count))
        return false;
    out->len = base;
    return tg_buffer_append(out, xml->assembly.base, xml->assembly.len);
}
