/* The operator's log: one event a line in logfmt, which nothing that others sent can break. */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/sink.h"
#include "base/text.h"

enum tg_log_level { TG_LOG_DEBUG, TG_LOG_INFO, TG_LOG_WARN, TG_LOG_ERROR };

/* Made in main and handed around; any thread may use it. */
struct tg_log {
    struct tg_sink *sink;          /* NULL: nothing is written */
    enum tg_log_level level;       /* lines below it are not written */
    const struct tg_text *secrets; /* shown as asterisks, whoever says them */
    size_t secret_count;
};

static inline bool tg_log_has(const struct tg_log *log, enum tg_log_level level)
{
    return log != NULL && log->sink != NULL && level >= log->level;
}

/* Puts asterisks where a secret stands in the text. */
void tg_log_mask(const struct tg_log *log, char *text, size_t len);

/* Each writes `time=… level=… id=…` and then the format, which reads like "event=x ms=%u". The id
 * of a request may be NULL. Control characters come out escaped; a value that others chose goes
 * through tg_log_field, so that it can't look like more fields. */
void tg_log_error(const struct tg_log *log, const char *request_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tg_log_warn(const struct tg_log *log, const char *request_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tg_log_info(const struct tg_log *log, const char *request_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tg_log_debug(const struct tg_log *log, const char *request_id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum { TG_LOG_VALUE = 4096 }; /* bytes of a value that are written; the rest becomes "…" */

/* Appends ` key=value`, space included, with the value quoted and escaped where it needs to be.
 * Characters of a key that would break the line become '_'. */
void tg_log_field(struct tg_buffer *line, const char *key, struct tg_text value);

/* Writes a line whose fields were made by tg_log_field. */
void tg_log_fields(const struct tg_log *log, enum tg_log_level level, const char *request_id,
                   const struct tg_buffer *fields);

#endif
