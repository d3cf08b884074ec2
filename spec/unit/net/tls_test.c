#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "net/peer.h"
#include "net/stage.h"

/* A key with a certificate of its own for 127.0.0.1, the latter in a file too. */
struct identity {
    EVP_PKEY *key;
    X509 *cert;
    char path[64];
};

static void make_identity(struct identity *identity)
{
    X509 *cert = X509_new();
    ASN1_OCTET_STRING *ip = ASN1_OCTET_STRING_new();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();

    identity->key = EVP_EC_gen("P-256");
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, identity->key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"peer", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    ASN1_OCTET_STRING_set(ip, (const unsigned char *)"\x7f\0\0\x01", 4);
    GENERAL_NAME_set0_value(name, GEN_IPADD, ip);
    sk_GENERAL_NAME_push(names, name);
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(cert, identity->key, EVP_sha256());
    identity->cert = cert;

    snprintf(identity->path, sizeof(identity->path), "/tmp/tidegate-tls-%d.pem", getpid());
    FILE *file = fopen(identity->path, "w");
    assert_non_null(file);
    PEM_write_X509(file, cert);
    fclose(file);
}

/* A TLS peer: its play runs in a thread of its own, on one connection. */
struct tls_peer {
    struct identity identity;
    SSL_CTX *ctx;
    SSL *ssl;
    int listener, fd;
    sem_t go, ready;
    pthread_t thread;
    void (*play)(struct tls_peer *peer);
    char address[64];
};

static void *run_play(void *arg)
{
    struct tls_peer *peer = arg;

    peer->fd = accept(peer->listener, NULL, NULL);
    peer->ssl = SSL_new(peer->ctx);
    SSL_set_fd(peer->ssl, peer->fd);
    if (SSL_accept(peer->ssl) == 1)
        peer->play(peer);
    SSL_free(peer->ssl);
    close(peer->fd);
    return NULL;
}

static void hear(struct tls_peer *peer)
{
    char bytes[65536];
    size_t got = 0;
    int n;

    while ((n = SSL_read(peer->ssl, bytes + got, (int)(sizeof(bytes) - got - 1))) > 0) {
        got += (size_t)n;
        bytes[got] = '\0';
        if (strstr(bytes, "\r\n\r\n") != NULL)
            return;
    }
}

static void say(struct tls_peer *peer, const char *text)
{
    SSL_write(peer->ssl, text, (int)strlen(text));
}

static void set_up(struct stage *stage, struct tls_peer *peer, void (*play)(struct tls_peer *peer))
{
    struct tg_tls_problem problem;

    *peer = (struct tls_peer){.play = play, .listener = peer_listen_v4()};
    make_identity(&peer->identity);
    peer->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(peer->ctx, peer->identity.cert);
    SSL_CTX_use_PrivateKey(peer->ctx, peer->identity.key);
    sem_init(&peer->go, 0, 0);
    sem_init(&peer->ready, 0, 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, run_play, peer), 0);
    snprintf(peer->address, sizeof(peer->address), "https://127.0.0.1:%d",
             peer_port(peer->listener));
    stage_init(stage, (const char *const[]){peer->address}, 1);
    struct tg_tls_options options = {.ca = peer->identity.path};
    stage->config.tls = tg_tls_create(&options, &problem);
    assert_non_null(stage->config.tls);
}

static void tear_down(struct stage *stage, struct tls_peer *peer)
{
    stage_dispose(stage);
    tg_tls_destroy(stage->config.tls);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    SSL_CTX_free(peer->ctx);
    X509_free(peer->identity.cert);
    EVP_PKEY_free(peer->identity.key);
    unlink(peer->identity.path);
    sem_destroy(&peer->go);
    sem_destroy(&peer->ready);
}

static void expect_ok(struct stage *stage, const char *body, bool reused)
{
    struct call call = make_call("GET", "/");

    run_call(stage, &call);
    assert_got(&call, 200, body);
    assert_int_equal(call.exchange.reused, reused);
    tg_exchange_dispose(&call.exchange);
}

/* Turns the loop until the peer has done what it does, and once more to hear of it. */
static void await_peer(struct stage *stage, struct tls_peer *peer)
{
    sem_post(&peer->go);
    sem_wait(&peer->ready);
    for (int i = 0; i < 5; i++)
        h2o_evloop_run(stage->loop.h2o, 20);
}

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void plays_tickets(struct tls_peer *peer)
{
    hear(peer);
    say(peer, OK_RESPONSE);
    sem_wait(&peer->go);
    SSL_new_session_ticket(peer->ssl);
    SSL_do_handshake(peer->ssl);
    SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(peer->ssl);
    sem_post(&peer->ready);
    hear(peer);
    say(peer, OK_RESPONSE);
    hear(peer);
}

static void tickets_don_t_end_an_unused_connection(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;

    set_up(&stage, &peer, plays_tickets);
    expect_ok(&stage, "ok", false);
    assert_int_equal(unused_conns(&stage), 1);
    assert_non_null(stage.backend->origins[0].session);
    struct ssl_session_st *before = stage.backend->origins[0].session;
    await_peer(&stage, &peer);
    assert_int_equal(unused_conns(&stage), 1);
    assert_ptr_not_equal(stage.backend->origins[0].session, before);
    expect_ok(&stage, "ok", true);
    tear_down(&stage, &peer);
}

