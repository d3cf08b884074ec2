/* Options of conversions from texts, as command lines and programs in C give them. */
#ifndef TG_CODEC_OPTIONS_TEXT_H
#define TG_CODEC_OPTIONS_TEXT_H

#include "codec/xml_arena.h"
#include "codec/xml_options.h"
#include "codec/xml_write.h"

/* All zero is every default. Texts that are set are copied. */
struct tg_options_text {
    bool to_json; /* which of the two is meant; set it first */
    struct tg_xml_options read;
    struct tg_xml_write_options write;
    struct tg_xml_arena arena;
};

void tg_options_text_dispose(struct tg_options_text *options);

/* The table of the direction. */
const struct tg_option *tg_options_text_table(const struct tg_options_text *options);

/* Sets an option by its name, in which '-' stands for '_' too. Those that are lists or tables are
 * set once for each item; an item of a table is "name=value". A flag without a value (NULL) is set.
 * NULL, or what was wanted instead. */
const char *tg_options_text_set(struct tg_options_text *options, const char *name,
                                const char *value);

#endif
