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

static bool print_list(struct printer *printer, int indent);

/* The rest of an object in one line: its first value is what it is about. Lists in it follow in
 * lines of their own. */
static bool print_row(struct printer *printer, int indent)
{
    const char *space = "";
    enum tg_json_event event;

    while ((event = tg_json_next(&printer->reader)) == TG_JSON_KEY) {
        struct tg_text key = printer->reader.text;
        if (*space != '\0')
            fprintf(printer->to, "%s%.*s=", space, (int)key.len, key.base);
        event = tg_json_next(&printer->reader);
        if (event == TG_JSON_OBJECT) {
            fprintf(printer->to, "{ ");
            if (!print_row(printer, indent))
                return false;
            fprintf(printer->to, " }");
        } else if (event == TG_JSON_ARRAY) {
            if (!print_list(printer, indent + 2))
                return false;
        } else {
            print_scalar(printer, event);
        }
        space = "  ";
    }
    return event == TG_JSON_END;
}

/* The rest of an array, a line for each item, behind a line that goes on. */
static bool print_list(struct printer *printer, int indent)
{
    enum tg_json_event event;

    while ((event = tg_json_next(&printer->reader)) != TG_JSON_END) {
        if (event == TG_JSON_ERROR || event == TG_JSON_DONE || event == TG_JSON_ARRAY)
            return false;
        fprintf(printer->to, "\n%*s", indent, "");
        if (event != TG_JSON_OBJECT)
            print_scalar(printer, event);
        else if (!print_row(printer, indent))
            return false;
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
            continue;
        }
        if (event == TG_JSON_ARRAY) {
            if (!print_list(printer, 2))
                return false;
        } else {
            fprintf(printer->to, "%*s", pad, "");
            print_scalar(printer, event);
        }
        fprintf(printer->to, "\n");
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
