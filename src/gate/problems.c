#include "gate/problems.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/response.h"

struct place {
    struct tg_text file; /* empty: unknown */
    unsigned long line;  /* 0: unknown */
    struct tg_text message;
};

/* "file:12: message"; a message may have colons and numbers, too: the first ones count. */
static struct place take_apart(struct tg_text text)
{
    struct place place = {.message = text};

    for (size_t i = 1; i + 1 < text.len; i++) {
        size_t digits = 0;
        if (text.base[i] != ':')
            continue;
        while (i + 1 + digits < text.len && text.base[i + 1 + digits] >= '0' &&
               text.base[i + 1 + digits] <= '9')
            digits++;
        size_t behind = i + 1 + (digits != 0 ? digits + 1 : 0);
        bool is_end = behind < text.len && text.base[behind - 1] == ':' && text.base[behind] == ' ';
        if (!is_end)
            continue;
        place.file = tg_text(text.base, i);
        place.line = digits != 0 && digits < 10 ? strtoul(text.base + i + 1, NULL, 10) : 0;
        place.message = tg_text(text.base + behind + 1, text.len - behind - 1);
        return place;
    }
    return place;
}

/* 0 when there is no such line. */
static size_t column_of(const struct place *place)
{
    char path[4096], *line = NULL;
    size_t room = 0, column = 0;

    snprintf(path, sizeof(path), "%.*s", (int)place->file.len, place->file.base);
    FILE *file = place->line != 0 ? fopen(path, "re") : NULL;
    if (file == NULL)
        return 0;
    for (unsigned long i = 1; getline(&line, &room, file) > 0; i++) {
        if (i != place->line)
            continue;
        column = strspn(line, " \t") + 1;
        break;
    }
    free(line);
    fclose(file);
    return column;
}

static void write_number(struct tg_buffer *out, const char *name, size_t number)
{
    if (number != 0)
        tg_buffer_printf(out, ",\"%s\":%zu", name, number);
    else
        tg_buffer_printf(out, ",\"%s\":null", name);
}

static void write_one(struct tg_text text, struct tg_buffer *out)
{
    struct place place = take_apart(text);

    tg_buffer_printf(out, "{\"file\":");
    if (place.file.len != 0)
        tg_text_write(out, place.file);
    else
        tg_buffer_printf(out, "null");
    write_number(out, "line", place.line);
    write_number(out, "column", column_of(&place));
    tg_buffer_printf(out, ",\"message\":");
    tg_text_write(out, place.message);
    tg_buffer_put(out, '}');
}

void tg_problems_write(const struct tg_buffer *lines, struct tg_buffer *out)
{
    const char *at = lines->base, *comma = "";

    tg_buffer_put(out, '[');
    for (size_t left = lines->len; left != 0;) {
        const char *stop = memchr(at, '\n', left);
        size_t len = stop != NULL ? (size_t)(stop - at) : left;
        tg_buffer_printf(out, "%s", comma);
        write_one(tg_text(at, len), out);
        comma = ",";
        len += stop != NULL;
        at += len;
        left -= len;
    }
    tg_buffer_put(out, ']');
}

void tg_problems_say(struct tg_buffer *lines)
{
    fprintf(stderr, "%.*s", (int)lines->len, lines->base != NULL ? lines->base : "");
    tg_buffer_dispose(lines);
}
