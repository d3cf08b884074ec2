/* libh2o calls some of its own functions through the dynamic linker: a function of the same name
 * in our program is called instead. So a request head or a chunked body that two parsers could read
 * in two ways is refused (400, and the connection closed) before h2o believes it. */
#include "gate/seams.h"

#include <assert.h>
#include <dlfcn.h>
#include <h2o.h>

#include "http/chunked.h"
#include "http/strict.h"
#include "net/phr.h"

typedef int parse_request(const char *, size_t, const char **, size_t *, const char **, size_t *,
                          int *, struct phr_header *, size_t *, size_t);

/* libh2o's own; looked up once, when the first thread needs it. */
static parse_request *theirs(void)
{
    static _Atomic(parse_request *) found;
    parse_request *parse = found;

    if (parse == NULL) {
        *(void **)&parse = dlsym(RTLD_NEXT, "phr_parse_request");
        assert(parse != NULL);
        found = parse;
    }
    return parse;
}

static const char *check(const char *bytes, int len, int minor_version,
                         const struct phr_header *headers, size_t count)
{
    struct tg_strict_field fields[H2O_MAX_HEADERS];

    if (count > H2O_MAX_HEADERS)
        return "too many fields";
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct tg_strict_field){tg_text(headers[i].name, headers[i].name_len),
                                             tg_text(headers[i].value, headers[i].value_len)};
    return tg_strict_head(fields, count, tg_text(bytes, (size_t)len), minor_version);
}

int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len)
{
    int rc = theirs()(buf, len, method, method_len, path, path_len, minor_version, headers,
                      num_headers, last_len);

    if (rc > 0 && check(buf, rc, *minor_version, headers, *num_headers) != NULL)
        return -1;
    return rc;
}

/* ---- chunked bodies */

/* What we keep in h2o's decoder, which is all zero at the start: the same size, its own flag in its
 * own place. */
struct decoder {
    uint64_t left;
    char consume_trailer;
    uint8_t digits, state;
    uint8_t unused;
    uint32_t seen;
};

_Static_assert(sizeof(struct decoder) == sizeof(struct phr_chunked_decoder), "h2o's decoder");
_Static_assert(offsetof(struct decoder, consume_trailer) ==
                   offsetof(struct phr_chunked_decoder, consume_trailer),
               "h2o's decoder");

static struct tg_chunked load(const struct decoder *decoder)
{
    return (struct tg_chunked){.left = decoder->left,
                               .digits = decoder->digits,
                               .state = decoder->state,
                               .seen = decoder->seen,
                               .no_space = true};
}

static void store(struct decoder *decoder, const struct tg_chunked *chunked)
{
    decoder->left = chunked->left;
    decoder->digits = chunked->digits;
    decoder->state = chunked->state;
    decoder->seen = chunked->seen;
}

/* Trailers are always read to their end: h2o asks for no less. */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *size)
{
    struct tg_chunked chunked = load((struct decoder *)decoder);
    struct tg_text in = {buf, *size}, piece;
    enum tg_chunked_step step;
    size_t len = 0;

    while ((step = tg_chunked_next(&chunked, &in, &piece)) == TG_CHUNKED_PIECE) {
        memmove(buf + len, piece.base, piece.len);
        len += piece.len;
    }
    store((struct decoder *)decoder, &chunked);
    memmove(buf + len, in.base, in.len);
    *size = len;
    return step == TG_CHUNKED_END ? (ssize_t)in.len : step == TG_CHUNKED_MORE ? -2 : -1;
}

int phr_decode_chunked_is_in_data(struct phr_chunked_decoder *decoder)
{
    struct tg_chunked chunked = load((struct decoder *)decoder);

    return tg_chunked_is_in_data(&chunked);
}

/* ---- whether they are called */

static bool is_ours(const char *name, void *ours)
{
    return dlsym(RTLD_DEFAULT, name) == ours;
}

bool tg_seams_are_in_place(void)
{
    parse_request *parse = phr_parse_request;
    ssize_t (*decode)(struct phr_chunked_decoder *, char *, size_t *) = phr_decode_chunked;
    int (*is_in_data)(struct phr_chunked_decoder *) = phr_decode_chunked_is_in_data;

    return is_ours("phr_parse_request", *(void **)&parse) &&
           is_ours("phr_decode_chunked", *(void **)&decode) &&
           is_ours("phr_decode_chunked_is_in_data", *(void **)&is_in_data);
}
