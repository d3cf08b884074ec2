/* XML from stdin as JSON: all of it, or, with a path as argument, each element there as a line. */
#include <stdio.h>
#include <stdlib.h>
#include <tidegate/codec.h>

enum { MOST = 8 * 1024 * 1024 };

static int complain(const struct tidegate_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

static int print(void *context, const char *bytes, size_t n)
{
    (void)context;
    return fwrite(bytes, 1, n, stdout) == n && putchar('\n') != EOF ? 0 : 1;
}

static int convert_records(struct tidegate_converter *converter, const char *path)
{
    char piece[65536];
    size_t n;
    struct tidegate_error error;

    if (tidegate_converter_begin(converter, path, print, NULL, &error) != TIDEGATE_OK)
        return complain(&error);
    while ((n = fread(piece, 1, sizeof(piece), stdin)) != 0)
        if (tidegate_converter_feed(converter, piece, n, &error) != TIDEGATE_OK)
            return complain(&error);
    return tidegate_converter_end(converter, &error) == TIDEGATE_OK ? 0 : complain(&error);
}

static int convert_all(struct tidegate_converter *converter)
{
    char *input = malloc(MOST);
    size_t n = input != NULL ? fread(input, 1, MOST, stdin) : 0, len;
    const char *json;
    struct tidegate_error error;
    int status = 0;

    if (tidegate_converter_convert(converter, input, n, &json, &len, &error) == TIDEGATE_OK)
        print(NULL, json, len);
    else
        status = complain(&error);
    free(input);
    return status;
}

int main(int argc, char **argv)
{
    struct tidegate_converter *converter = tidegate_converter_create(TIDEGATE_XML_TO_JSON);

    tidegate_converter_set(converter, "namespaces", "strip", NULL);
    tidegate_converter_set(converter, "force-array", "/order/item", NULL);
    int status = argc > 1 ? convert_records(converter, argv[1]) : convert_all(converter);
    tidegate_converter_destroy(converter);
    return status;
}
