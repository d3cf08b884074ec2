/* The HTTP parser inside libh2o: picohttpparser, as of h2o 2.2.5.
 * Debian's libh2o-evloop exports these five functions, but installs no header for them. */
#ifndef TG_NET_PHR_H
#define TG_NET_PHR_H

#include <stddef.h>
#include <sys/types.h>

/* This copy of the parser leaves white space at the end of a value. */
struct phr_header {
    const char *name; /* NULL: the value goes on from the line before */
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* All zero at the start. */
struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer;
    char _hex_count;
    char _state;
};

/* The parsers return the bytes they used, -1 for what is wrong, or -2 when there is more to come.
 * *num_headers says how many headers there is room for, and then how many there are;
 * last_len is the len of the call before, when that returned -2. */
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len);
int phr_parse_response(const char *buf, size_t len, int *minor_version, int *status,
                       const char **msg, size_t *msg_len, struct phr_header *headers,
                       size_t *num_headers, size_t last_len);
int phr_parse_headers(const char *buf, size_t len, struct phr_header *headers, size_t *num_headers,
                      size_t last_len);

/* Decodes in place; returns -1, -2, or how many bytes follow the last chunk. It is lenient with
 * the lines between the chunks: http/chunked.h is not. */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *bufsz);
int phr_decode_chunked_is_in_data(struct phr_chunked_decoder *decoder);

#endif
