/* libh2o calls some of its own functions through the dynamic linker: a function of the same name
 * in our program is called instead. So a request head that two parsers could read in two ways is
 * refused (400, and the connection closed) before h2o believes it. */
#include "gate/seams.h"

#include <assert.h>
#include <dlfcn.h>
#include <h2o.h>

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

bool tg_seams_are_in_place(void)
{
    parse_request *seen;

    *(void **)&seen = dlsym(RTLD_DEFAULT, "phr_parse_request");
    return seen == phr_parse_request;
}
