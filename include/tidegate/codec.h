/* XML and JSON converted into each other: the codec of tidegate for any program in C or C++.
 *
 * Link with what `pkg-config --libs tidegate-codec` says. Nothing here is global: a converter is
 * used by one thread at a time, any number of them side by side. Memory that runs out ends the
 * program with a message; what is held is bounded by the limits, which are options. */
#ifndef TIDEGATE_CODEC_H
#define TIDEGATE_CODEC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tidegate_direction { TIDEGATE_XML_TO_JSON = 1, TIDEGATE_JSON_TO_XML = 2 };

enum tidegate_code {
    TIDEGATE_OK = 0,
    TIDEGATE_REFUSED = 1, /* the input can't be converted: line and column say where */
    TIDEGATE_LIMIT = 2,   /* the same, and `limit` names the limit that it crosses */
    TIDEGATE_OPTION = 3,  /* there is no such option, or it does not take that value */
    TIDEGATE_STOPPED = 4, /* the sink did not want more */
    TIDEGATE_MISUSE = 5   /* a call that has no place here, such as a feed before the begin */
};

struct tidegate_error {
    enum tidegate_code code;
    size_t line, column; /* of the input, from 1, in bytes; 0: it has no place */
    const char *limit;   /* the option's name; a constant, or NULL */
    char message[256];   /* a sentence: xml: line 3, column 17: expected </b> */
};

struct tidegate_converter;

/* Takes what comes out; `bytes` die with the call. Anything but 0 stops the conversion. */
typedef int tidegate_sink(void *context, const char *bytes, size_t n);

/* The version of the library, such as "0.1.0". */
const char *tidegate_version(void);

/* NULL: the direction is none. A converter is made once and converts one input after another. */
struct tidegate_converter *tidegate_converter_create(enum tidegate_direction direction);
void tidegate_converter_destroy(struct tidegate_converter *converter); /* NULL is fine */

/* Sets an option by its name. The names and values are those of `tidegate convert --help`, without
 * the dashes in front: "namespaces" and "strip", "input" and "64MB". What is a list or a table is
 * set once for each item; a flag may have the value NULL. Texts are copied. `error` may be NULL,
 * here and below. */
enum tidegate_code tidegate_converter_set(struct tidegate_converter *converter, const char *name,
                                          const char *value, struct tidegate_error *error);

/* Converts a document of n bytes. `*out` has `*len` bytes and a NUL behind them; it is the
 * converter's, and is there until its next call. On an error it is NULL: there is no output of what
 * is not well to its end. */
enum tidegate_code tidegate_converter_convert(struct tidegate_converter *converter,
                                              const char *input, size_t n, const char **out,
                                              size_t *len, struct tidegate_error *error);

/* A document of any length, in pieces: each element of XML at the path, written as "/feed/entry" or
 * "//entry", is given to the sink as a JSON text of its own as soon as it is complete; each value
 * of JSON at the path as an XML document, {"entry": value}. There arrays are passed through, each
 * item is a value, and "/" is the path of the whole. What is held is bounded by the largest of
 * them, and by the limit "input" for one. begin, then any number of feeds, then end; after an error
 * the next call is another begin. The context is the sink's. */
enum tidegate_code tidegate_converter_begin(struct tidegate_converter *converter, const char *path,
                                            tidegate_sink *sink, void *context,
                                            struct tidegate_error *error);
enum tidegate_code tidegate_converter_feed(struct tidegate_converter *converter, const char *piece,
                                           size_t n, struct tidegate_error *error);
enum tidegate_code tidegate_converter_end(struct tidegate_converter *converter,
                                          struct tidegate_error *error);

#ifdef __cplusplus
}
#endif

#endif
