/* One call of a backend: an HTTP/1.1 request and its response, over a pooled connection. */
#ifndef TG_NET_EXCHANGE_H
#define TG_NET_EXCHANGE_H

#include "base/buffer.h"
#include "net/backend.h"
#include "net/balance.h"
#include "net/connect.h"
#include "net/framing.h"

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
    h2o_iovec_t host; /* the Host field; empty: the address's authority */
    h2o_iovec_t body;
    bool has_body;               /* then Content-Length is sent, be it 0 */
    uint32_t timeout_ms;         /* 0: as the backend's config says */
    uint32_t connect_timeout_ms; /* 0: as the backend's config says */
    size_t limit;                /* of the body; 0: as the backend's config says */
    bool has_retries;            /* then the next one counts, not the backend's config */
    uint32_t retries;            /* how often it may be made again at another address */
};

enum tg_exchange_phase {
    TG_PHASE_OVER,  /* or not begun */
    TG_PHASE_QUEUE, /* it waits for a connection */
    TG_PHASE_CONNECT,
    TG_PHASE_SEND,
    TG_PHASE_HEAD,
    TG_PHASE_BODY,
};

/* Embedded by its owner and kept in place from start until on_done or cancel.
 * The fields below the line are the result; those of a response are set when error.code is NULL. */
struct tg_exchange {
    struct tg_backend *backend;
    const struct tg_call *call;
    void (*on_done)(struct tg_exchange *self);
    struct tg_origin_conn *conn; /* NULL while it connects or resolves, and when it is over */
    /* ---- */
    struct tg_error error; /* refused unreachable dns tls timeout_connect timeout_first_byte
                            * timeout_idle timeout reset protocol body_too_large busy, and request:
                            * the call was not fit to be sent */
    int status;
    struct tg_field *fields; /* in the order they came; Transfer-Encoding and the like are in */
    size_t field_count;
    h2o_iovec_t body;
    uint32_t elapsed_ms; /* from start to on_done */
    bool reused;         /* it went over a connection used before */
    /* ---- what only net/exchange.c touches */
    enum tg_exchange_phase phase;
    uint64_t started_ms, deadline_ms; /* loop time */
    uint64_t phase_due_ms;            /* when this phase is too slow */
    struct tg_timer timer;            /* for whichever of the two is first, or earlier than that */
    struct tg_connect connect;
    struct tg_choice choice; /* which of the backend's addresses */
    bool placed;             /* the choice has an address now */
    bool has_slot;           /* see net/slots.h */
    h2o_linklist_t link;     /* in the queue for one */
    uint32_t retries;        /* so far */
    uint64_t placed_ms;      /* when it came to its address */
    bool retried;            /* it has begun a second time, on a fresh connection */
    bool answered;           /* a byte of the response has come */
    bool sending;            /* a part of the request is still to be sent */
    bool broken;             /* the rest of the request could not be sent */
    struct tg_buffer unsent; /* of the request's head */
    size_t body_sent;
    struct tg_framing framing;
    struct tg_buffer partial; /* of the response's head, when it comes in pieces */
    struct tg_buffer content; /* becomes the body */
};

/* Begins it. on_done is called once, perhaps before this returns; then the result is there. */
void tg_exchange_start(struct tg_exchange *exchange, struct tg_backend *backend,
                       const struct tg_call *call, void (*on_done)(struct tg_exchange *self));

/* Ends it wherever it is, without calling back; its connection is closed. All zero or over: nothing
 * happens. */
void tg_exchange_cancel(struct tg_exchange *exchange);

/* Frees the result: fields and body end here. After on_done or cancel; a second time is harmless.
 */
void tg_exchange_dispose(struct tg_exchange *exchange);

#endif