static void plays_poison(struct tls_peer *peer)
{
    hear(peer);
    say(peer, OK_RESPONSE);
    sem_wait(&peer->go);
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    sem_post(&peer->ready);
}

static void data_ends_an_unused_connection(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;

    set_up(&stage, &peer, plays_poison);
    expect_ok(&stage, "ok", false);
    await_peer(&stage, &peer);
    assert_int_equal(unused_conns(&stage), 0);
    tear_down(&stage, &peer);
}

static void plays_goodbye(struct tls_peer *peer)
{
    hear(peer);
    say(peer, "HTTP/1.1 200 OK\r\n\r\nall of it");
    SSL_shutdown(peer->ssl); /* the socket stays open: only TLS knows of the end */
    sem_wait(&peer->go);
}

/* The end comes in one piece with the data, and nothing follows in the socket. */
static void hears_an_end_behind_data(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;

    set_up(&stage, &peer, plays_goodbye);
    expect_ok(&stage, "all of it", false);
    sem_post(&peer.go);
    tear_down(&stage, &peer);
}

static void plays_cut(struct tls_peer *peer)
{
    hear(peer);
    say(peer, "HTTP/1.1 200 OK\r\n\r\nhalf of it");
}

static void an_end_without_goodbye_is_none(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, plays_cut);
    run_call(&stage, &call);
    assert_failed(&call, "protocol");
    assert_string_equal(call.exchange.error.message, "body cut short: the connection was reset");
    tear_down(&stage, &peer);
}

static void plays_nonsense(struct tls_peer *peer)
{
    hear(peer);
    assert_int_equal(send(peer->fd, "\x17\x03\x03\x00\x10nonsensenonsense", 21, MSG_NOSIGNAL), 21);
}

static void tells_of_a_broken_record(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;
    struct call call = make_call("GET", "/");

    set_up(&stage, &peer, plays_nonsense);
    run_call(&stage, &call);
    assert_failed(&call, "tls");
    tear_down(&stage, &peer);
}

enum { MUCH = 6 * 1024 * 1024 };

static void plays_much(struct tls_peer *peer)
{
    static char bytes[65536];
    size_t got = 0;
    int n;

    sem_wait(&peer->go);
    while (got < MUCH && (n = SSL_read(peer->ssl, bytes, sizeof(bytes))) > 0)
        got += (size_t)n;
    say(peer, OK_RESPONSE);
    hear(peer);
}

/* The peer does not read until the client's socket is full, in the middle of a record. */
static void sends_much_to_a_slow_reader(void **state)
{
    (void)state;
    struct stage stage;
    struct tls_peer peer;
    struct call call = make_call("POST", "/");
    char *body = malloc(MUCH);

    memset(body, 'x', MUCH);
    call.call.has_body = true;
    call.call.body = h2o_iovec_init(body, MUCH);
    set_up(&stage, &peer, plays_much);
    start_call(&stage, &call);
    while (call.exchange.phase != TG_PHASE_SEND)
        loop_turn(&stage.loop);
    for (int i = 0; i < 5; i++)
        h2o_evloop_run(stage.loop.h2o, 10);
    assert_int_equal(call.exchange.phase, TG_PHASE_SEND);
    sem_post(&peer.go);
    loop_until(&stage.loop, &call.done);
    assert_got(&call, 200, "ok");
    tg_exchange_dispose(&call.exchange);
    free(body);
    tear_down(&stage, &peer);
}

static void plays_nothing(struct tls_peer *peer)
{
    hear(peer);
}

static void can_be_cancelled_anywhere(void **state)
{
    (void)state;

    for (int turns = 0; turns < 8; turns++) {
        struct stage stage;
        struct tls_peer peer;
        struct call call = make_call("GET", "/");
        set_up(&stage, &peer, plays_nothing);
        start_call(&stage, &call);
        for (int i = 0; i < turns; i++)
            h2o_evloop_run(stage.loop.h2o, 5);
        tg_exchange_cancel(&call.exchange);
        h2o_evloop_run(stage.loop.h2o, 0);
        tear_down(&stage, &peer);
    }
}

static void tells_which_file_is_wrong(void **state)
{
    (void)state;
    struct tg_tls_problem problem;
    struct tg_tls_options ca = {.ca = "/nowhere/ca.pem"};
    struct tg_tls_options cert = {.cert = "/dev/null", .key = "/dev/null"};

    assert_null(tg_tls_create(&ca, &problem));
    assert_string_equal(problem.option, "ca");
    assert_string_equal(problem.text, "ca: '/nowhere/ca.pem': it can't be read");
    assert_null(tg_tls_create(&cert, &problem));
    assert_string_equal(problem.option, "cert");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_don_t_end_an_unused_connection),
        cmocka_unit_test(data_ends_an_unused_connection),
        cmocka_unit_test(hears_an_end_behind_data),
        cmocka_unit_test(an_end_without_goodbye_is_none),
        cmocka_unit_test(tells_of_a_broken_record),
        cmocka_unit_test(sends_much_to_a_slow_reader),
        cmocka_unit_test(can_be_cancelled_anywhere),
        cmocka_unit_test(tells_which_file_is_wrong),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
