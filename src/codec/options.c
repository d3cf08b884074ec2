#include "codec/options.h"

const struct tg_option *tg_option_find(const struct tg_option *table, struct tg_text name)
{
    for (; table->name != NULL; table++) {
        if (tg_text_is(tg_text_of(table->name), name))
            return table;
    }
    return NULL;
}

int tg_option_choice(const struct tg_option *option, struct tg_text word)
{
    const char *p = option->choices;

    for (int place = 0;; place++) {
        size_t n = strcspn(p, "|");
        if (tg_text_is(tg_text(p, n), word))
            return place;
        if (p[n] == '\0')
            return -1;
        p += n + 1;
    }
}
