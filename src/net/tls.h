/* TLS to backends: OpenSSL over a socket that h2o only watches. */
#ifndef TG_NET_TLS_H
#define TG_NET_TLS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

/* OpenSSL's SSL and SSL_SESSION. */
struct ssl_st;
struct ssl_session_st;

/* Paths are absolute or relative to the working directory; NULL stands for "not given". */
struct tg_tls_options {
    const char *ca;         /* PEM; NULL: the system's store */
    const char *cert, *key; /* PEM: shown to a backend that asks for a certificate; both or none */
    const char *name;       /* asked for and checked instead of the address's host */
    bool unverified;        /* any certificate will do */
    bool only_1_3;          /* TLS 1.2 is not enough */
};

/* What is wrong with the options. */
struct tg_tls_problem {
    const char *option; /* "ca", "cert" or "key" */
    char text[200];
};

/* How a backend is spoken to: made when the site is read, shared by all threads, never changed. */
struct tg_tls;

/* NULL when a file is unreadable or wrong; then *problem says which. */
struct tg_tls *tg_tls_create(const struct tg_tls_options *options, struct tg_tls_problem *problem);

/* Connections that are still open keep what they need. NULL: nothing happens. */
void tg_tls_destroy(struct tg_tls *tls);

/* Makes the TLS side of a connected socket, whose owner keeps the descriptor. `host` is the
 * address's host, a number or a name. *session is where the address keeps its last session (NULL:
 * none): it is used, and replaced by what the backend sends; it must outlive the connection.
 * NULL when memory is short. */
struct ssl_st *tg_tls_open(const struct tg_tls *tls, int fd, const char *host,
                           struct ssl_session_st **session);

enum tg_tls_step {
    TG_TLS_DONE,
    TG_TLS_AWAIT_BYTES, /* call again when the socket is readable */
    TG_TLS_AWAIT_ROOM,  /* call again when it is writable */
    TG_TLS_FAILED,      /* *why is a constant */
};

/* Takes the handshake as far as it goes. */
enum tg_tls_step tg_tls_shake(struct ssl_st *ssl, const char **why);

/* As tg_origin_send. What it did not take must come again, with nothing changed before its end. */
ssize_t tg_tls_send(struct ssl_st *ssl, const struct iovec *parts, int count);

/* As tg_origin_receive; errno EPROTO stands for an error of TLS, and *why is a constant then.
 * *more says that it must be called again although the socket may not become readable. */
ssize_t tg_tls_receive(struct ssl_st *ssl, const struct iovec *parts, int count, bool *more,
                       const char **why);

/* Takes what concerns TLS alone, such as tickets. False when there is more: data or an end. */
bool tg_tls_is_quiet(struct ssl_st *ssl);

/* Whether bytes were received that nobody has read. */
bool tg_tls_holds_bytes(struct ssl_st *ssl);

/* Says goodbye if the connection still stands, and frees it. The socket is the caller's. */
void tg_tls_close(struct ssl_st *ssl);

/* Frees a kept session; NULL: nothing happens. */
void tg_tls_forget(struct ssl_session_st *session);

#endif
