/* One call of a backend: an HTTP/1.1 request and its response, over a pooled connection. */
#ifndef TG_NET_EXCHANGE_H
#define TG_NET_EXCHANGE_H

#include "base/buffer.h"
#include "net/backend.h"
#include "net/balance.h"
#include "net/batch.h"
#include "net/connect.h"
#include "net/framing.h"
#include "net/source.h"

struct tg_field {
    h2o_iovec_t name; /* as sent or received; compare without case */
    h2o_iovec_t value;
};

/* What to send. All texts live until the exchange has ended. */
struct tg_call {
    h2o_iovec_t method;
    h2o_iovec_t target; /* '/path?query', put behind the address's base path */
    const struct tg_field
        *fields; /* neither Host, Content-Length, Transfer-Encoding nor hop-by-hop ones */
    size_t field_count;
    bool fields_fit;  /* who made the call has checked each of them: nobody looks at them again */
    h2o_iovec_t host; /* the Host field; empty: the address's authority */
    h2o_iovec_t body;
    bool has_body;               /* then Content-Length is sent, be it 0 */
    uint32_t timeout_ms;         /* 0: as the backend's config says */
    uint32_t connect_timeout_ms; /* 0: as the backend's config says */
    size_t limit;                /* of the body; 0: as the backend's config says */
    h2o_iovec_t upgrade; /* the Upgrade field of a call that may become a tunnel, or empty */
    bool has_retries;    /* then the next one counts, not the backend's config */
    uint32_t retries;    /* how often it may be made again at another address */
};

enum tg_exchange_phase {
    TG_PHASE_OVER,  /* or not begun */
    TG_PHASE_QUEUE, /* it waits for a connection */
    TG_PHASE_CONNECT,
    TG_PHASE_SEND,
    TG_PHASE_HEAD,
    TG_PHASE_BODY,
    TG_PHASE_HELD, /* the owner has a piece of the body: nothing is received meanwhile */
};

enum { TG_EXCHANGE_WINDOW = 64 * 1024 }; /* the most that is received of a streamed body at once */

/* Embedded by its owner and kept in place from start until on_done or cancel.
 * The fields below the line are the result; those of a response are set when error.code is NULL,
 * and stay when the head had been told of before an error. */
struct tg_exchange {
    struct tg_backend *backend;
    const struct tg_call *call;
    void (*on_done)(struct tg_exchange *self);
    void (*on_piece)(
        struct tg_exchange *self); /* of a streamed one; NULL: the body is read whole */
    struct tg_origin_conn *conn;   /* NULL while it connects or resolves, and when it is over */
    /* ---- */
    struct tg_error error; /* refused unreachable dns tls timeout_connect timeout_first_byte
                            * timeout_idle timeout reset protocol body_too_large busy, and request:
                            * the call was not fit to be sent */
    int status;
    struct tg_field *fields; /* in the order they came; Transfer-Encoding and the like are in */
    size_t field_count;
    h2o_iovec_t body; /* streamed: the piece that the owner has */
    uint64_t length;
    struct tg_origin_conn *tunnel; /* after a 101 that was asked for; tg_exchange_take_tunnel */
    uint32_t elapsed_ms;           /* from start to on_done */
    bool reused;                   /* it went over a connection used before */
    bool length_known; /* the body will have `length` bytes, or the one behind a HEAD would */
    /* ---- what only net/exchange.c touches */
    enum tg_exchange_phase phase;
    uint64_t started_ms, deadline_ms; /* loop time */
    uint64_t phase_due_ms;            /* when this phase is too slow */
    struct tg_timer timer;            /* for whichever of the two is first, or earlier than that */
    struct tg_connecting *connecting; /* while a connection is made for it */
    struct tg_choice choice;          /* which of the backend's addresses */
    bool placed;                      /* the choice has an address now */
    bool has_slot;                    /* see net/slots.h */
    h2o_linklist_t link;              /* in the queue for one */
    uint32_t retries;                 /* so far */
    uint64_t placed_ms;               /* when it came to its address */
    bool retried;                     /* it has begun a second time, on a fresh connection */
    bool answered;                    /* a byte of the response has come */
    bool sending;                     /* a part of the request is still to be sent */
    bool broken;                      /* the rest of the request could not be sent */
    bool told;                 /* the owner has the head: the fields stay, even when it fails */
    bool given;                /* the source has handed the first piece over */
    bool paused;               /* the connection, since more came than the owner wanted */
    struct tg_batch_item send; /* while none of the request has been sent */
    size_t head_at, head_len;  /* of the request meanwhile: in the backend's `requests` */
    struct tg_buffer unsent;   /* of the request's head, afterwards */
    size_t body_sent;
    struct tg_framing framing;
    struct tg_recycle *recycle; /* the fields stand in a block of it; NULL: of malloc */
    struct tg_buffer partial;   /* of the response's head, when it comes in pieces */
    struct tg_buffer content;   /* of a body read whole, unless it came with the head */
    char *window;               /* of a streamed body: what is received after the head */
    struct tg_source source;
};

/* Begins it. on_done is called once, perhaps before this returns; then the result is there. */
void tg_exchange_start(struct tg_exchange *exchange, struct tg_backend *backend,
                       const struct tg_call *call, void (*on_done)(struct tg_exchange *self));

/* Begins one whose body is never held whole. on_piece is called when the head is there and then for
 * every piece of the body but the last, each time with the piece in `body` (with the head perhaps
 * an empty one); the owner has it until it calls tg_exchange_next. The last piece (perhaps empty)
 * comes with on_done, or an error: a body cut short is always one. The call's timeout bounds the
 * head; the body may take as long as it wants, as long as something of it comes within the idle
 * timeout, which does not run while the owner has a piece. */
void tg_exchange_stream(struct tg_exchange *exchange, struct tg_backend *backend,
                        const struct tg_call *call, void (*on_piece)(struct tg_exchange *self),
                        void (*on_done)(struct tg_exchange *self));

/* The owner has done with the piece: what follows is received, and told of later. */
void tg_exchange_next(struct tg_exchange *exchange);

/* The owner, who has a piece or the last one, leaves the body to another: a source of this piece
 * and all that follow. From now on neither on_piece nor on_done is called. */
struct tg_source *tg_exchange_source(struct tg_exchange *exchange);

/* The owner, who has a piece, wants the rest whole after all: on_done comes with all of the body
 * from this piece on, within the limit and the timeouts of the call. */
void tg_exchange_read_rest(struct tg_exchange *exchange);

/* Gives the connection of a 101 away, paused; `body` is what already came over it. The slot of the
 * call goes with it: when it has been closed, tg_slots_give_back. */
struct tg_origin_conn *tg_exchange_take_tunnel(struct tg_exchange *exchange);

/* Ends it wherever it is, without calling back; its connection is closed. All zero or over: nothing
 * happens. Of one whose head had been told of the fields stay, and the error is `cancelled`. */
void tg_exchange_cancel(struct tg_exchange *exchange);

/* Frees the result: fields and body end here. After on_done or cancel; a second time is harmless.
 */
void tg_exchange_dispose(struct tg_exchange *exchange);

#endif
