#include "tool/convert_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/json_to_xml.h"
#include "codec/records.h"
#include "codec/xml_to_json.h"

enum { STATUS_REFUSED = 1, READ_BYTES = 256 * 1024 };

/* What the run is at, and what it works with. */
struct run {
    const struct tg_convert_command *command;
    struct tg_xml *xml;
    struct tg_xml_writer *writer;
    struct tg_buffer input, out, scratch;
    uint64_t began_ns;
    size_t bytes_in, bytes_out, records;
};

static const char *name_of(const struct tg_convert_command *command)
{
    return command->file != NULL ? command->file : "stdin";
}

/* ---- bytes in and out */

static int open_input(const struct tg_convert_command *command)
{
    return command->file != NULL ? open(command->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
}

static void close_input(const struct tg_convert_command *command, int fd)
{
    if (command->file != NULL && fd >= 0)
        close(fd);
}

/* What has come so far, into the input; 0 at the end, -1 when it can't be read. */
static ssize_t read_some(struct run *run, int fd)
{
    ssize_t n = fd < 0 ? -1 : read(fd, tg_buffer_reserve(&run->input, READ_BYTES), READ_BYTES);

    if (n < 0)
        fprintf(stderr, "tidegate convert: %s can't be read: %s\n", name_of(run->command),
                strerror(errno));
    else
        run->bytes_in += (size_t)n;
    return n;
}

/* Writes what is in `out`, as a line. */
static bool write_line(struct run *run)
{
    tg_buffer_put(&run->out, '\n');
    run->bytes_out += run->out.len;
    bool good = fwrite(run->out.base, 1, run->out.len, stdout) == run->out.len;
    run->out.len = 0;
    return good;
}

/* Whether all that was written has gone out. */
static bool flush(bool good)
{
    if (good && fflush(stdout) == 0)
        return true;
    fprintf(stderr, "tidegate convert: stdout can't be written: %s\n", strerror(errno));
    return false;
}

static void say_stats(const struct run *run)
{
    uint64_t ns = tg_clock_monotonic_ns() - run->began_ns + 1;

    if (!run->command->stats)
        return;
    fprintf(stderr, "in %zu bytes, out %zu bytes, ", run->bytes_in, run->bytes_out);
    if (run->command->records != NULL || run->command->lines)
        fprintf(stderr, "%zu records, ", run->records);
    fprintf(stderr, "%.3f ms, %.1f MB/s\n", (double)ns / 1e6,
            (double)run->bytes_in * 1e3 / (double)ns);
}

/* ---- a document */

static size_t limit_of(const struct tg_options_text *options)
{
    size_t limit = options->to_json ? options->read.limits.input : options->write.limits.input;

    return limit != 0 ? limit : (size_t)8 << 20;
}

/* One byte more than the limit is enough for the codec to refuse it. */
static bool read_all(struct run *run)
{
    const struct tg_options_text *options = &run->command->options;
    size_t limit = limit_of(options);
    int fd = open_input(run->command);
    ssize_t n = -1;

    do {
        n = read_some(run, fd);
        run->input.len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && run->input.len <= limit);
    close_input(run->command, fd);
    return n >= 0;
}

static bool convert(struct run *run, struct tg_text input, struct tg_parse_error *error)
{
    const struct tg_options_text *options = &run->command->options;

    if (options->to_json)
        return tg_xml_to_json(run->xml, input, &options->read, &run->out, error);
    return tg_json_to_xml(run->writer, run->xml, &run->scratch, input, &options->write, &run->out,
                          error);
}

static bool run_document(struct run *run)
{
    struct tg_parse_error error;

    if (!read_all(run))
        return false;
    run->began_ns = tg_clock_monotonic_ns();
    if (!convert(run, tg_text(run->input.base, run->input.len), &error)) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    run->bytes_out = run->out.len + 1;
    say_stats(run);
    return flush(write_line(run));
}

/* ---- records */

static bool on_record(void *context, struct tg_text document, struct tg_parse_error *error)
{
    struct run *run = context;

    if (!convert(run, document, error))
        return false;
    run->records++;
    if (write_line(run))
        return true;
    *error = (struct tg_parse_error){.text = ""};
    return false;
}

/* What a reader of the pipe waits for goes out when there is nothing more to read just now. */
static bool feed(struct run *run, int fd, struct tg_records *records, struct tg_parse_error *error)
{
    ssize_t n;

    while ((n = read_some(run, fd)) > 0) {
        if (!tg_records_feed(records, tg_text(run->input.base, (size_t)n), error))
            return false;
        if (n < READ_BYTES && fflush(stdout) != 0) {
            *error = (struct tg_parse_error){.text = ""};
            return false;
        }
    }
    *error = (struct tg_parse_error){.line = 1};
    return n == 0 && tg_records_end(records, error);
}

static bool run_records(struct run *run)
{
    struct tg_records *records = tg_records_create(tg_text_of(run->command->records),
                                                   &run->command->options, on_record, run);
    struct tg_parse_error error = {.line = 1};
    int fd = open_input(run->command);

    run->began_ns = tg_clock_monotonic_ns();
    bool good = feed(run, fd, records, &error);
    if (!good && error.text[0] != '\0')
        fprintf(stderr, "%s\n", error.text);
    bool flushed = flush(good || error.line != 0);
    if (good)
        say_stats(run);
    close_input(run->command, fd);
    tg_records_destroy(records);
    return good && flushed;
}

/* ---- lines */

static bool is_blank(struct tg_text line)
{
    while (line.len != 0 && tg_xml_is_blank(line.base[line.len - 1]))
        line.len--;
    return line.len == 0;
}

static bool convert_line(struct run *run, struct tg_text line)
{
    struct tg_parse_error error;

    run->records++;
    if (is_blank(line))
        return true;
    if (convert(run, line, &error))
        return write_line(run) || flush(false);
    fprintf(stderr, "line %zu: %s\n", run->records, error.text);
    return false;
}

/* Converts the lines that have come whole, and keeps what is behind them. A line that is longer
 * than the limit before its end has come is refused by the codec. */
static bool convert_lines(struct run *run, bool at_end)
{
    const char *p = run->input.base, *end = p + run->input.len, *newline;

    if (run->input.len == 0)
        return true;
    for (; (newline = memchr(p, '\n', (size_t)(end - p))) != NULL; p = newline + 1)
        if (!convert_line(run, tg_text(p, (size_t)(newline - p))))
            return false;
    size_t left = (size_t)(end - p);
    if (at_end || left > limit_of(&run->command->options))
        return left == 0 || convert_line(run, tg_text(p, left));
    memmove(run->input.base, p, left);
    run->input.len = left;
    return true;
}

static bool run_lines(struct run *run)
{
    int fd = open_input(run->command);
    bool good = true;
    ssize_t n;

    run->began_ns = tg_clock_monotonic_ns();
    while (good && (n = read_some(run, fd)) > 0) {
        run->input.len += (size_t)n;
        good = convert_lines(run, false) && (n == READ_BYTES || flush(true));
    }
    good = good && n == 0 && convert_lines(run, true);
    bool flushed = flush(true);
    if (good)
        say_stats(run);
    close_input(run->command, fd);
    return good && flushed;
}

int tg_convert_run(const struct tg_convert_command *command)
{
    struct run run = {
        .command = command,
        .xml = tg_xml_create(),
        .writer = tg_xml_writer_create(),
    };
    bool good = command->records != NULL ? run_records(&run)
                : command->lines         ? run_lines(&run)
                                         : run_document(&run);

    tg_buffer_dispose(&run.input);
    tg_buffer_dispose(&run.out);
    tg_buffer_dispose(&run.scratch);
    tg_xml_writer_destroy(run.writer);
    tg_xml_destroy(run.xml);
    return good ? 0 : STATUS_REFUSED;
}
