#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <h2o/memory.h>
#include <h2o/string_.h>

enum { RECORD = 16384 }; /* the most bytes of a TLS record */

struct tg_tls {
    SSL_CTX *ctx;
    char *name; /* or NULL */
    bool unverified;
};

/* ---- the context */

static bool wrong(struct tg_tls_problem *problem, const char *option, const char *path)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        reason = "it can't be read";
    else
        fclose(file);
    problem->option = option;
    snprintf(problem->text, sizeof(problem->text), "%s: '%.120s': %s", option, path,
             reason != NULL ? reason : "it is of no use");
    return false;
}

static bool load_ca(SSL_CTX *ctx, const char *path, struct tg_tls_problem *problem)
{
    if (path == NULL)
        return SSL_CTX_set_default_verify_paths(ctx) == 1;
    return SSL_CTX_load_verify_file(ctx, path) == 1 || wrong(problem, "ca", path);
}

/* A key that needs a passphrase is refused: nobody could type it. */
static int no_passphrase(char *to, int size, int writing, void *unused)
{
    (void)to, (void)size, (void)writing, (void)unused;
    return -1;
}

static bool load_certificate(SSL_CTX *ctx, const struct tg_tls_options *options,
                             struct tg_tls_problem *problem)
{
    if (options->cert == NULL || options->key == NULL)
        return true;
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, options->cert) != 1)
        return wrong(problem, "cert", options->cert);
    return SSL_CTX_use_PrivateKey_file(ctx, options->key, SSL_FILETYPE_PEM) == 1 ||
           wrong(problem, "key", options->key);
}

/* A backend may send several sessions, at any time; the last one is the one to use. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_get_app_data(ssl);

    SSL_SESSION_free(*kept);
    *kept = session;
    return 1; /* the reference is ours now */
}

