/* An error of the world: a small value with a code to decide by and a sentence to show. */
#ifndef TG_BASE_ERROR_H
#define TG_BASE_ERROR_H

#include <stddef.h>

/* No error when code is NULL. Both texts are constants, or live as long as the program. */
struct tg_error {
    const char *code;
    const char *message;
};

#define TG_OK ((struct tg_error){NULL, NULL})

/* What a parser of others' text found: a whole sentence with the position in it. */
struct tg_parse_error {
    char text[240];      /* such as: json: line 1, column 9: expected a value */
    size_t line, column; /* of the input, from 1; columns count bytes */
    const char *limit;   /* the option's name when a limit was crossed, else NULL */
};

#endif
