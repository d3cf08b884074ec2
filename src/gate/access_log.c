#include "gate/access_log.h"

#include "api/response.h"
#include "base/clock.h"

static void put_text(struct tg_buffer *line, const char *name, struct tg_text value)
{
    tg_buffer_printf(line, ",\"%s\":", name);
    tg_text_write(line, value);
}

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static void put_calls(struct tg_buffer *line, const struct tg_call_record *call)
{
    if (call == NULL)
        return;
    tg_buffer_printf(line, ",\"calls\":[");
    for (; call != NULL; call = call->next) {
        const char *code = call->exchange != NULL ? call->exchange->error.code : call->code;
        uint32_t ms = call->exchange != NULL ? call->exchange->elapsed_ms : call->elapsed_ms;
        tg_buffer_printf(line, "{\"backend\":\"%s\"", call->backend);
        if (call->status != 0)
            tg_buffer_printf(line, ",\"status\":%d", call->status);
        if (code != NULL)
            tg_buffer_printf(line, ",\"error\":\"%s\"", code);
        if (call->from_cache)
            tg_buffer_printf(line, ",\"cached\":true");
        tg_buffer_printf(line, ",\"ms\":%u}%s", ms, call->next != NULL ? "," : "");
    }
    tg_buffer_put(line, ']');
}

void tg_access_log(struct tg_worker *worker, struct tg_request *request,
                   const struct tg_access *access)
{
    struct tg_buffer *line = &worker->line;
    char time[TG_CLOCK_TEXT];

    tg_clock_text(time, tg_clock_wall_ms());
    request->find_client(request);
    tg_buffer_clear(line, 65536);
    tg_buffer_printf(line, "{\"time\":\"%s\"", time);
    put_text(line, "id", text_of(tg_request_id(request)));
    put_text(line, "client", tg_text_of(request->client_address));
    put_text(line, "method", text_of(request->method));
    put_text(line, "path", text_of(request->path));
    if (access->route != NULL)
        put_text(line, "route", tg_text_of(access->route));
    tg_buffer_printf(line, ",\"status\":%d,\"bytes\":%llu,\"ms\":%.3f,\"script_ms\":%.3f",
                     access->status, (unsigned long long)access->bytes,
                     (double)access->duration_ns / 1e6, (double)request->run.wall_ns / 1e6);
    if (access->cache != NULL)
        tg_buffer_printf(line, ",\"cache\":\"%s\"", access->cache);
    put_calls(line, request->calls);
    tg_buffer_append(line, "}\n", 2);
    tg_log_mask(request->host->log, line->base, line->len);
    tg_sink_write(worker->gate->access, line->base, line->len);
}
