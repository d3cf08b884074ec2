#include "codec/place.h"

#include <stdio.h>
#include <string.h>

void tg_place_move(struct tg_parse_error *error, size_t line, size_t column)
{
    const char *kind = strstr(error->text, ": line ");
    const char *reason = kind != NULL ? strstr(kind + 2, ": ") : NULL;
    char text[sizeof(error->text)];

    if (error->line == 1)
        error->column += column - 1;
    error->line += line - 1;
    if (reason == NULL)
        return;
    memcpy(text, error->text, sizeof(text));
    snprintf(error->text, sizeof(error->text), "%.*s: line %zu, column %zu: %s",
             (int)(kind - error->text), text, error->line, error->column,
             text + (reason + 2 - error->text));
}
