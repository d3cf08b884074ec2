#include "gate/stream.h"

#include <stdio.h>
#include <sys/socket.h>

#include "gate/failure.h"
#include "gate/making.h"
#include "gate/responder.h"

/* In the order of a response: tg_stream_start, then on_piece and on_proceed in turn. */
static void on_piece(struct tg_source *source, h2o_iovec_t piece, enum tg_source_state state);
static void on_proceed(h2o_generator_t *generator, h2o_req_t *req);

struct tg_stream {
    h2o_generator_t generator; /* first */
    struct tg_inbound *inbound;
    struct tg_source *source;
    bool begun;   /* the head has been sent */
    bool asked;   /* a piece is to come */
    bool writing; /* h2o has something of ours until on_proceed */
    bool chunked; /* we write the chunks: h2o does so for status 200 only */
    bool until_close;
    bool waiting; /* a piece came while h2o was writing: these two */
    h2o_iovec_t piece;
    enum tg_source_state state;
    char size[24]; /* the line before a chunk */
};

static h2o_req_t *req_of(struct tg_stream *stream)
{
    return stream->inbound->req;
}

static int socket_of(struct tg_stream *stream)
{
    h2o_conn_t *conn = req_of(stream)->conn;

    return h2o_socket_get_fd(conn->callbacks->get_socket(conn));
}

static void begin(struct tg_stream *stream)
{
    const struct tg_response *response = &stream->inbound->request.response;
    h2o_req_t *req = req_of(stream);
    bool framed = response->length_known || req->version >= 0x200;

    stream->begun = true;
    stream->chunked = !framed && req->version == 0x101;
    stream->until_close = !framed && !stream->chunked;
    tg_respond_head(req, response);
    if (stream->chunked)
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_TRANSFER_ENCODING, NULL,
                       H2O_STRLIT("chunked"));
    if (stream->until_close)
        req->http1_is_persistent = 0;
    req->bytes_counted_by_ostream = 1;
    tg_respond_start(req, &stream->generator);
}

/* A body that only the end of the connection ends looks whole unless the connection is reset. */
static void break_off(struct tg_stream *stream)
{
    struct linger linger = {.l_onoff = 1};

    if (stream->until_close)
        setsockopt(socket_of(stream), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    h2o_send(req_of(stream), NULL, 0, H2O_SEND_STATE_ERROR);
}

static void break_down(struct tg_stream *stream)
{
    struct tg_inbound *inbound = stream->inbound;

    tg_failure_log_cut(inbound, stream->source->error);
    if (stream->begun) {
        break_off(stream);
        return;
    }
    inbound->stream = NULL;
    tg_making_fail_unsent(inbound);
}

static size_t put_chunk(struct tg_stream *stream, h2o_iovec_t piece, bool last, h2o_iovec_t *parts)
{
    size_t n = 0;

    if (piece.len != 0) {
        int len = snprintf(stream->size, sizeof(stream->size), "%zx\r\n", piece.len);
        parts[n++] = h2o_iovec_init(stream->size, (size_t)len);
        parts[n++] = piece;
        parts[n++] =
            last ? h2o_iovec_init(H2O_STRLIT("\r\n0\r\n\r\n")) : h2o_iovec_init(H2O_STRLIT("\r\n"));
    } else if (last) {
        parts[n++] = h2o_iovec_init(H2O_STRLIT("0\r\n\r\n"));
    }
    return n;
}

/* Nothing is being written. The last piece may end the request before this returns. */
static void send_piece(struct tg_stream *stream, h2o_iovec_t piece, enum tg_source_state state)
{
    bool last = state == TG_SOURCE_END;
    h2o_iovec_t parts[3];
    size_t n = 0;

    if (!stream->begun)
        begin(stream);
    if (stream->chunked)
        n = put_chunk(stream, piece, last, parts);
    else if (piece.len != 0)
        parts[n++] = piece;
    stream->writing = true;
    req_of(stream)->bytes_sent += piece.len;
    h2o_send(req_of(stream), parts, n, last ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

static void ask(struct tg_stream *stream)
{
    stream->asked = true;
    stream->source->next(stream->source);
}

static void on_piece(struct tg_source *source, h2o_iovec_t piece, enum tg_source_state state)
{
    struct tg_stream *stream = source->user;

    stream->asked = false;
    if (stream->writing) {
        stream->waiting = true;
        stream->piece = piece;
        stream->state = state;
    } else if (state == TG_SOURCE_BROKEN) {
        break_down(stream);
    } else {
        send_piece(stream, piece, state);
    }
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct tg_stream *stream = (struct tg_stream *)generator;

    (void)req;
    stream->writing = false;
    if (stream->waiting) {
        stream->waiting = false;
        on_piece(stream->source, stream->piece, stream->state);
    } else if (!stream->asked) {
        ask(stream);
    }
}

/* A piece that is there at once goes out with the head; else the head goes alone. */
void tg_stream_start(struct tg_inbound *inbound)
{
    struct tg_stream *stream = h2o_mem_alloc_pool(&inbound->request.run.pool, sizeof(*stream));
    static const h2o_iovec_t nothing = {NULL, 0};

    *stream = (struct tg_stream){.generator = {.proceed = on_proceed},
                                 .inbound = inbound,
                                 .source = inbound->request.response.source};
    stream->source->on_piece = on_piece;
    stream->source->user = stream;
    inbound->stream = stream;
    stream->asked = true;
    stream->writing = true; /* keeps what comes at once until it is clear whether it does */
    stream->source->next(stream->source);
    stream->writing = false;
    if (stream->waiting)
        on_proceed(&stream->generator, inbound->req);
    else
        send_piece(stream, nothing, TG_SOURCE_MORE);
}

void tg_stream_cut(struct tg_stream *stream)
{
    if (stream->writing)
        shutdown(socket_of(stream), SHUT_RDWR); /* h2o's write fails, and that ends it */
    else
        break_off(stream);
}

void tg_stream_end(struct tg_stream *stream)
{
    stream->source->cancel(stream->source);
}
