#include "net/redis.h"

#include "net/peer.h"
#include "net/redis_server.h"
#include "net/resolver.h"
#include "net/tls.h"

/* --- the address ---------------------------------------------------------------------------- */

static struct tg_redis_config parse(const char *url)
{
    struct tg_redis_config config;
    struct tg_error error = tg_redis_parse(tg_text_of(url), &config);

    if (error.code != NULL)
        fail_msg("%s: %s", url, error.message);
    return config;
}

static void reads_addresses(void **state)
{
    (void)state;
    struct tg_redis_config config = parse("redis://cache.local");

    assert_string_equal(config.address.host, "cache.local");
    assert_int_equal(config.address.port, 6379);
    assert_false(config.address.is_tls);
    assert_int_equal(config.database, 0);
    assert_int_equal(config.timeout_ms, 20);
    assert_string_equal(config.password, "");
    config = parse("rediss://ann:p%40ss:w%2Frd@[::1]:7000/12");
    assert_string_equal(config.address.host, "::1");
    assert_int_equal(config.address.port, 7000);
    assert_true(config.address.is_tls);
    assert_string_equal(config.user, "ann");
    assert_string_equal(config.password, "p@ss:w/rd");
    assert_int_equal(config.database, 12);
    config = parse("redis://:secret@10.0.0.1/");
    assert_string_equal(config.user, "");
    assert_string_equal(config.password, "secret");
    assert_int_equal(config.address.port, 6379);
    config = parse("redis://[::1]");
    assert_int_equal(config.address.port, 6379);
    config = parse("redis+unix:/run/redis.sock:/3");
    assert_true(config.address.is_unix);
    assert_string_equal(config.address.host, "/run/redis.sock");
    assert_int_equal(config.database, 3);
}

static void refuses_addresses(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "cache.local",
        "http://cache.local",
        "redis://",
        "redis://:x@",
        "redis://user@host",
        "redis://user:@host",
        "redis://host:99999",
        "redis://host/x",
        "redis://host/1/2",
        "redis://host/1?x",
        "redis://ho st",
        "redis+unix:",
    };
    struct tg_redis_config config;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct tg_error error = tg_redis_parse(tg_text_of(wrong[i]), &config);
        if (error.code == NULL)
            fail_msg("was taken: %s", wrong[i]);
        assert_string_equal(error.code, "address");
    }
}

/* --- a connection --------------------------------------------------------------------------- */

struct stage {
    struct loop loop;
    struct tg_net net;
    struct tg_redis_config config;
    struct tg_redis_owner owner;
    struct tg_redis *redis;
    bool ready, lost; /* what on_state said last, true once it said so */
    char error[32];
    bool heard;
    char channel[32], message[32];
};

static void on_state(struct tg_redis_owner *owner, bool ready, struct tg_error error)
{
    struct stage *stage = H2O_STRUCT_FROM_MEMBER(struct stage, owner, owner);

    stage->ready = ready;
    stage->lost = !ready;
    snprintf(stage->error, sizeof(stage->error), "%s", error.code != NULL ? error.code : "");
}

static void on_message(struct tg_redis_owner *owner, struct tg_text channel, struct tg_text message)
{
    struct stage *stage = H2O_STRUCT_FROM_MEMBER(struct stage, owner, owner);

    snprintf(stage->channel, sizeof(stage->channel), "%.*s", (int)channel.len, channel.base);
    snprintf(stage->message, sizeof(stage->message), "%.*s", (int)message.len, message.base);
    stage->heard = true;
}

static void stage_init(struct stage *stage, const char *url)
{
    *stage = (struct stage){.owner = {.on_state = on_state, .on_message = on_message}};
    loop_init(&stage->loop);
    stage->net = (struct tg_net){.loop = stage->loop.h2o, .timers = &stage->loop.timers};
    stage->net.resolver = tg_resolver_create(stage->net.loop, stage->net.timers, NULL);
    assert_null(tg_redis_parse(tg_text_of(url), &stage->config).code);
    stage->config.timeout_ms = 5000; /* a test that has one of its own says so */
}

