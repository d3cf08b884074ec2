/* The command line. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/channel.h"
#include "gate/check.h"
#include "gate/command.h"
#include "gate/server.h"
#include "http/query.h"
#include "master/master.h"
#include "test/run.h"
#include "tool/convert.h"

enum { STATUS_USAGE = 2 };

static const char usage[] =
    "usage: tidegate COMMAND [SITE] [options]\n"
    "\n"
    "  run [SITE]       serve a site: a folder with a file site.lua\n"
    "                     --port N    listen on this port instead of the first one of the site\n"
    "                     --watch     reload the site whenever a file of it changes\n"
    "                     --single    in this process, without a master that replaces it\n"
    "  check [SITE]     read everything strictly, load every script, resolve backends' names\n"
    "                     --format json   say what is wrong as JSON, for editors and CI\n"
    "                     --self-test     also send the self_test of each route; calls backends\n"
    "  routes [SITE]    show the table of routes\n"
    "  status [SITE]    ask the process that serves the site how it is\n"
    "                     --admin A   ask at this address instead, such as unix:admin.sock;\n"
    "                                 a token is taken from TIDEGATE_ADMIN_TOKEN\n"
    "                     --json      as JSON\n"
    "  reload [SITE]    let that process read its site anew, and show what has changed;\n"
    "                   when something is wrong the old one goes on being served\n"
    "                     --admin, --json as above\n"
    "  purge [SITE] --tag T | --url U | --prefix P | --all\n"
    "                   take answers out of that process's cache\n"
    "                     --soft      let them become stale instead\n"
    "                     --admin, --json as above\n"
    "  rollback [SITE]  let that process serve again what it served before its last reload\n"
    "                     --admin, --json as above\n"
    "  drain [SITE]     let that process end what it has begun, and then itself\n"
    "                     --admin, --json as above\n"
    "  test [SITE] [PATH…]  run the site's specs, in virtual time: see tidegate test --help\n"
    "  record [SITE]    make a spec of what a process that runs is asked: see tidegate record "
    "--help\n"
    "  new DIR          make a site to begin with; new route 'GET /x/{id}' adds a route to one\n"
    "  import WSDL [DIR]  make a site of a SOAP service: see tidegate import --help\n"
    "  openapi [SITE]   write the site's OpenAPI document: see tidegate openapi --help\n"
    "  convert …        XML to JSON and back: see tidegate convert --help\n"
    "  --version        say which version this is\n"
    "  --help           say this\n"
    "\n"
    "Without SITE it is the one that came with tidegate. Exit status: 0 when all is well,\n"
    "1 when something is wrong with the site, it can't be served or does not answer, 2 for a wrong "
    "command line.\n";

struct command {
    const char *name;
    const char *site;
    const char *admin;
    int port; /* -1: as the site says */
    bool json, watch, single, self_test;
    struct tg_buffer purge; /* the query of POST /purge */
};

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "tidegate: %s '%s'; see tidegate --help\n", what, which);
    return STATUS_USAGE;
}

static const char *default_site(void)
{
    struct stat found;

    return stat(TG_INSTALLED_SITE "/site.lua", &found) == 0 ? TG_INSTALLED_SITE : TG_SOURCE_SITE;
}

static int read_port(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return -1;
    int port = atoi(text);
    return port <= 65535 ? port : -1;
}

/* Whether it is a command for a process that runs. */
static bool asks(const struct command *command)
{
    return strcmp(command->name, "status") == 0 || strcmp(command->name, "reload") == 0 ||
           strcmp(command->name, "rollback") == 0 || strcmp(command->name, "drain") == 0 ||
           strcmp(command->name, "purge") == 0;
}

static const char *purge_query(struct command *command)
{
    tg_buffer_put(&command->purge, '\0');
    return command->purge.base;
}

static void add_to_purge(struct command *command, const char *name, const char *value)
{
    tg_buffer_printf(&command->purge, "%s%s=", command->purge.len != 0 ? "&" : "", name);
    tg_query_encode(&command->purge, tg_text_of(value));
}

/* Takes an option of purge at argv[*i]: 1 when it was one, 0 when not, -1 when its value is
 * missing. */
static int read_purge(int argc, char **argv, int *i, struct command *command)
{
    static const char *const with_value[] = {"--tag", "--url", "--prefix"};

    if (strcmp(command->name, "purge") != 0)
        return 0;
    if (strcmp(argv[*i], "--all") == 0 || strcmp(argv[*i], "--soft") == 0) {
        add_to_purge(command, argv[*i] + 2, "true");
        return 1;
    }
    for (size_t k = 0; k < sizeof(with_value) / sizeof(*with_value); k++) {
        if (strcmp(argv[*i], with_value[k]) != 0)
            continue;
        if (*i + 1 == argc)
            return -1;
        add_to_purge(command, with_value[k] + 2, argv[++*i]);
        return 1;
    }
    return 0;
}

