#include "script/value_path.h"

#include <stdio.h>

#include "codec/utf8.h"

#define LONGEST_KEY 40

/* Puts a step before the path; what does not fit is lost at its end. */
static void put_step(struct tg_value_path *path, const char *step)
{
    const size_t room = sizeof(path->text) - 1;
    size_t n = strlen(step), had = strlen(path->text);

    if (n + had > room) {
        had = room - n;
        path->cut = true;
    }
    memmove(path->text + n, path->text, had);
    memcpy(path->text, step, n);
    path->text[n + had] = '\0';
}

static bool is_word(struct tg_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return text.len != 0;
}

void tg_value_path_key(struct tg_value_path *path, struct tg_text key)
{
    char step[LONGEST_KEY + 24];

    if (tg_utf8_check(key) != key.len || key.len > LONGEST_KEY)
        snprintf(step, sizeof(step), "[a key of %zu bytes]", key.len);
    else
        snprintf(step, sizeof(step), is_word(key) ? ".%.*s" : "[\"%.*s\"]", (int)key.len, key.base);
    put_step(path, step);
}

void tg_value_path_item(struct tg_value_path *path, int item)
{
    char step[24];

    snprintf(step, sizeof(step), "[%d]", item);
    put_step(path, step);
}

size_t tg_value_path_len(const struct tg_value_path *path)
{
    return tg_utf8_check(tg_text_of(path->text));
}
