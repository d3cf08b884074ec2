/* For the tests of http/: heads written as text. */
#include "http/text.h"

#include "http/header.h"

enum { HEAD_FIELDS = 40 };

/* The fields of a text with a field a line; the list lives as long as the block that asks. */
#define HEAD(text) head_of((struct tg_header[HEAD_FIELDS]){{{NULL, 0}, {NULL, 0}}}, text)

static inline struct tg_headers head_of(struct tg_header *list, const char *text)
{
    struct tg_headers headers = {list, 0};

    while (*text != '\0') {
        size_t line = strcspn(text, "\n"), name = strcspn(text, ":");
        assert_true(name < line && headers.count < HEAD_FIELDS);
        size_t space = text[name + 1] == ' ';
        list[headers.count++] = (struct tg_header){
            tg_text(text, name), tg_text(text + name + 1 + space, line - name - 1 - space)};
        text += line + (text[line] == '\n');
    }
    return headers;
}