/* A slash at the end would stand twice in every message. */
static void trim_site(char *site)
{
    size_t len = strlen(site);

    while (len > 1 && site[len - 1] == '/')
        site[--len] = '\0';
}

/* 0, or the exit status of a wrong command line. */
static int read_arguments(int argc, char **argv, struct command *command)
{
    for (int i = 2; i < argc; i++) {
        int purges = read_purge(argc, argv, &i, command);
        if (purges < 0)
            return complain("a value must follow", argv[i]);
        if (purges > 0)
            continue;
        if (strcmp(argv[i], "--port") == 0 && strcmp(command->name, "run") == 0) {
            if (i + 1 == argc)
                return complain("a port must follow", argv[i]);
            command->port = read_port(argv[++i]);
            if (command->port < 0)
                return complain("a port is a number from 0 to 65535, not", argv[i]);
        } else if (strcmp(argv[i], "--format") == 0 && strcmp(command->name, "check") == 0) {
            if (i + 1 == argc || strcmp(argv[i + 1], "json") != 0)
                return complain("'json' must follow", argv[i]);
            command->json = true;
            i++;
        } else if (strcmp(argv[i], "--watch") == 0 && strcmp(command->name, "run") == 0) {
            command->watch = true;
        } else if (strcmp(argv[i], "--single") == 0 && strcmp(command->name, "run") == 0) {
            command->single = true;
        } else if (strcmp(argv[i], "--admin") == 0 && asks(command)) {
            if (i + 1 == argc)
                return complain("an address must follow", argv[i]);
            command->admin = argv[++i];
            trim_site(argv[i]);
        } else if (strcmp(argv[i], "--self-test") == 0 && strcmp(command->name, "check") == 0) {
            command->self_test = true;
        } else if (strcmp(argv[i], "--json") == 0 && asks(command)) {
            command->json = true;
        } else if (argv[i][0] == '-') {
            return complain("unknown option", argv[i]);
        } else if (command->site != NULL) {
            return complain("one site is enough; what is", argv[i]);
        } else {
            command->site = argv[i];
            trim_site(argv[i]);
        }
    }
    return 0;
}

static int purge(const char *site, struct command *command)
{
    int status = tg_command_purge(site, command->admin, purge_query(command), command->json);

    tg_buffer_dispose(&command->purge);
    return status;
}

int main(int argc, char **argv)
{
    struct command command = {.name = argc > 1 ? argv[1] : "", .port = -1};

    if (strcmp(command.name, "--help") == 0 || strcmp(command.name, "help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (strcmp(command.name, "--version") == 0) {
        puts("tidegate " TG_VERSION);
        return 0;
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    if (strcmp(command.name, "convert") == 0)
        return tg_tool_convert(argc - 2, argv + 2);
    if (strcmp(command.name, "new") == 0)
        return tg_test_new(argc - 2, argv + 2, default_site());
    if (strcmp(command.name, "import") == 0)
        return tg_test_import(argc - 2, argv + 2, default_site());
    if (strcmp(command.name, "openapi") == 0)
        return tg_test_openapi(argc - 2, argv + 2, default_site());
    if (strcmp(command.name, "record") == 0)
        return tg_test_record(argc - 2, argv + 2, default_site());
    if (strcmp(command.name, "test") == 0)
        return tg_test_run(argc - 2, argv + 2, default_site());
    int wrong = read_arguments(argc, argv, &command);
    if (wrong != 0)
        return wrong;
    const char *site = command.site != NULL ? command.site : default_site();
    bool has_master = getenv(TG_CHANNEL_VARIABLE) != NULL;
    if (strcmp(command.name, "run") == 0 && !command.single && !has_master)
        return tg_master_run(argv + 1);
    if (strcmp(command.name, "run") == 0)
        return tg_server_run(site, command.port, command.watch);
    if (strcmp(command.name, "check") == 0)
        return tg_check_site(site, command.json, command.self_test);
    if (strcmp(command.name, "routes") == 0)
        return tg_check_routes(site);
    if (strcmp(command.name, "status") == 0)
        return tg_command_status(site, command.admin, command.json);
    if (strcmp(command.name, "reload") == 0)
        return tg_command_reload(site, command.admin, command.json);
    if (strcmp(command.name, "rollback") == 0)
        return tg_command_rollback(site, command.admin, command.json);
    if (strcmp(command.name, "drain") == 0)
        return tg_command_drain(site, command.admin, command.json);
    if (strcmp(command.name, "purge") == 0)
        return purge(site, &command);
    return complain("unknown command", command.name);
}