static void stage_open(struct stage *stage)
{
    stage->redis = tg_redis_create(&stage->net, &stage->config, &stage->owner, NULL, 0);
}

static void stage_dispose(struct stage *stage)
{
    tg_redis_destroy(stage->redis);
    tg_resolver_destroy(stage->net.resolver);
    loop_dispose(&stage->loop);
}

struct ask {
    struct tg_redis_command command;
    bool done;
    int type; /* of the reply; 0 with an error */
    char error[32];
    char text[64];
    size_t len;
    long long number;
};

static void on_reply(struct tg_redis_command *command, const redisReply *reply,
                     struct tg_error error)
{
    struct ask *ask = H2O_STRUCT_FROM_MEMBER(struct ask, command, command);

    assert_false(ask->done);
    assert_int_equal(reply == NULL, error.code != NULL);
    ask->done = true;
    ask->type = reply != NULL ? reply->type : 0;
    snprintf(ask->error, sizeof(ask->error), "%s", error.code != NULL ? error.code : "");
    if (reply != NULL && reply->str != NULL) {
        ask->len = reply->len;
        snprintf(ask->text, sizeof(ask->text), "%s", reply->str);
    }
    ask->number = reply != NULL ? reply->integer : 0;
}

/* Sends a command of words between spaces. */
static bool say(struct stage *stage, struct ask *ask, const char *words)
{
    struct tg_text arguments[8];
    size_t count = 0;

    *ask = (struct ask){.done = false};
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        arguments[count++] = tg_text(at, strcspn(at, " "));
        at += strcspn(at, " ");
    }
    return tg_redis_send(stage->redis, &ask->command, arguments, count, on_reply);
}

static void expect(struct stage *stage, const char *words, int type, const char *text)
{
    struct ask ask;

    assert_true(say(stage, &ask, words));
    loop_until(&stage->loop, &ask.done);
    assert_string_equal(ask.error, "");
    assert_int_equal(ask.type, type);
    assert_string_equal(ask.text, text);
}

