/* The status for people: what is JSON there becomes indented lines. */
#include "codec/json_read.h"
#include "gate/status.h"

enum { WIDTH = 18 };

struct printer {
    struct tg_json_reader reader;
    struct tg_buffer scratch;
    struct tg_parse_error error;
    FILE *to;
};

static void print_scalar(struct printer *printer, enum tg_json_event event)
{
    const struct tg_json_reader *reader = &printer->reader;

    switch (event) {
    case TG_JSON_STRING:
        fprintf(printer->to, "%.*s", (int)reader->text.len, reader->text.base);
        break;
    case TG_JSON_NUMBER:
        fprintf(printer->to, "%.*s", (int)reader->number.text.len, reader->number.text.base);
        break;
    case TG_JSON_TRUE:
        fprintf(printer->to, "yes");
        break;
    case TG_JSON_FALSE:
        fprintf(printer->to, "no");
        break;
    case TG_JSON_NULL:
    case TG_JSON_OBJECT:
    case TG_JSON_ARRAY:
    case TG_JSON_END:
    case TG_JSON_KEY:
    case TG_JSON_DONE:
    case TG_JSON_ERROR:
        fprintf(printer->to, "-");
        break;
    }
}

/* The rest of an object or array in one line; the names are left out. */
static bool print_row(struct printer *printer)
{
    size_t depth = printer->reader.depth;

    for (const char *space = ""; printer->reader.depth >= depth;) {
        enum tg_json_event event = tg_json_next(&printer->reader);
        if (event == TG_JSON_ERROR || event == TG_JSON_DONE)
            return false;
        if (event == TG_JSON_KEY || event == TG_JSON_END || event == TG_JSON_OBJECT ||
            event == TG_JSON_ARRAY)
            continue;
        fprintf(printer->to, "%s", space);
        print_scalar(printer, event);
        space = "  ";
    }
    return true;
}

static bool print_list(struct printer *printer)
{
    enum tg_json_event event;

    fprintf(printer->to, "\n");
    while ((event = tg_json_next(&printer->reader)) != TG_JSON_END) {
        if (event == TG_JSON_ERROR || event == TG_JSON_DONE)
            return false;
        fprintf(printer->to, "  ");
        if (event != TG_JSON_OBJECT && event != TG_JSON_ARRAY)
            print_scalar(printer, event);
        else if (!print_row(printer))
            return false;
        fprintf(printer->to, "\n");
    }
    return true;
}

/* The members of the object that has just begun; objects in it are one deeper. */
static bool print_members(struct printer *printer, bool inside)
{
    enum tg_json_event event;

    while ((event = tg_json_next(&printer->reader)) == TG_JSON_KEY) {
        struct tg_text key = printer->reader.text;
        int width = WIDTH - (inside ? 2 : 0);
        fprintf(printer->to, "%s%.*s", inside ? "  " : "", (int)key.len, key.base);
        int pad = (int)key.len < width ? width - (int)key.len : 1;
        event = tg_json_next(&printer->reader);
        if (event == TG_JSON_OBJECT) {
            fprintf(printer->to, "\n");
            if (inside || !print_members(printer, true))
                return false;
        } else if (event == TG_JSON_ARRAY) {
            if (!print_list(printer))
                return false;
        } else {
            fprintf(printer->to, "%*s", pad, "");
            print_scalar(printer, event);
            fprintf(printer->to, "\n");
        }
    }
    return event == TG_JSON_END;
}

bool tg_status_print(struct tg_text json, FILE *to)
{
    struct printer printer = {.to = to};

    if (!tg_json_validate(json, 0, &printer.error))
        return false;
    tg_json_begin(&printer.reader, json, 0, &printer.scratch, &printer.error);
    bool well = tg_json_next(&printer.reader) == TG_JSON_OBJECT && print_members(&printer, false);
    tg_buffer_dispose(&printer.scratch);
    return well;
}
