/* libh2o calls some of its own functions through the dynamic linker: a function of the same name
 * in our program is called instead. So a request head or a chunked body that two parsers could read
 * in two ways is refused before h2o believes it. */
#include "gate/seams.h"

#include <assert.h>
#include <dlfcn.h>
#include <h2o.h>

#include "gate/client.h"
#include "gate/share.h"
#include "http/chunked.h"
#include "net/phr.h"

/* ---- heads */

/* What has been refused goes on as a request without fields: the handler answers it as it should be
 * answered, which h2o by itself does not. Of its method no more is believed than that an answer to
 * HEAD has no body. */
static int pass_on_refused(struct tg_head *head, const char *buf, size_t len)
{
    bool is_head = len >= 5 && memcmp(buf, "HEAD ", 5) == 0;

    *head = (struct tg_head){.method = is_head ? "HEAD" : "",
                             .method_len = is_head ? 4 : 0,
                             .path = "",
                             .fields = head->fields};
    return (int)len;
}

/* An empty line or two, and then nothing: h2o closes without a word. */
static bool is_line_ends(const char *buf, size_t len)
{
    return len <= 4 && strspn(buf, "\r\n") >= len;
}

/* h2o calls this from one place, with pointers into its request. */
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len)
{
    h2o_req_t *req = H2O_STRUCT_FROM_MEMBER(h2o_req_t, input.method.base, (char **)method);
    struct tg_client *client = tg_client_of(req->conn);
    struct tg_head head = {.fields = headers};
    int rc = tg_head_read(&client->worker->generation->edition->site->limits.head, buf, len,
                          last_len, &head, &client->refusal);

    assert(*num_headers == TG_HEAD_FIELDS);
    client->req = req;
    if (client->read == NULL) /* TLS */
        client->read = client->reading = client->sock->_cb.read;
    client->fields = (struct tg_fields){NULL, 0};
    if (rc == -2)
        return rc;
    if (rc == -1) {
        if (is_line_ends(buf, len))
            return rc;
        rc = pass_on_refused(&head, buf, len);
    } else if (head.has_body) {
        tg_client_expect_body(client);
    } else if (!client->is_admin) {
        head.field_count = tg_share_fields(client, &head);
    }
    *method = head.method;
    *method_len = head.method_len;
    *path = head.path;
    *path_len = head.path_len;
    *minor_version = head.minor_version;
    *num_headers = head.field_count;
    return rc;
}

/* ---- what nobody asks for */

/* No file is served, so types by the names of files are of no use: hundreds of them a gate. */
void h2o_mimemap_define_mimetype(h2o_mimemap_t *types, const char *ext, const char *mime,
                                 h2o_mime_attributes_t *attributes)
{
    (void)types;
    (void)ext;
    (void)mime;
    (void)attributes;
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
    int (*parse)(const char *, size_t, const char **, size_t *, const char **, size_t *, int *,
                 struct phr_header *, size_t *, size_t) = phr_parse_request;
    ssize_t (*decode)(struct phr_chunked_decoder *, char *, size_t *) = phr_decode_chunked;
    int (*is_in_data)(struct phr_chunked_decoder *) = phr_decode_chunked_is_in_data;
    int (*print)(char *, int, size_t, const char *, ...) = tg_seam_sprintf;
    ssize_t (*send_parts)(int, const struct iovec *, int) = tg_seam_writev;
    void *(*alloc)(h2o_mem_pool_t *, size_t) = h2o_mem_alloc_pool;
    void (*process)(h2o_req_t *) = h2o_process_request;
    void (*start_reading)(h2o_socket_t *, h2o_socket_cb) = h2o_socket_read_start;
    void (*write)(h2o_socket_t *, h2o_iovec_t *, size_t, h2o_socket_cb) = h2o_socket_write;

    return is_ours("phr_parse_request", *(void **)&parse) &&
           is_ours("phr_decode_chunked", *(void **)&decode) &&
           is_ours("phr_decode_chunked_is_in_data", *(void **)&is_in_data) &&
           is_ours("__sprintf_chk", *(void **)&print) && is_ours("writev", *(void **)&send_parts) &&
           is_ours("h2o_mem_alloc_pool", *(void **)&alloc) && tg_seam_pool_is_right() &&
           is_ours("h2o_process_request", *(void **)&process) &&
           is_ours("h2o_socket_read_start", *(void **)&start_reading) &&
           is_ours("h2o_socket_write", *(void **)&write);
}
