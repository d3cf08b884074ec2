/* Dates of HTTP in their three forms (RFC 9110, 5.6.7). */
#ifndef TG_HTTP_DATE_H
#define TG_HTTP_DATE_H

#include <stdint.h>

#include "base/text.h"

/* Where a time in seconds since the epoch is not known. */
#define TG_NO_DATE INT64_MIN

enum { TG_HTTP_DATE_LEN = 29 };

/* Reads a date as `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
 * `Sun Nov  6 08:49:37 1994`, in seconds since the epoch; TG_NO_DATE when it is none of them. Names
 * are taken in any case; the day of the week need not be the right one. A year of two digits is
 * the latest one not more than 50 years after `now`. A second of 60 is taken as 59. */
int64_t tg_http_date_read(struct tg_text text, int64_t now);

/* Writes the first form; no NUL. The years 1 to 9999 only: what is outside is put to the edge. */
void tg_http_date_write(char out[TG_HTTP_DATE_LEN], int64_t seconds);

#endif
