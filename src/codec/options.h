/* Options of conversions as tables: one description serves scripts, the command line and the
 * documentation. */
#ifndef TG_CODEC_OPTIONS_H
#define TG_CODEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct tg_options_list {
    const struct tg_text *list;
    size_t count;
};

struct tg_options_pair {
    struct tg_text name, value;
};

struct tg_options_pairs {
    const struct tg_options_pair *list;
    size_t count;
};

/* The type of the field at `offset`. */
enum tg_option_kind {
    TG_OPTION_FLAG,   /* bool */
    TG_OPTION_CHOICE, /* an enum, whose values are those of `choices` in their order */
    TG_OPTION_TEXT,   /* struct tg_text */
    TG_OPTION_COUNT,  /* size_t above 0 */
    TG_OPTION_SIZE,   /* size_t above 0: bytes */
    TG_OPTION_SMALL,  /* unsigned, from 0 to 16 */
    TG_OPTION_LIST,   /* struct tg_options_list */
    TG_OPTION_PAIRS,  /* struct tg_options_pairs */
    TG_OPTION_OTHER,  /* what has a reader of its own */
};

struct tg_option {
    const char *name; /* NULL ends a table */
    enum tg_option_kind kind;
    size_t offset;
    const char *choices; /* such as "keep|strip"; for the others what is wanted, or NULL */
    bool (*is_valid)(struct tg_text item); /* of a LIST or TEXT; NULL: all are */
};

/* The option of that name, or NULL. */
const struct tg_option *tg_option_find(const struct tg_option *table, struct tg_text name);

/* The place of the word among the choices; -1 when it is none of them. */
int tg_option_choice(const struct tg_option *option, struct tg_text word);

#endif
