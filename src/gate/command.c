#include "gate/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "gate/ask.h"
#include "gate/server.h"
#include "gate/status.h"

enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    ANSWER_MOST = 67108864,
    CHANGE_S = 660, /* the site's specs may take 600 s */
};

/* Asks the address and shows what it says. */
static int ask(const struct tg_admin_address *address, const struct tg_question *question,
               const char *shown, bool json)
{
    struct tg_buffer body = {.limit = ANSWER_MOST};
    int status = 0;
    const char *wrong = tg_ask(address, question, &status, &body);
    bool well = wrong == NULL;
    FILE *to = status == 200 ? stdout : stderr;

    if (!well)
        fprintf(stderr, "tidegate: %s: %s\n", shown, wrong);
    else if (json)
        fwrite(body.base, 1, body.len, stdout);
    else if (!(well = tg_status_print(tg_text(body.base, body.len), to)))
        fprintf(stderr, "tidegate: %s: what it says is not understood\n", shown);
    tg_buffer_dispose(&body);
    return well && status == 200 ? STATUS_OK : STATUS_FAILED;
}

static int ask_address(const char *text, struct tg_question *question, bool json)
{
    const char *token = getenv("TIDEGATE_ADMIN_TOKEN");
    struct tg_admin_address address;
    const char *wrong = tg_admin_address_parse(tg_text_of(text), ".", true, &address);

    if (wrong != NULL) {
        fprintf(stderr, "tidegate: '%s': %s\n", text, wrong);
        return STATUS_FAILED;
    }
    question->token = tg_text_of(token != NULL ? token : "");
    return ask(&address, question, text, json);
}

static int ask_site(const char *folder, struct tg_question *question, bool json)
{
    struct tg_site *site = tg_server_read(folder);
    int result = STATUS_FAILED;

    if (site == NULL)
        return result;
    if (site->admin == NULL) {
        fprintf(stderr, "tidegate: %s/site.lua has no admin address\n", folder);
    } else {
        question->token = site->admin->token;
        result = ask(&site->admin->address, question, folder, json);
    }
    tg_site_destroy(site);
    return result;
}

const char *tg_command_question(const char *folder, const char *admin, struct tg_question *question,
                                int *status, struct tg_buffer *body)
{
    const char *token = getenv("TIDEGATE_ADMIN_TOKEN"), *wrong;
    struct tg_admin_address address;

    if (admin != NULL) {
        question->token = tg_text_of(token != NULL ? token : "");
        wrong = tg_admin_address_parse(tg_text_of(admin), ".", true, &address);
        return wrong != NULL ? wrong : tg_ask(&address, question, status, body);
    }
    struct tg_site *site = tg_server_read(folder);
    if (site == NULL)
        return "the site can't be read";
    if (site->admin != NULL)
        question->token = site->admin->token;
    wrong = site->admin == NULL ? "its site.lua has no admin address"
                                : tg_ask(&site->admin->address, question, status, body);
    tg_site_destroy(site);
    return wrong;
}

int tg_command_status(const char *folder, const char *admin, bool json)
{
    struct tg_question question = {.method = "GET", .path = "/status", .timeout_s = 5};

    return admin != NULL ? ask_address(admin, &question, json) : ask_site(folder, &question, json);
}

int tg_command_drain(const char *folder, const char *admin, bool json)
{
    struct tg_question question = {.method = "POST", .path = "/drain", .timeout_s = 5};

    return admin != NULL ? ask_address(admin, &question, json) : ask_site(folder, &question, json);
}

int tg_command_purge(const char *folder, const char *admin, const char *query, bool json)
{
    size_t size = strlen(query) + 16;
    char *path = h2o_mem_alloc(size);
    struct tg_question question = {
        .method = "POST", .path = path, .expected = 422, .timeout_s = 60};

    snprintf(path, size, "/purge?%s", query);
    int result =
        admin != NULL ? ask_address(admin, &question, json) : ask_site(folder, &question, json);
    free(path);
    return result;
}

static int change(const char *folder, const char *admin, bool json, const char *path)
{
    struct tg_question question = {
        .method = "POST", .path = path, .expected = 422, .timeout_s = CHANGE_S};

    return admin != NULL ? ask_address(admin, &question, json) : ask_site(folder, &question, json);
}

int tg_command_reload(const char *folder, const char *admin, bool json)
{
    return change(folder, admin, json, "/reload");
}

int tg_command_rollback(const char *folder, const char *admin, bool json)
{
    return change(folder, admin, json, "/rollback");
}
