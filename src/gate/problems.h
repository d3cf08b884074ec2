/* What is wrong with a site: lines "file:line: message", and the same for programs. */
#ifndef TG_GATE_PROBLEMS_H
#define TG_GATE_PROBLEMS_H

#include "base/buffer.h"

/* Appends a list of {file, line, column, message}. What a line doesn't tell is null; the column is
 * that of the first character in the line of the file that is no space. */
void tg_problems_write(const struct tg_buffer *lines, struct tg_buffer *out);

/* Shows the lines on stderr, and forgets them. */
void tg_problems_say(struct tg_buffer *lines);

#endif
