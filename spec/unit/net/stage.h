/* For the tests of net/: a backend as a thread sees it, over a loop, and calls of it. */
#include "net/loop.h"

#include "net/exchange.h"
#include "net/inside.h"
#include "net/resolver.h"

#define IOVEC(literal)                                                                             \
    {                                                                                              \
        (char *)("" literal), sizeof(literal) - 1                                                  \
    }

struct stage {
    struct loop loop;
    h2o_timeout_t soon;
    struct tg_batch batch;
    struct tg_net net;
    struct tg_address addresses[4];
    struct tg_backend_config config;
    struct tg_backend *backend;
};

/* Builds a backend of one address or more; times are long, so that only a test's own run out. */
static inline void stage_init_with(struct stage *stage, const char *const *addresses, size_t count,
                                   const struct tg_resolver_options *options)
{
    *stage = (struct stage){0};
    loop_init(&stage->loop);
    h2o_timeout_init(stage->loop.h2o, &stage->soon, 0);
    tg_batch_init(&stage->batch, stage->loop.h2o, &stage->soon);
    stage->net.batch = &stage->batch;
    stage->net.loop = stage->loop.h2o;
    stage->net.timers = &stage->loop.timers;
    stage->net.resolver = tg_resolver_create(stage->net.loop, stage->net.timers, options);
    for (size_t i = 0; i < count; i++)
        assert_null(tg_address_parse(tg_text_of(addresses[i]), &stage->addresses[i]).code);
    stage->config = (struct tg_backend_config){.name = "upstream",
                                               .addresses = stage->addresses,
                                               .address_count = count,
                                               .timeout_ms = 20000,
                                               .connect_timeout_ms = 20000,
                                               .first_byte_timeout_ms = 20000,
                                               .idle_timeout_ms = 20000,
                                               .keepalive_ms = 20000,
                                               .keepalive = 4,
                                               .head_limit = 65536,
                                               .limit = 1 << 20};
    tg_backend_config_open(&stage->config);
    stage->backend = tg_backend_create(&stage->net, &stage->config);
}

static inline void stage_init(struct stage *stage, const char *const *addresses, size_t count)
{
    stage_init_with(stage, addresses, count, NULL);
}

static inline void stage_dispose(struct stage *stage)
{
    tg_backend_destroy(stage->backend);
    tg_backend_config_close(&stage->config);
    tg_resolver_destroy(stage->net.resolver);
    tg_batch_dispose(&stage->batch);
    tg_recycle_dispose(&stage->net.recycle);
    h2o_timeout_dispose(stage->loop.h2o, &stage->soon);
    loop_dispose(&stage->loop);
}

struct call {
    struct tg_call call;
    struct tg_exchange exchange;
    bool done;
};

static inline void on_call_done(struct tg_exchange *exchange)
{
    struct call *call = H2O_STRUCT_FROM_MEMBER(struct call, exchange, exchange);

    assert_false(call->done);
    assert_null(exchange->conn);
    call->done = true;
}

static inline struct call make_call(const char *method, const char *target)
{
    return (struct call){.call = {.method = h2o_iovec_init(method, strlen(method)),
                                  .target = h2o_iovec_init(target, strlen(target))}};
}

static inline void start_call(struct stage *stage, struct call *call)
{
    call->done = false;
    tg_exchange_start(&call->exchange, stage->backend, &call->call, on_call_done);
}

static inline void run_call(struct stage *stage, struct call *call)
{
    start_call(stage, call);
    loop_until(&stage->loop, &call->done);
}

#define assert_failed(call, code) assert_failed_at(call, code, __FILE__, __LINE__)

static inline void assert_failed_at(struct call *call, const char *code, const char *file, int line)
{
    const struct tg_exchange *exchange = &call->exchange;

    if (exchange->error.code == NULL || strcmp(exchange->error.code, code) != 0) {
        print_error("got %s (%s), wanted %s\n", exchange->error.code, exchange->error.message,
                    code);
        _fail(file, line);
    }
    assert_null(exchange->fields);
    assert_null(exchange->body.base);
    assert_int_equal(exchange->status, 0);
}

#define assert_got(call, status, body) assert_got_at(call, status, body, __FILE__, __LINE__)

static inline void assert_got_at(struct call *call, int status, const char *body, const char *file,
                                 int line)
{
    const struct tg_exchange *exchange = &call->exchange;

    if (exchange->error.code != NULL || exchange->status != status ||
        exchange->body.len != strlen(body) ||
        (exchange->body.len != 0 && memcmp(exchange->body.base, body, exchange->body.len) != 0)) {
        print_error("got %d \"%.*s\" %s (%s)\n", exchange->status, (int)exchange->body.len,
                    exchange->body.base, exchange->error.code, exchange->error.message);
        _fail(file, line);
    }
}

static inline size_t unused_conns(const struct stage *stage)
{
    size_t count = 0;

    for (size_t i = 0; i < stage->config.address_count; i++)
        count += stage->backend->origins[i].unused_count;
    return count;
}
