/* The path to a value that can't be encoded, such as .items[3].fn. It is put together from its end,
 * step by step on the way out. */
#ifndef TG_SCRIPT_VALUE_PATH_H
#define TG_SCRIPT_VALUE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* All zero is the path to the value itself. */
struct tg_value_path {
    char text[120];
    bool cut; /* it did not fit: its end is missing */
};

void tg_value_path_key(struct tg_value_path *path, struct tg_text key);
void tg_value_path_item(struct tg_value_path *path, int item);

/* How much of the text is whole characters. */
size_t tg_value_path_len(const struct tg_value_path *path);

#endif
