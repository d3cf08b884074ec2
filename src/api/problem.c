/* Problem details, the form of every error that a client gets. */
#include "api/response.h"

#include "codec/json_write.h"
#include "codec/utf8.h"
#include "http/status.h"

void tg_text_write(struct tg_buffer *out, struct tg_text text)
{
    uint64_t high = 0;
    size_t len = out->len;

    tg_json_write_string(out, text, &high);
    if (high == 0 || tg_utf8_check(text) == text.len)
        return;
    out->len = len;
    tg_json_write_string(out, TG_TEXT("(not UTF-8)"), &high);
}

static void put_member(struct tg_buffer *out, struct tg_text name, struct tg_text value)
{
    if (value.len == 0)
        return;
    tg_buffer_put(out, ',');
    tg_text_write(out, name);
    tg_buffer_put(out, ':');
    tg_text_write(out, value);
}

void tg_problem_write(struct tg_buffer *out, int status, struct tg_text detail, struct tg_text code,
                      struct tg_text backend, struct tg_text id)
{
    tg_buffer_append(out, "{\"title\":", 9);
    tg_text_write(out, tg_text_of(tg_status_reason(status)));
    tg_buffer_printf(out, ",\"status\":%d", status);
    put_member(out, TG_TEXT("detail"), detail);
    put_member(out, TG_TEXT("code"), code);
    put_member(out, TG_TEXT("backend"), backend);
    put_member(out, TG_TEXT("id"), id);
    tg_buffer_put(out, '}');
}
