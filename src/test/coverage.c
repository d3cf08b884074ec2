#include "test/coverage.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 1000000 };

struct tg_covered {
    char *source;
    bool *lines; /* by number */
    size_t room;
};

void tg_coverage_dispose(struct tg_coverage *coverage)
{
    for (size_t i = 0; i < coverage->count; i++) {
        free(coverage->files[i].source);
        free(coverage->files[i].lines);
    }
    free(coverage->files);
    *coverage = (struct tg_coverage){0};
}

static struct tg_covered *add(struct tg_coverage *coverage, const char *source)
{
    coverage->files = realloc(coverage->files, (coverage->count + 1) * sizeof(*coverage->files));
    assert(coverage->files != NULL);
    struct tg_covered *file = &coverage->files[coverage->count++];
    *file = (struct tg_covered){.source = strdup(source)};
    assert(file->source != NULL);
    return file;
}

/* The one found last is swapped to the front: the next line is mostly of the same file. */
static struct tg_covered *find(struct tg_coverage *coverage, const char *source)
{
    for (size_t i = 0; i < coverage->count; i++) {
        struct tg_covered found = coverage->files[i];
        if (strcmp(found.source, source) != 0)
            continue;
        coverage->files[i] = coverage->files[0];
        coverage->files[0] = found;
        return &coverage->files[0];
    }
    return add(coverage, source);
}

static void make_room(struct tg_covered *file, size_t line)
{
    size_t room = file->room != 0 ? file->room : 128;

    while (room <= line)
        room *= 2;
    file->lines = realloc(file->lines, room * sizeof(*file->lines));
    assert(file->lines != NULL);
    memset(file->lines + file->room, 0, (room - file->room) * sizeof(*file->lines));
    file->room = room;
}

void tg_coverage_note(void *coverage, lua_State *L, lua_Debug *frame)
{
    size_t line = (size_t)frame->currentline;

    if (frame->currentline <= 0 || line >= LINES_MOST || lua_getinfo(L, "S", frame) == 0 ||
        frame->source[0] != '@')
        return;
    struct tg_covered *file = find(coverage, frame->source + 1);
    if (line >= file->room)
        make_room(file, line);
    file->lines[line] = true;
}

void tg_coverage_push(const struct tg_coverage *coverage, lua_State *L)
{
    lua_createtable(L, 0, (int)coverage->count);
    for (size_t i = 0; i < coverage->count; i++) {
        const struct tg_covered *file = &coverage->files[i];
        lua_newtable(L);
        for (size_t line = 1; line < file->room; line++) {
            if (!file->lines[line])
                continue;
            lua_pushboolean(L, true);
            lua_rawseti(L, -2, (int)line);
        }
        lua_setfield(L, -2, file->source);
    }
}