static void configure(SSL_CTX *ctx, const struct tg_tls_options *options)
{
    static const unsigned char http_1_1[] = "\x08http/1.1";

    SSL_CTX_set_min_proto_version(ctx, options->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_verify(ctx, options->unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_alpn_protos(ctx, http_1_1, sizeof(http_1_1) - 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
}

struct tg_tls *tg_tls_create(const struct tg_tls_options *options, struct tg_tls_problem *problem)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    *problem = (struct tg_tls_problem){"ca", "OpenSSL does not begin"};
    if (ctx == NULL)
        return NULL;
    ERR_clear_error();
    configure(ctx, options);
    if (!load_ca(ctx, options->ca, problem) || !load_certificate(ctx, options, problem)) {
        ERR_clear_error();
        SSL_CTX_free(ctx);
        return NULL;
    }
    struct tg_tls *tls = h2o_mem_alloc(sizeof(*tls));
    *tls = (struct tg_tls){.ctx = ctx, .unverified = options->unverified};
    if (options->name != NULL)
        tls->name = h2o_strdup(NULL, options->name, SIZE_MAX).base;
    return tls;
}

void tg_tls_destroy(struct tg_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls->name);
    free(tls);
}

/* ---- a connection */

static bool is_number(const char *name)
{
    struct in6_addr ip;

    return inet_pton(AF_INET, name, &ip) == 1 || inet_pton(AF_INET6, name, &ip) == 1;
}

/* A number is never asked for (RFC 6066, 3), but it is checked. */
static bool set_name(SSL *ssl, const char *name)
{
    if (is_number(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

struct ssl_st *tg_tls_open(const struct tg_tls *tls, int fd, const char *host,
                           struct ssl_session_st **session)
{
    SSL *ssl = SSL_new(tls->ctx);

    if (ssl == NULL)
        return NULL;
    if (!set_name(ssl, tls->name != NULL ? tls->name : host) || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    SSL_set_app_data(ssl, session);
    if (*session != NULL && SSL_SESSION_is_resumable(*session))
        SSL_set_session(ssl, *session);
    return ssl;
}

static const char *verify_failed(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "the backend's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the backend's certificate is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return "the backend's certificate is for another name (hostname mismatch)";
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the backend's certificate is for another address (IP address mismatch)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "the backend's certificate is self-signed and not known";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "the backend's certificate is of a CA that is not known (self-signed certificate "
               "in certificate chain)";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "the backend's certificate is of a CA that is not known (unable to get local "
               "issuer certificate)";
    default:
        return X509_verify_cert_error_string(result); /* of its own constants */
    }
}

/* The reasons of OpenSSL are constants too. */
static const char *tls_failed(SSL *ssl)
{
    unsigned long error = ERR_peek_error();

    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return error != 0 ? "OpenSSL failed" : "the connection broke during the TLS handshake";
    switch (ERR_GET_REASON(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return verify_failed(SSL_get_verify_result(ssl));
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "the backend closed the connection during the TLS handshake";
    case SSL_R_WRONG_VERSION_NUMBER:
        return "the backend does not answer with TLS (wrong version number)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "the backend has no TLS version that is allowed (protocol version)";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "the backend requires a client certificate (alert certificate required)";
    default: {
        const char *reason = ERR_reason_error_string(error);
        return reason != NULL ? reason : "an error of TLS";
    }
    }
}

enum tg_tls_step tg_tls_shake(struct ssl_st *ssl, const char **why)
{
    ERR_clear_error();
    int result = SSL_do_handshake(ssl);

    if (result == 1)
        return TG_TLS_DONE;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TG_TLS_AWAIT_BYTES;
    case SSL_ERROR_WANT_WRITE:
        return TG_TLS_AWAIT_ROOM;
    default:
        *why = tls_failed(ssl);
        ERR_clear_error();
        return TG_TLS_FAILED;
    }
}

/* ---- bytes */

/* The bytes from `at` on as one run: those of a part, or of several copied to `record`, so that a
 * head and a short body make one record. */
static struct iovec gather(const struct iovec *parts, int count, size_t at, char *record)
{
    struct iovec run = {record, 0};

    while (count != 0 && at >= parts->iov_len) {
        at -= parts->iov_len;
        parts++;
        count--;
    }
    if (count != 0 && (count == 1 || parts->iov_len - at >= RECORD))
        return (struct iovec){(char *)parts->iov_base + at, parts->iov_len - at};
    for (; count != 0 && run.iov_len < RECORD; at = 0, parts++, count--) {
        size_t n = parts->iov_len - at, room = RECORD - run.iov_len;
        n = n < room ? n : room;
        if (n != 0)
            memcpy(record + run.iov_len, (char *)parts->iov_base + at, n);
        run.iov_len += n;
    }
    return run;
}

/* What OpenSSL has not sent of a record it wants to see again, and at least as long: that holds,
 * for what the caller has not sent begins with the same bytes. */
ssize_t tg_tls_send(struct ssl_st *ssl, const struct iovec *parts, int count)
{
    char record[RECORD];
    size_t sent = 0;

    for (;;) {
        struct iovec run = gather(parts, count, sent, record);
        size_t n = 0;
        if (run.iov_len == 0)
            return (ssize_t)sent;
        ERR_clear_error();
        if (SSL_write_ex(ssl, run.iov_base, run.iov_len, &n) == 1) {
            sent += n;
            continue;
        }
        int error = SSL_get_error(ssl, 0);
        ERR_clear_error(); /* the queue is the thread's: others would find it */
        if (sent != 0 || error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ)
            return (ssize_t)sent; /* an error that lasts comes again */
        errno = ECONNRESET;
        return -1;
    }
}

/* An end without close_notify may be somebody cutting the connection: it is no orderly end. */
static ssize_t receive_failed(SSL *ssl, int error, const char **why)
{
    unsigned long reason = ERR_peek_error();

    errno = ECONNRESET;
    switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SSL:
        if (ERR_GET_REASON(reason) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            *why = tls_failed(ssl);
            errno = EPROTO;
        }
        break;
    default:
        break;
    }
    int code = errno;
    ERR_clear_error();
    errno = code;
    return -1;
}

static bool fill(SSL *ssl, struct iovec part, size_t *got)
{
    for (size_t at = 0; at < part.iov_len;) {
        size_t n = 0;
        ERR_clear_error();
        if (SSL_read_ex(ssl, (char *)part.iov_base + at, part.iov_len - at, &n) != 1)
            return false;
        at += n;
        *got += n;
    }
    return true;
}

ssize_t tg_tls_receive(struct ssl_st *ssl, const struct iovec *parts, int count, bool *more,
                       const char **why)
{
    size_t got = 0;

    for (int i = 0; i < count; i++) {
        if (fill(ssl, parts[i], &got))
            continue;
        int error = SSL_get_error(ssl, 0);
        *more = error == SSL_ERROR_WANT_WRITE || (got != 0 && error != SSL_ERROR_WANT_READ);
        if (got == 0)
            return receive_failed(ssl, error, why);
        ERR_clear_error();
        return (ssize_t)got;
    }
    *more = SSL_has_pending(ssl) == 1;
    return (ssize_t)got;
}

bool tg_tls_is_quiet(struct ssl_st *ssl)
{
    char byte;
    size_t n;

    ERR_clear_error();
    if (SSL_peek_ex(ssl, &byte, 1, &n) == 1)
        return false;
    bool quiet = SSL_get_error(ssl, 0) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return quiet;
}

bool tg_tls_holds_bytes(struct ssl_st *ssl)
{
    return SSL_has_pending(ssl) == 1;
}

/* Without a goodbye OpenSSL would make the session useless. */
void tg_tls_close(struct ssl_st *ssl)
{
    ERR_clear_error();
    if (SSL_is_init_finished(ssl) && SSL_shutdown(ssl) < 0)
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN);
    ERR_clear_error();
    SSL_free(ssl);
}

void tg_tls_forget(struct ssl_session_st *session)
{
    SSL_SESSION_free(session);
}
