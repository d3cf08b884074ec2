#include "net/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

/* Reads the text from memory of its own, so that a sanitizer sees a step too far. */
static size_t read(const char *text, size_t len, struct tg_lines *lines)
{
    char *copy = malloc(len);

    memcpy(copy, text, len);
    const char *behind = tg_lines_fields(copy, copy + len, lines);
    size_t used = behind != NULL ? (size_t)(behind - copy) : 0;
    if (used != 0 && lines->count != 0) {
        assert_ptr_equal(lines->fields[0].name, copy);
        assert_true(lines->fields[0].value > copy);
    }
    free(copy);
    return used;
}

static void reads_names_and_values_of_any_length(void **state)
{
    static const char name[] = "Some-name-that-no-block-of-16-bytes-holds";
    static const char value[] = "a-value\twith-\x80-that-no-block-of-16-bytes-holds";
    char text[256];

    (void)state;
    for (size_t i = 1; i < sizeof(name); i++)
        for (size_t j = 0; j < sizeof(value); j++) {
            struct phr_header fields[2];
            struct tg_lines lines = {.fields = fields, .most = 2};
            int n = snprintf(text, sizeof(text), "%.*s:\t %.*s \t\r\nx:\n\r\nbody", (int)i, name,
                             (int)j, value);
            assert_int_equal(read(text, (size_t)n, &lines), n - 4);
            assert_int_equal(lines.count, 2);
            assert_int_equal(fields[0].name_len, i);
            assert_int_equal(fields[0].value_len, j == 8 ? 7 : j);
            assert_int_equal(fields[1].value_len, 0);
        }
}

static void wants_the_empty_line(void **state)
{
    static const char text[] = "content-length: 1024\r\nserver: a bench that answers\r\n\r\n";
    struct phr_header fields[3];

    (void)state;
    for (size_t len = 1; len < sizeof(text) - 1; len++) {
        struct tg_lines lines = {.fields = fields, .most = 3};
        assert_int_equal(read(text, len, &lines), 0);
    }
}

static void refuses_what_no_line_has(void **state)
{
    static const char wrong[] = {0, 1, '\b', '\v', '\r', 0x1f, 0x7f};
    char text[] = "a-name: some value of more than a block\r\n\r\n";
    struct phr_header fields[3];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong); i++)
        for (size_t at = 0; at < sizeof(text) - 5; at++) {
            struct tg_lines lines = {.fields = fields, .most = 3};
            char was = text[at];
            text[at] = wrong[i];
            assert_int_equal(read(text, sizeof(text) - 1, &lines), 0);
            text[at] = was;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_and_values_of_any_length),
        cmocka_unit_test(wants_the_empty_line),
        cmocka_unit_test(refuses_what_no_line_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
