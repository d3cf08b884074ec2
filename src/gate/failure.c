#include "gate/failure.h"

#include "gate/cached.h"
#include "gate/responder.h"
#include "gate/trial.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static struct tg_text id_of(struct tg_inbound *inbound)
{
    return text_of(tg_request_id(&inbound->request));
}

void tg_failure_log(struct tg_inbound *inbound, const struct tg_task_report *report)
{
    const struct tg_log *log = inbound->request.host->log;
    struct tg_buffer line = {.limit = 32768};
    char id[65] = "";
    bool is_mistake = report->code.len == 0;
    if (is_mistake)
        tg_tally(&inbound->worker->traffic.script_failures, 1);

    if (inbound->worker->gate->trial != NULL)
        tg_trial_note(inbound->worker->gate->trial, inbound->route, text_of(report->message));
    memcpy(id, id_of(inbound).base, id_of(inbound).len);
    tg_log_field(&line, "event", is_mistake ? TG_TEXT("script_error") : TG_TEXT("request_failed"));
    tg_log_field(&line, "route", tg_text_of(inbound->route->pattern));
    if (!is_mistake)
        tg_log_field(&line, "code", text_of(report->code));
    tg_log_field(&line, "reason", text_of(report->message));
    if (report->traceback.len != 0)
        tg_log_field(&line, "traceback", text_of(report->traceback));
    tg_log_fields(log, is_mistake ? TG_LOG_ERROR : TG_LOG_WARN, id, &line);
    tg_buffer_dispose(&line);
}

void tg_failure_respond(struct tg_inbound *inbound, const struct tg_task_report *report)
{
    struct tg_buffer detail = {.limit = 32768};

    if (report->code.len != 0) {
        tg_buffer_append(&detail, report->message.base, report->message.len);
    } else if (inbound->request.host->debug) {
        tg_buffer_append(&detail, report->message.base, report->message.len);
        tg_buffer_put(&detail, '\n');
        tg_buffer_append(&detail, report->traceback.base, report->traceback.len);
    }
    tg_cached_note_sent(inbound);
    tg_log_mask(inbound->request.host->log, detail.base, detail.len);
    h2o_iovec_t kept = h2o_strdup(&inbound->req->pool, detail.base, detail.len);
    tg_buffer_dispose(&detail);
    tg_respond_problem(inbound->req, report->http, text_of(kept), text_of(report->code),
                       id_of(inbound), (struct tg_text){NULL, 0});
}

void tg_failure_problem(struct tg_inbound *inbound, int status, const char *detail)
{
    struct tg_text none = {NULL, 0};

    tg_cached_note_sent(inbound);
    tg_respond_problem(inbound->req, status, tg_text_of(detail), none, id_of(inbound), none);
}

void tg_failure_log_body(struct tg_request *request, const struct tg_task_report *report)
{
    tg_failure_log(H2O_STRUCT_FROM_MEMBER(struct tg_inbound, request, request), report);
}

void tg_failure_log_cut(struct tg_inbound *inbound, struct tg_error error)
{
    struct tg_buffer line = {.limit = 4096};
    char id[65] = "";

    if (error.code == NULL)
        return;
    memcpy(id, id_of(inbound).base, id_of(inbound).len);
    tg_log_field(&line, "event", TG_TEXT("response_cut"));
    tg_log_field(&line, "route", tg_text_of(inbound->route->pattern));
    tg_log_field(&line, "code", tg_text_of(error.code));
    tg_log_field(&line, "reason", tg_text_of(error.message));
    tg_log_fields(inbound->request.host->log, TG_LOG_WARN, id, &line);
    tg_buffer_dispose(&line);
}

void tg_failure_log_policy(struct tg_inbound *inbound)
{
    struct tg_buffer line = {.limit = 4096};

    if (inbound->request.scripts->warned)
        return;
    inbound->request.scripts->warned = true;
    tg_log_field(&line, "event", TG_TEXT("cache_without_route"));
    tg_log_field(&line, "route", tg_text_of(inbound->route->pattern));
    tg_log_field(&line, "reason",
                 TG_TEXT("a script says how its answer is kept; the route has no 'cache'"));
    tg_log_fields(inbound->request.host->log, TG_LOG_WARN, NULL, &line);
    tg_buffer_dispose(&line);
}