static void answers_commands(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    expect(&stage, "SET k v", REDIS_REPLY_STATUS, "OK"); /* waits for the connection */
    assert_true(stage.ready && tg_redis_is_ready(stage.redis));
    expect(&stage, "GET k", REDIS_REPLY_STRING, "v");
    expect(&stage, "GET none", REDIS_REPLY_NIL, "");
    expect(&stage, "INCR k", REDIS_REPLY_ERROR, "ERR value is not an integer or out of range");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

enum { MANY = 500 };

static void keeps_many_commands_in_order(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    static struct ask asks[MANY];

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    for (int i = 0; i < MANY; i++)
        assert_true(say(&stage, &asks[i], "INCR n"));
    for (int i = 1; i < MANY; i += 3)
        tg_redis_cancel(&asks[i].command);
    loop_until(&stage.loop, &asks[MANY - 2].done);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(asks[i].done, i % 3 != 1);
        assert_int_equal(asks[i].number, i % 3 != 1 ? i + 1 : 0);
    }
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void carries_any_bytes_and_large_values(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    const size_t size = 3 << 20;
    char *value = malloc(size);
    struct ask ask = {.done = false};

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    for (size_t i = 0; i < size; i++)
        value[i] = (char)(i * 7 % 256);
    const struct tg_text set[] = {TG_TEXT("SET"), TG_TEXT("a\0b"), {value, size}};
    assert_true(tg_redis_send(stage.redis, &ask.command, set, 3, on_reply));
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.text, "OK");
    const struct tg_text get[] = {TG_TEXT("GET"), TG_TEXT("a\0b")};
    ask = (struct ask){.done = false};
    assert_true(tg_redis_send(stage.redis, &ask.command, get, 2, on_reply));
    loop_until(&stage.loop, &ask.done);
    assert_int_equal(ask.len, size);
    stage.config.limit = 1 << 20;
    ask = (struct ask){.done = false};
    assert_true(tg_redis_send(stage.redis, &ask.command, get, 2, on_reply));
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.error, "protocol");
    free(value);
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void refuses_more_than_may_wait(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    struct ask asks[4];

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage.config.pending = 3;
    stage_open(&stage);
    for (int i = 0; i < 3; i++)
        assert_true(say(&stage, &asks[i], "PING"));
    assert_false(say(&stage, &asks[3], "PING"));
    loop_until(&stage.loop, &asks[2].done);
    assert_true(say(&stage, &asks[3], "PING"));
    loop_until(&stage.loop, &asks[3].done);
    assert_string_equal(asks[3].text, "PONG");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void signs_in_and_chooses_a_database(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    char url[256];

    redis_server_init(&server);
    static const char *const arguments[] = {"--requirepass", "s3cret", "--user", "ann", "on",
                                            ">pass",         "~*",     "+@all"};
    for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++)
        redis_server_argue(&server, arguments[i]);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    strcpy(stage.config.password, "s3cret");
    stage.config.database = 2;
    stage_open(&stage);
    expect(&stage, "SET k two", REDIS_REPLY_STATUS, "OK");
    stage_dispose(&stage);

    snprintf(url, sizeof(url), "%s:/2", server.url);
    stage_init(&stage, url);
    strcpy(stage.config.user, "ann");
    strcpy(stage.config.password, "pass");
    stage_open(&stage);
    expect(&stage, "GET k", REDIS_REPLY_STRING, "two");
    expect(&stage, "SELECT 0", REDIS_REPLY_STATUS, "OK");
    expect(&stage, "GET k", REDIS_REPLY_NIL, "");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void expect_refused(const char *url, const char *user, const char *password)
{
    struct stage stage;
    struct ask ask;

    stage_init(&stage, url);
    strcpy(stage.config.user, user);
    strcpy(stage.config.password, password);
    stage_open(&stage);
    assert_true(say(&stage, &ask, "GET k"));
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.error, "auth");
    assert_string_equal(stage.error, "auth");
    assert_false(say(&stage, &ask, "GET k"));
    stage_dispose(&stage);
}

static void says_when_it_may_not_sign_in(void **state)
{
    (void)state;
    struct redis_server server;

    redis_server_init(&server);
    redis_server_argue(&server, "--requirepass");
    redis_server_argue(&server, "s3cret");
    redis_server_start(&server);
    expect_refused(server.url, "", "");
    expect_refused(server.url, "", "wrong");
    expect_refused(server.url, "nobody", "s3cret");
    redis_server_dispose(&server);
}

/* A port of 127.0.0.1 that is free now. */
static int free_port(void)
{
    int listener = peer_listen_v4(), port = peer_port(listener);

    close(listener);
    return port;
}

static void make_certificate(const struct redis_server *server)
{
    char command[512];

    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=redis -addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem "
             "-out %s/cert.pem 2>/dev/null",
             server->dir, server->dir);
    assert_int_equal(system(command), 0);
}

/* Calls it with a certificate file that it can trust, or with the system's alone. */
static void ask_over_tls(int port, const char *ca, const char *error)
{
    struct stage stage;
    struct ask ask;
    struct tg_tls_problem problem;
    struct tg_tls *tls = tg_tls_create(&(struct tg_tls_options){.ca = ca}, &problem);
    char url[64];

    assert_non_null(tls);
    snprintf(url, sizeof(url), "rediss://127.0.0.1:%d", port);
    stage_init(&stage, url);
    stage.config.backend.tls = tls;
    stage_open(&stage);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(&stage, &ask, "PING"), i == 0 || *error == '\0');
        if (i != 0 && *error != '\0')
            break;
        loop_until(&stage.loop, &ask.done);
        assert_string_equal(ask.error, error);
        assert_string_equal(ask.text, *error == '\0' ? "PONG" : "");
    }
    stage_dispose(&stage);
    tg_tls_destroy(tls);
}

