/* What fuzz targets share: demands, memory for Lua, and what they look for in JSON. */
#ifndef TG_SPEC_FUZZ_H
#define TG_SPEC_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_read.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run with a finding, and shows the text, unless it holds. */
static inline void demand(bool holds, const char *what, struct tg_text text)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %.*s\n", what, (int)text.len, text.base);
    abort();
}

/* Lua's memory from malloc, where the leak checker looks for pointers too. */
static inline void *allocate(void *context, void *memory, size_t old, size_t size)
{
    (void)context;
    (void)old;
    if (size != 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

/* The keys of the open objects, each copied with its length before it. */
static inline bool has_key_twice(struct tg_text json)
{
    struct tg_json_reader reader;
    struct tg_parse_error error;
    struct tg_buffer scratch = {0}, keys = {0};
    size_t starts[TG_JSON_MAX_DEPTH + 2] = {0};
    bool twice = false;

    tg_json_begin(&reader, json, TG_JSON_MAX_DEPTH, &scratch, &error);
    for (;;) {
        enum tg_json_event event = tg_json_next(&reader);
        if (event == TG_JSON_DONE || event == TG_JSON_ERROR)
            break;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)
            starts[reader.depth] = keys.len;
        if (event == TG_JSON_END)
            keys.len = starts[reader.depth + 1];
        if (event != TG_JSON_KEY)
            continue;
        for (size_t at = starts[reader.depth]; at < keys.len;) {
            size_t len;
            memcpy(&len, keys.base + at, sizeof(len));
            at += sizeof(len);
            twice |= tg_text_is(tg_text(keys.base + at, len), reader.text);
            at += len;
        }
        tg_buffer_append(&keys, &reader.text.len, sizeof(reader.text.len));
        tg_buffer_append(&keys, reader.text.base, reader.text.len);
    }
    tg_buffer_dispose(&scratch);
    tg_buffer_dispose(&keys);
    return twice;
}

#endif
