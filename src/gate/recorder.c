#include "gate/recorder.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "api/response.h"
#include "base/base64.h"
#include "base/clock.h"
#include "gate/inbound.h"

struct tg_recorder {
    _Atomic bool on; /* a hint: the lock decides */
    pthread_mutex_t lock;
    struct tg_buffer route;
    unsigned left, skipped;
    uint64_t until_ms;
    struct tg_buffer items; /* JSON, each followed by a comma */
};

/* Of one request, in its pool. */
struct tg_recording {
    struct tg_recorder *recorder;
    const struct tg_log *log; /* knows what is secret */
    struct tg_buffer calls;
    bool is_torn; /* something of it can't be played again */
};

struct tg_recorder *tg_recorder_create(void)
{
    struct tg_recorder *recorder = calloc(1, sizeof(*recorder));

    assert(recorder != NULL);
    pthread_mutex_init(&recorder->lock, NULL);
    return recorder;
}

void tg_recorder_destroy(struct tg_recorder *recorder)
{
    tg_buffer_dispose(&recorder->route);
    tg_buffer_dispose(&recorder->items);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

void tg_recorder_start(struct tg_recorder *recorder, struct tg_text route, unsigned count,
                       unsigned seconds)
{
    pthread_mutex_lock(&recorder->lock);
    tg_buffer_clear(&recorder->route, SIZE_MAX);
    tg_buffer_append(&recorder->route, route.base, route.len);
    tg_buffer_dispose(&recorder->items);
    recorder->items = (struct tg_buffer){.limit = TG_RECORD_BYTES};
    recorder->left = count;
    recorder->skipped = 0;
    recorder->until_ms = tg_clock_monotonic_ms() + (uint64_t)seconds * 1000;
    atomic_store(&recorder->on, true);
    pthread_mutex_unlock(&recorder->lock);
}

void tg_recorder_stop(struct tg_recorder *recorder)
{
    atomic_store(&recorder->on, false);
}

/* Under the lock. */
static bool is_on(struct tg_recorder *recorder)
{
    if (recorder->left == 0 || tg_clock_monotonic_ms() >= recorder->until_ms)
        atomic_store(&recorder->on, false);
    return atomic_load(&recorder->on);
}

void tg_recorder_write(struct tg_recorder *recorder, struct tg_buffer *out)
{
    pthread_mutex_lock(&recorder->lock);
    const struct tg_buffer *items = &recorder->items;
    tg_buffer_printf(out, "{\"on\":%s,\"skipped\":%u,\"items\":[",
                     is_on(recorder) ? "true" : "false", recorder->skipped);
    if (items->len != 0)
        tg_buffer_append(out, items->base, items->len - 1);
    pthread_mutex_unlock(&recorder->lock);
    tg_buffer_printf(out, "]}\n");
}

/* ---- one request */

/* A copy without what is secret. */
static struct tg_buffer mask(const struct tg_log *log, h2o_iovec_t bytes)
{
    struct tg_buffer copy = {.limit = 0};

    tg_buffer_append(&copy, bytes.base, bytes.len);
    tg_log_mask(log, copy.base, copy.len);
    return copy;
}

static void put_text(struct tg_buffer *out, const struct tg_log *log, h2o_iovec_t text)
{
    struct tg_buffer copy = mask(log, text);

    tg_text_write(out, tg_text(copy.base, copy.len));
    tg_buffer_dispose(&copy);
}

static void put_body(struct tg_buffer *out, const struct tg_log *log, h2o_iovec_t body)
{
    struct tg_buffer copy = mask(log, body);

    tg_buffer_printf(out, ",\"body\":\"");
    tg_base64_encode(out, tg_text(copy.base, copy.len), (struct tg_base64){.pad = true});
    tg_buffer_put(out, '"');
    tg_buffer_dispose(&copy);
}

static void put_fields(struct tg_buffer *out, const struct tg_log *log,
                       const struct tg_field *fields, size_t count)
{
    tg_buffer_printf(out, ",\"headers\":[");
    for (size_t i = 0; i < count; i++) {
        tg_buffer_printf(out, "%s[", i > 0 ? "," : "");
        put_text(out, log, fields[i].name);
        tg_buffer_put(out, ',');
        put_text(out, log, fields[i].value);
        tg_buffer_put(out, ']');
    }
    tg_buffer_put(out, ']');
}

/* A call is over: what was sent, and what came. */
static void on_call(struct tg_request *request, const struct tg_exchange *exchange, bool is_whole)
{
    struct tg_recording *recording = request->recording;
    const struct tg_call *call = exchange->call;
    struct tg_buffer *out = &recording->calls;

    if (!is_whole || call == NULL || exchange->body.len > TG_RECORD_BODY) {
        recording->is_torn = true;
        return;
    }
    tg_buffer_printf(out, "%s{\"backend\":\"%s\",\"method\":", out->len != 0 ? "," : "",
                     tg_backend_config(exchange->backend)->name);
    put_text(out, recording->log, call->method);
    tg_buffer_printf(out, ",\"target\":");
    put_text(out, recording->log, call->target);
    tg_buffer_printf(out, ",\"ms\":%u", exchange->elapsed_ms);
    if (exchange->error.code != NULL) {
        tg_buffer_printf(out, ",\"error\":\"%s\"}", exchange->error.code);
        return;
    }
    tg_buffer_printf(out, ",\"status\":%d", exchange->status);
    put_fields(out, recording->log, exchange->fields, exchange->field_count);
    put_body(out, recording->log, exchange->body);
    tg_buffer_put(out, '}');
}

static void on_recording_dispose(void *recording)
{
    tg_buffer_dispose(&((struct tg_recording *)recording)->calls);
}

void tg_recorder_begin(struct tg_recorder *recorder, struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;

    if (recorder == NULL || !atomic_load(&recorder->on) || inbound->req == NULL ||
        request->recording != NULL)
        return;
    pthread_mutex_lock(&recorder->lock);
    bool wanted = is_on(recorder) && tg_text_is(tg_text_of(inbound->route->pattern),
                                                tg_text(recorder->route.base, recorder->route.len));
    pthread_mutex_unlock(&recorder->lock);
    if (!wanted)
        return;
    struct tg_recording *recording =
        h2o_mem_alloc_shared(&request->run.pool, sizeof(*recording), on_recording_dispose);
    *recording = (struct tg_recording){.recorder = recorder,
                                       .log = &inbound->generation->edition->log,
                                       .calls = {.limit = TG_RECORD_BYTES},
                                       .is_torn = request->body.len > TG_RECORD_BODY};
    request->recording = recording;
    request->on_call = on_call;
}

/* Whether the body that was sent is still there. */
static bool has_body(const struct tg_inbound *inbound)
{
    const struct tg_response *response = &inbound->request.response;

    return response->status == inbound->req->res.status && response->source == NULL &&
           response->body.len <= TG_RECORD_BODY;
}

static void write_item(const struct tg_inbound *inbound, struct tg_buffer *out)
{
    const struct tg_request *request = &inbound->request;
    const struct tg_recording *recording = request->recording;
    const h2o_res_t *sent = &inbound->req->res;
    ssize_t at = h2o_find_header(&sent->headers, H2O_TOKEN_CONTENT_TYPE, -1);

    tg_buffer_printf(out, "{\"method\":");
    put_text(out, recording->log, request->method);
    tg_buffer_printf(out, ",\"target\":");
    put_text(out, recording->log, inbound->req->input.path);
    put_fields(out, recording->log, request->fields.list, request->fields.count);
    put_body(out, recording->log, request->body);
    tg_buffer_printf(out, ",\"calls\":[%.*s],\"response\":{\"status\":%d",
                     (int)recording->calls.len,
                     recording->calls.base != NULL ? recording->calls.base : "", sent->status);
    if (at >= 0) {
        tg_buffer_printf(out, ",\"type\":");
        put_text(out, recording->log, sent->headers.entries[at].value);
    }
    if (has_body(inbound))
        put_body(out, recording->log, request->response.body);
    tg_buffer_printf(out, "}}");
}

void tg_recorder_end(struct tg_recorder *recorder, struct tg_inbound *inbound)
{
    const struct tg_recording *recording = inbound->request.recording;
    struct tg_buffer item = {.limit = TG_RECORD_BYTES};

    if (recording == NULL)
        return;
    bool is_whole = !recording->is_torn && !recording->calls.full &&
                    inbound->req->res.status != 0 &&
                    (inbound->caching == NULL || inbound->request.response.status != 0);
    if (is_whole)
        write_item(inbound, &item);
    pthread_mutex_lock(&recorder->lock);
    if (is_on(recorder)) {
        size_t needed = item.len + 1;
        if (!is_whole || item.full || recorder->items.len + needed > TG_RECORD_BYTES) {
            recorder->skipped++;
        } else {
            tg_buffer_append(&recorder->items, item.base, item.len);
            tg_buffer_put(&recorder->items, ',');
            recorder->left--;
        }
    }
    pthread_mutex_unlock(&recorder->lock);
    tg_buffer_dispose(&item);
}
