/* A conversion from a file or pipe to stdout. */
#ifndef TG_TOOL_CONVERT_RUN_H
#define TG_TOOL_CONVERT_RUN_H

#include "codec/options_text.h"

struct tg_convert_command {
    struct tg_options_text options;
    const char *file;    /* NULL: stdin */
    const char *records; /* the path of the records; NULL: the document is one */
    bool lines;          /* each line of the input is a document of JSON */
    bool stats, help;
};

/* 0: it went well; 1: the input was refused or can't be read, or stdout can't be written; what is
 * wrong is on stderr. Of a document nothing is written unless all of it is well; of records and
 * lines, those before the one that is not. */
int tg_convert_run(const struct tg_convert_command *command);

#endif
