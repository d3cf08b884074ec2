#include "http/date.h"

#include <stdbool.h>

enum { DAYS_BEFORE_EPOCH = 719468 }; /* from the first of March of the year 0 */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct date {
    int year, month, day, hour, minute, second; /* month 0 to 11 */
};

/* Days from the epoch. Years begin in March here, so that leap days end them. */
static int64_t days_to(int64_t year, int month, int day)
{
    year -= month < 2;
    int64_t shifted = (month + 10) % 12;
    int64_t of_year = (153 * shifted + 2) / 5 + day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + of_year - DAYS_BEFORE_EPOCH;
}

/* Which of the names of three letters the text begins with, or -1. */
static int name_at(const char *at, const char names[][4], int count)
{
    for (int i = 0; i < count; i++)
        if (tg_text_is_nocase(tg_text(at, 3), tg_text(names[i], 3)))
            return i;
    return -1;
}

/* A number of so many digits, or -1. */
static int digits(const char *at, int count)
{
    int value = 0;

    for (; count != 0; count--, at++) {
        if (*at < '0' || *at > '9')
            return -1;
        value = value * 10 + (*at - '0');
    }
    return value;
}

static bool read_time(const char *at, struct date *date)
{
    date->hour = digits(at, 2);
    date->minute = digits(at + 3, 2);
    date->second = digits(at + 6, 2);
    return at[2] == ':' && at[5] == ':';
}

static bool is_gmt(const char *at)
{
    return tg_text_is_nocase(tg_text(at, 4), TG_TEXT(" GMT"));
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_fixed(struct tg_text text, struct date *date)
{
    const char *at = text.base;

    if (text.len != TG_HTTP_DATE_LEN || memcmp(at + 3, ", ", 2) != 0 || at[7] != ' ' ||
        at[11] != ' ' || at[16] != ' ' || !is_gmt(at + 25) || name_at(at, days, 7) < 0)
        return false;
    date->day = digits(at + 5, 2);
    date->month = name_at(at + 8, months, 12);
    date->year = digits(at + 12, 4);
    return read_time(at + 17, date);
}

/* 06-Nov-94 08:49:37 GMT behind the name of a day. */
static bool read_rfc850(struct tg_text text, struct date *date)
{
    static const char *const rests[] = {"day", "day", "sday", "nesday", "rsday", "day", "urday"};
    const char *comma = text.len > 3 ? memchr(text.base, ',', text.len) : NULL;
    int day = text.len > 3 ? name_at(text.base, days, 7) : -1;

    if (comma == NULL || day < 0 || text.len - (size_t)(comma - text.base) != 24)
        return false;
    if (!tg_text_is_nocase(tg_text(text.base + 3, (size_t)(comma - text.base - 3)),
                           tg_text_of(rests[day])))
        return false;
    const char *at = comma + 1;
    if (at[0] != ' ' || at[3] != '-' || at[7] != '-' || at[10] != ' ' || !is_gmt(at + 19))
        return false;
    date->day = digits(at + 1, 2);
    date->month = name_at(at + 4, months, 12);
    date->year = digits(at + 8, 2);
    return read_time(at + 11, date);
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(struct tg_text text, struct date *date)
{
    const char *at = text.base;

    if (text.len != 24 || at[3] != ' ' || at[7] != ' ' || at[10] != ' ' || at[19] != ' ' ||
        name_at(at, days, 7) < 0)
        return false;
    date->month = name_at(at + 4, months, 12);
    date->day = at[8] == ' ' ? digits(at + 9, 1) : digits(at + 8, 2);
    date->year = digits(at + 20, 4);
    return read_time(at + 11, date);
}

static bool is_valid(const struct date *date)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = date->year;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < 1 || date->month < 0 || date->day < 1 || date->day > lengths[date->month] ||
        (date->month == 1 && date->day == 29 && !leap))
        return false;
    return date->hour >= 0 && date->hour < 24 && date->minute >= 0 && date->minute < 60 &&
           date->second >= 0 && date->second <= 60;
}

static int64_t seconds_of(const struct date *date)
{
    int second = date->second == 60 ? 59 : date->second;
    int64_t hours = days_to(date->year, date->month, date->day) * 24 + date->hour;

    return (hours * 60 + date->minute) * 60 + second;
}

static int year_of(int64_t seconds)
{
    char text[TG_HTTP_DATE_LEN];

    tg_http_date_write(text, seconds);
    return digits(text + 12, 4);
}

int64_t tg_http_date_read(struct tg_text text, int64_t now)
{
    struct date date = {0};

    if (read_fixed(text, &date) || read_asctime(text, &date))
        return is_valid(&date) ? seconds_of(&date) : TG_NO_DATE;
    if (!read_rfc850(text, &date) || date.year < 0)
        return TG_NO_DATE;
    int latest = year_of(now) + 50;
    date.year += (latest - date.year) / 100 * 100;
    return is_valid(&date) ? seconds_of(&date) : TG_NO_DATE;
}

/* Both digits of a number below 100. */
static void put_two(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

void tg_http_date_write(char out[TG_HTTP_DATE_LEN], int64_t seconds)
{
    const int64_t first = days_to(1, 0, 1) * 86400, last = days_to(10000, 0, 1) * 86400 - 1;

    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t day = seconds / 86400 - (seconds % 86400 < 0);
    int rest = (int)(seconds - day * 86400);
    int64_t cycle = (day + DAYS_BEFORE_EPOCH) / 146097;
    int64_t in_cycle = (day + DAYS_BEFORE_EPOCH) % 146097; /* of 400 years */
    int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    int in_year = (int)(in_cycle - (365 * year + year / 4 - year / 100));
    int month = (5 * in_year + 2) / 153;
    int of_month = in_year - (153 * month + 2) / 5 + 1;
    month = (month + 2) % 12;
    year += cycle * 400 + (month < 2);

    memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", TG_HTTP_DATE_LEN);
    memcpy(out, days[((day + 4) % 7 + 7) % 7], 3);
    put_two(out + 5, of_month);
    memcpy(out + 8, months[month], 3);
    put_two(out + 12, (int)year / 100);
    put_two(out + 14, (int)year % 100);
    put_two(out + 17, rest / 3600);
    put_two(out + 20, rest / 60 % 60);
    put_two(out + 23, rest % 60);
}
