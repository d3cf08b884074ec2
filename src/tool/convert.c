#include "tool/convert.h"

#include <stdio.h>
#include <string.h>

#include "codec/records.h"
#include "tool/convert_run.h"

enum { STATUS_USAGE = 2 };

static const char usage[] =
    "usage: tidegate convert xml-to-json|json-to-xml [options] [FILE]\n"
    "\n"
    "Converts a document, from stdin when there is no FILE, to stdout.\n"
    "  --stats         say on stderr how many bytes went in and came out, and how fast\n"
    "  --records PATH  each element or value at the path becomes a line of its own, as it comes\n"
    "  --lines         of JSON: each line is a document and becomes one of XML, as it comes\n"
    "  --help          say this\n";

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "tidegate convert: %s '%s'; see tidegate convert --help\n", what, which);
    return STATUS_USAGE;
}

/* What may follow an option's name. */
static const char *hint(const struct tg_option *option)
{
    switch (option->kind) {
    case TG_OPTION_FLAG:
        return "";
    case TG_OPTION_CHOICE:
        return option->choices;
    case TG_OPTION_TEXT:
        return strcmp(option->name, "select") == 0 ? "XPATH" : "TEXT";
    case TG_OPTION_COUNT:
    case TG_OPTION_SMALL:
        return "NUMBER";
    case TG_OPTION_SIZE:
        return "SIZE, such as 8MB";
    case TG_OPTION_LIST:
        return "ITEM, once for each";
    case TG_OPTION_PAIRS:
        return "NAME=VALUE, once for each";
    case TG_OPTION_OTHER:
        break;
    }
    if (strcmp(option->name, "preset") == 0)
        return "NAME, before all others: badgerfish parker gdata abdera jsonml xml2js apigee aws";
    if (strcmp(option->name, "order") == 0)
        return "NAME,NAME… or PARENT=NAME,NAME…";
    if (strcmp(option->name, "namespaces") == 0)
        return "PREFIX=NAMESPACE, once for each; or badgerfish";
    if (strcmp(option->name, "types") == 0)
        return "PATH=TYPE, once for each";
    if (strcmp(option->name, "force_array") == 0)
        return "PATH, once for each; or true";
    if (strcmp(option->name, "empty") == 0)
        return "'', null or {}";
    return option->choices != NULL ? option->choices : "TEXT or false";
}

static void print_options(const char *title, bool to_json)
{
    struct tg_options_text options = {.to_json = to_json};

    printf("\n%s\n", title);
    for (const struct tg_option *at = tg_options_text_table(&options); at->name != NULL; at++) {
        char name[64];
        size_t n = strlen(at->name) < sizeof(name) ? strlen(at->name) : sizeof(name) - 1;
        for (size_t i = 0; i < n; i++)
            name[i] = at->name[i] == '_' ? '-' : at->name[i];
        name[n] = '\0';
        printf("  --%-20s %s\n", name, hint(at));
    }
}

static int print_help(void)
{
    fputs(usage, stdout);
    print_options("Options of xml-to-json:", true);
    print_options("Options of json-to-xml:", false);
    printf(
        "\nThe reference of the scripts' calls says what each means. Exit status: 0 when all is\n"
        "well, 1 when the document is refused or can't be read, 2 for a wrong command line.\n");
    return 0;
}

static bool is_flag(const struct tg_options_text *options, const char *name)
{
    char text[64] = {0};

    for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(text); i++)
        text[i] = name[i] == '-' ? '_' : name[i];
    const struct tg_option *option =
        tg_option_find(tg_options_text_table(options), tg_text_of(text));
    return option != NULL && option->kind == TG_OPTION_FLAG;
}

/* --records PATH or --records=PATH: how many arguments it took; 0: it is wrong. */
static int read_records(struct tg_convert_command *command, int argc, char **argv)
{
    const char *equals = strchr(argv[0], '=');

    command->records = equals != NULL ? equals + 1 : argc > 1 ? argv[1] : "";
    if (tg_records_path_is_valid(&command->options, tg_text_of(command->records)))
        return equals != NULL ? 1 : 2;
    complain("--records takes a path such as /feed/entry, not", command->records);
    return 0;
}

/* --name value, --name=value, or --flag. How many arguments it took; 0: it is wrong. */
static int read_option(struct tg_options_text *options, int argc, char **argv)
{
    char *name = argv[0] + 2, *equals = strchr(name, '=');
    const char *value = NULL;
    int taken = 1;

    if (equals != NULL) {
        *equals = '\0';
        value = equals + 1;
    } else if (!is_flag(options, name) && argc > 1) {
        value = argv[1];
        taken = 2;
    }
    const char *wanted = tg_options_text_set(options, name, value);
    if (wanted == NULL)
        return taken;
    fprintf(stderr, "tidegate convert: --%s%s%s: %s is wanted; see tidegate convert --help\n", name,
            value != NULL ? " " : "", value != NULL ? value : "", wanted);
    return 0;
}

static int read_arguments(struct tg_convert_command *command, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        int taken = 1;
        if (strcmp(argv[i], "--stats") == 0) {
            command->stats = true;
        } else if (strcmp(argv[i], "--lines") == 0 && !command->options.to_json) {
            command->lines = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            command->help = true;
        } else if (strcmp(argv[i], "--records") == 0 || strncmp(argv[i], "--records=", 10) == 0) {
            taken = read_records(command, argc - i, argv + i);
        } else if (strncmp(argv[i], "--", 2) == 0) {
            taken = read_option(&command->options, argc - i, argv + i);
        } else if (command->file != NULL) {
            return complain("one file is enough; what is", argv[i]);
        } else {
            command->file = argv[i];
        }
        if (taken == 0)
            return STATUS_USAGE;
        i += taken;
    }
    if (command->lines && command->records != NULL)
        return complain("--lines are records already; what is", command->records);
    return 0;
}

int tg_tool_convert(int argc, char **argv)
{
    const char *direction = argc > 0 ? argv[0] : "";
    struct tg_convert_command command = {.options.to_json = strcmp(direction, "xml-to-json") == 0};

    if (strcmp(direction, "--help") == 0)
        return print_help();
    if (!command.options.to_json && strcmp(direction, "json-to-xml") != 0)
        return complain("xml-to-json or json-to-xml must follow, not", direction);
    int status = read_arguments(&command, argc, argv);
    if (status == 0)
        status = command.help ? print_help() : tg_convert_run(&command);
    tg_options_text_dispose(&command.options);
    return status;
}