static void speaks_tls(void **state)
{
    (void)state;
    struct redis_server server;
    char text[128], cert[128], key[128];
    int port = free_port();

    redis_server_init(&server);
    make_certificate(&server);
    snprintf(cert, sizeof(cert), "%s/cert.pem", server.dir);
    snprintf(key, sizeof(key), "%s/key.pem", server.dir);
    snprintf(text, sizeof(text), "%d", port);
    const char *const arguments[] = {"--tls-port",         text, "--tls-cert-file",    cert,
                                     "--tls-key-file",     key,  "--tls-auth-clients", "no",
                                     "--tls-ca-cert-file", cert};
    for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++)
        redis_server_argue(&server, arguments[i]);
    redis_server_start(&server);
    ask_over_tls(port, cert, "");
    ask_over_tls(port, NULL, "tls");
    unlink(cert);
    unlink(key);
    redis_server_dispose(&server);
}

/* --- when it is slow or gone ---------------------------------------------------------------- */

static void costs_one_timeout_when_it_is_stopped(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    struct ask ask, late;

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    expect(&stage, "SET k v", REDIS_REPLY_STATUS, "OK");
    redis_server_pause(&server);
    stage.config.timeout_ms = 20;
    uint64_t begun_ms = tg_timers_now(&stage.loop.timers);
    assert_true(say(&stage, &late, "GET k"));
    loop_until(&stage.loop, &late.done);
    assert_string_equal(late.error, "timeout");
    assert_true(tg_timers_now(&stage.loop.timers) - begun_ms >= 20);
    assert_false(say(&stage, &ask, "GET k")); /* at once */
    assert_false(tg_redis_is_ready(stage.redis));

    redis_server_continue(&server);
    stage.config.timeout_ms = 5000;
    begun_ms = tg_timers_now(&stage.loop.timers);
    while (!say(&stage, &ask, "GET k")) { /* until the reply that is owed has come */
        loop_turn(&stage.loop);
        assert_true(tg_timers_now(&stage.loop.timers) - begun_ms < 10000);
    }
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.text, "v");
    assert_string_equal(late.text, ""); /* its reply was passed over */
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void connects_anew_when_replies_stay_owed(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    struct ask ask, other;

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    expect(&stage, "SET k v", REDIS_REPLY_STATUS, "OK");
    redis_server_pause(&server);
    assert_true(say(&stage, &other, "GET k"));
    stage.config.timeout_ms = 20;
    assert_true(say(&stage, &ask, "GET k"));
    loop_until(&stage.loop, &stage.lost);
    assert_string_equal(stage.error, "timeout");
    assert_string_equal(ask.error, "timeout");
    assert_string_equal(other.error, "timeout"); /* it had more time, but not on that connection */
    redis_server_continue(&server);
    loop_until(&stage.loop, &stage.ready);
    stage.config.timeout_ms = 5000;
    expect(&stage, "GET k", REDIS_REPLY_STRING, "v");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void connects_anew_when_it_was_killed(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    struct ask asks[2];

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    expect(&stage, "SET k v", REDIS_REPLY_STATUS, "OK");
    redis_server_pause(&server);
    assert_true(say(&stage, &asks[0], "GET k"));
    assert_true(say(&stage, &asks[1], "GET k"));
    redis_server_kill(&server);
    loop_until(&stage.loop, &asks[1].done);
    assert_string_equal(asks[0].error, "reset");
    assert_string_equal(asks[1].error, "reset");
    assert_true(stage.lost);
    assert_false(say(&stage, &asks[0], "GET k"));
    stage.ready = false;
    redis_server_start(&server);
    loop_until(&stage.loop, &stage.ready);
    expect(&stage, "GET k", REDIS_REPLY_NIL, "");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

static void waits_for_a_redis_that_starts_later(void **state)
{
    (void)state;
    struct redis_server server;
    struct stage stage;
    struct ask ask;

    redis_server_init(&server);
    stage_init(&stage, server.url);
    stage_open(&stage);
    assert_true(say(&stage, &ask, "PING"));
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.error, "refused");
    assert_true(stage.lost);
    redis_server_start(&server);
    loop_until(&stage.loop, &stage.ready);
    expect(&stage, "PING", REDIS_REPLY_STATUS, "PONG");
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

/* Nobody waits in vain again and again. */
static void refuses_commands_while_it_connects_anew(void **state)
{
    (void)state;
    static const char *const script[] = {RESET, "+OK\r\n", STAY, NULL};
    struct peer peer;
    struct stage stage;
    struct ask ask;
    char url[300];

    peer_start(&peer, script);
    snprintf(url, sizeof(url), "redis%s", peer.address + 4);
    stage_init(&stage, url);
    stage_open(&stage);
    loop_until(&stage.loop, &stage.lost);
    for (int turns = 0; !stage.ready && turns < 1000; turns++) {
        assert_false(say(&stage, &ask, "PING"));
        loop_turn(&stage.loop);
    }
    assert_true(stage.ready);
    assert_true(say(&stage, &ask, "PING"));
    tg_redis_cancel(&ask.command);
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

static void ends_while_it_connects(void **state)
{
    (void)state;
    struct stage stage;
    struct ask ask;

    stage_init(&stage, "redis://127.0.0.1:1");
    stage_open(&stage);
    assert_true(say(&stage, &ask, "PING"));
    tg_redis_cancel(&ask.command);
    stage_dispose(&stage);
    assert_false(ask.done);
}

/* --- messages ------------------------------------------------------------------------------- */

static void hears_messages_also_after_a_restart(void **state)
{
    (void)state;
    static const char *const channels[] = {"purge", "tags"};
    struct redis_server server;
    struct stage listener, speaker;

    redis_server_init(&server);
    redis_server_start(&server);
    for (int round = 0; round < 2; round++) {
        if (round == 0) {
            stage_init(&listener, server.url);
            listener.redis =
                tg_redis_create(&listener.net, &listener.config, &listener.owner, channels, 2);
        } else {
            redis_server_kill(&server);
            loop_until(&listener.loop, &listener.lost);
            redis_server_start(&server);
        }
        loop_until(&listener.loop, &listener.ready);
        stage_init(&speaker, server.url);
        stage_open(&speaker);
        expect(&speaker, "PUBLISH tags customer:7", REDIS_REPLY_INTEGER, "");
        expect(&speaker, "PUBLISH other x", REDIS_REPLY_INTEGER, "");
        listener.heard = false;
        loop_until(&listener.loop, &listener.heard);
        assert_string_equal(listener.channel, "tags");
        assert_string_equal(listener.message, "customer:7");
        stage_dispose(&speaker);
    }
    stage_dispose(&listener);
    redis_server_dispose(&server);
}

static void a_subscriber_notices_that_redis_is_stopped(void **state)
{
    (void)state;
    static const char *const channels[] = {"purge"};
    struct redis_server server;
    struct stage stage;

    redis_server_init(&server);
    redis_server_start(&server);
    stage_init(&stage, server.url);
    stage.redis = tg_redis_create(&stage.net, &stage.config, &stage.owner, channels, 1);
    loop_until(&stage.loop, &stage.ready);
    uint64_t begun_ms = tg_timers_now(&stage.loop.timers);
    while (tg_timers_now(&stage.loop.timers) - begun_ms < 2 * TG_REDIS_BEAT_MS + 100)
        loop_turn(&stage.loop);
    assert_false(stage.lost); /* it answers beats */
    redis_server_pause(&server);
    loop_until(&stage.loop, &stage.lost);
    assert_string_equal(stage.error, "timeout");
    redis_server_continue(&server);
    loop_until(&stage.loop, &stage.ready);
    stage_dispose(&stage);
    redis_server_dispose(&server);
}

/* --- peers that are none -------------------------------------------------------------------- */

static void expect_protocol_error(const char *const *script, const char *code)
{
    struct peer peer;
    struct stage stage;
    struct ask ask;
    char url[300];

    peer_start(&peer, script);
    snprintf(url, sizeof(url), "redis%s", peer.address + 4);
    stage_init(&stage, url);
    stage_open(&stage);
    assert_true(say(&stage, &ask, "GET k"));
    loop_until(&stage.loop, &ask.done);
    assert_string_equal(ask.error, code);
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

static void leaves_peers_that_speak_another_language(void **state)
{
    (void)state;
    static const char *const greeting[] = {SOME, "HTTP/1.1 400 Bad Request\r\n\r\n", NULL};
    static const char *const later[] = {SOME, "+PONG\r\n", SOME, "!\r\n", STAY, NULL};
    static const char *const huge[] = {SOME, "+PONG\r\n", SOME, "*2147483647\r\n", STAY, NULL};
    static const char *const many[] = {SOME, "+PONG\r\n", SOME, "*65537\r\n", STAY, NULL};
    static const char *const cut[] = {SOME, "+PONG\r\n", SOME, "$5\r\nab", NULL};

    expect_protocol_error(greeting, "protocol");
    expect_protocol_error(later, "protocol");
    expect_protocol_error(huge, "protocol");
    expect_protocol_error(many, "protocol");
    expect_protocol_error(cut, "reset");
}

static void leaves_a_peer_that_answers_what_nobody_asked(void **state)
{
    (void)state;
    static const char *const unasked[] = {SOME, "+PONG\r\n+OK\r\n", STAY, NULL};
    struct peer peer;
    struct stage stage;
    char url[300];

    peer_start(&peer, unasked);
    snprintf(url, sizeof(url), "redis%s", peer.address + 4);
    stage_init(&stage, url);
    stage_open(&stage);
    loop_until(&stage.loop, &stage.lost);
    assert_string_equal(stage.error, "protocol");
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

static void gives_up_a_peer_that_never_greets(void **state)
{
    (void)state;
    static const char *const silent[] = {SOME, STAY, NULL};
    struct peer peer;
    struct stage stage;
    char url[300];

    peer_start(&peer, silent);
    snprintf(url, sizeof(url), "redis%s", peer.address + 4);
    stage_init(&stage, url);
    stage.config.connect_timeout_ms = 50;
    stage_open(&stage);
    loop_until(&stage.loop, &stage.lost);
    assert_string_equal(stage.error, "timeout_connect");
    stage_dispose(&stage);
    peer_end(&peer);
    peer_dispose(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(refuses_addresses),
        cmocka_unit_test(answers_commands),
        cmocka_unit_test(keeps_many_commands_in_order),
        cmocka_unit_test(carries_any_bytes_and_large_values),
        cmocka_unit_test(refuses_more_than_may_wait),
        cmocka_unit_test(signs_in_and_chooses_a_database),
        cmocka_unit_test(says_when_it_may_not_sign_in),
        cmocka_unit_test(speaks_tls),
        cmocka_unit_test(costs_one_timeout_when_it_is_stopped),
        cmocka_unit_test(connects_anew_when_replies_stay_owed),
        cmocka_unit_test(connects_anew_when_it_was_killed),
        cmocka_unit_test(waits_for_a_redis_that_starts_later),
        cmocka_unit_test(refuses_commands_while_it_connects_anew),
        cmocka_unit_test(ends_while_it_connects),
        cmocka_unit_test(hears_messages_also_after_a_restart),
        cmocka_unit_test(a_subscriber_notices_that_redis_is_stopped),
        cmocka_unit_test(leaves_peers_that_speak_another_language),
        cmocka_unit_test(leaves_a_peer_that_answers_what_nobody_asked),
        cmocka_unit_test(gives_up_a_peer_that_never_greets),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
