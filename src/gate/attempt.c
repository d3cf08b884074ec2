#include "gate/attempt.h"

#include "api/response.h"
#include "base/clock.h"
#include "gate/changes.h"

static void write_lines(struct tg_buffer *out, const char *name, const struct tg_buffer *lines)
{
    const char *at = lines->base, *end = at + lines->len, *comma = "";

    tg_buffer_printf(out, ",\"%s\":[", name);
    while (at != end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop != NULL ? stop : end) - at);
        tg_buffer_printf(out, "%s", comma);
        tg_text_write(out, tg_text(at, len));
        comma = ",";
        at = stop != NULL ? stop + 1 : end;
    }
    tg_buffer_put(out, ']');
}

static void log_lines(const struct tg_log *log, enum tg_log_level level, const char *event,
                      const char *key, const struct tg_buffer *lines)
{
    const char *at = lines->base, *end = at + lines->len;

    while (at != end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct tg_buffer line = {.limit = 16384};
        tg_log_field(&line, "event", tg_text_of(event));
        tg_log_field(&line, key, tg_text(at, (size_t)((stop != NULL ? stop : end) - at)));
        tg_log_fields(log, level, NULL, &line);
        tg_buffer_dispose(&line);
        at = stop != NULL ? stop + 1 : end;
    }
}

static void log_unverified(const struct tg_edition *edition)
{
    for (size_t i = 0; i < edition->site->backend_count; i++)
        if (edition->site->backends[i]->config.unverified)
            tg_log_warn(&edition->log, NULL, "event=tls_unverified backend=%s",
                        edition->site->backends[i]->config.name);
}

void tg_attempt_report(const struct tg_attempt *attempt, const struct tg_edition *before, bool well,
                       struct tg_buffer *out)
{
    const struct tg_edition *now = well ? attempt->edition : before;
    double ms = (double)(tg_clock_monotonic_ns() - attempt->begun_ns) / 1e6;
    char time[TG_CLOCK_TEXT];

    tg_clock_text(time, tg_clock_wall_ms());
    tg_buffer_printf(
        out, "{\"ok\":%s,\"rollback\":%s,\"generation\":%u,\"time\":\"%s\",\"ms\":%.1f",
        well ? "true" : "false", attempt->back ? "true" : "false", now->number, time, ms);
    if (well) {
        tg_changes_write(before, attempt->edition, out);
        write_lines(out, "warnings", &attempt->warnings);
        tg_log_info(&now->log, NULL, "event=%s generation=%u routes=%zu ms=%.1f",
                    attempt->back ? "rolled_back" : "reloaded", now->number, now->site->route_count,
                    ms);
        log_lines(&now->log, TG_LOG_WARN, "needs_restart", "what", &attempt->warnings);
        log_unverified(now);
    } else {
        write_lines(out, "problems", &attempt->problems);
        log_lines(&now->log, TG_LOG_ERROR, "reload_failed", "reason", &attempt->problems);
    }
    tg_buffer_put(out, '}');
    tg_log_mask(&before->log, out->base, out->len);
    if (attempt->edition != NULL)
        tg_log_mask(&attempt->edition->log, out->base, out->len);
}
