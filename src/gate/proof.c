#include "gate/proof.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/text.h"

extern char **environ;

enum { STEP_MS = 50, PIECE = 16384, SAID_MOST = 1048576, LINES_MOST = 100 };

struct proof {
    pid_t pid;
    int fd; /* what it says */
    struct tg_buffer said;
    bool is_full; /* the rest is left out */
};

/* ---- the process */

static bool is_ours(const char *entry)
{
    return strncmp(entry, TG_CHANNEL_VARIABLE "=", sizeof(TG_CHANNEL_VARIABLE)) == 0 ||
           strncmp(entry, TG_CHANNEL_BARRED "=", sizeof(TG_CHANNEL_BARRED)) == 0;
}

/* Ours, without what is between us and our master. To be freed. */
static char **make_environment(void)
{
    static char mark[] = TG_PROOF_VARIABLE "=1";
    size_t count = 0, kept = 0;

    while (environ[count] != NULL)
        count++;
    char **list = calloc(count + 2, sizeof(*list));
    for (size_t i = 0; list != NULL && i < count; i++)
        if (!is_ours(environ[i]))
            list[kept++] = environ[i];
    if (list != NULL)
        list[kept] = mark;
    return list;
}

/* No signal is blocked or ignored in it, and it leads a group of its own. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
}

/* 0, or why not. */
static int spawn(struct proof *proof, const char *folder, int says)
{
    char *words[] = {"tidegate", "test", (char *)folder, "-o", "lines", "-j1", NULL};
    char **environment = make_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, says, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, says, STDERR_FILENO);
    set_attributes(&attributes);
    int reason = environment == NULL ? ENOMEM
                                     : posix_spawn(&proof->pid, "/proc/self/exe", &actions,
                                                   &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return reason;
}

static int start(struct proof *proof, const char *folder)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return errno;
    fcntl(ends[1], F_SETFL, 0); /* its end may block */
    int reason = spawn(proof, folder, ends[1]);
    close(ends[1]);
    proof->fd = ends[0];
    if (reason != 0)
        close(ends[0]);
    return reason;
}

/* Takes what was said; false at the end. */
static bool hear(struct proof *proof)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = read(proof->fd, piece, sizeof(piece))) > 0)
        proof->is_full = proof->is_full || !tg_buffer_append(&proof->said, piece, (size_t)n);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Waits for its end: its status as of waitpid, or -1 when it was ended. */
static int await(struct proof *proof, uint64_t until_ms, const _Atomic bool *stopping)
{
    struct pollfd fd = {.fd = proof->fd, .events = POLLIN};
    bool speaks = true;
    int status = -1;

    while (tg_clock_monotonic_ms() < until_ms && !atomic_load(stopping)) {
        poll(&fd, speaks, STEP_MS);
        speaks = speaks && hear(proof);
        if (waitpid(proof->pid, &status, WNOHANG) == proof->pid) {
            hear(proof);
            kill(-proof->pid, SIGKILL); /* what it may have left */
            return status;
        }
    }
    kill(-proof->pid, SIGKILL);
    waitpid(proof->pid, NULL, 0);
    return -1;
}

/* ---- what it has said */

/* Whether it is 'file:line: …'. */
static bool has_place(struct tg_text line)
{
    const char *colon = memchr(line.base, ':', line.len), *end = line.base + line.len;

    if (colon == NULL || colon + 1 == end || !isdigit((unsigned char)colon[1]))
        return false;
    for (colon++; colon != end && isdigit((unsigned char)*colon);)
        colon++;
    return colon != end && *colon == ':';
}

/* Appends the lines, or only those with a place; how many there were. */
static size_t take_lines(const struct tg_buffer *said, bool places, struct tg_buffer *problems)
{
    const char *at = said->base, *end = at + said->len;
    size_t count = 0;

    while (said->len != 0 && at != end && count < LINES_MOST) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct tg_text line = {at, (size_t)((stop != NULL ? stop : end) - at)};
        at = stop != NULL ? stop + 1 : end;
        if (line.len == 0 || (places && !has_place(line)))
            continue;
        tg_buffer_printf(problems, "%.*s\n", (int)line.len, line.base);
        count++;
    }
    return count;
}

bool tg_proof_run(const char *folder, uint32_t most_ms, const _Atomic bool *stopping,
                  struct tg_buffer *problems)
{
    struct proof proof = {.said = {.limit = SAID_MOST}};
    int reason = start(&proof, folder);

    if (reason != 0) {
        tg_buffer_printf(problems, "%s/spec: the specs can't be run: %s\n", folder,
                         strerror(reason));
        return false;
    }
    int status = await(&proof, tg_clock_monotonic_ms() + most_ms, stopping);
    close(proof.fd);
    if (status == -1)
        tg_buffer_printf(problems, "%s/spec: the specs were not over after %g s\n", folder,
                         most_ms / 1e3);
    else if (status != 0 && take_lines(&proof.said, true, problems) == 0 &&
             take_lines(&proof.said, false, problems) == 0)
        tg_buffer_printf(problems, "%s/spec: `tidegate test` ended with %s %d\n", folder,
                         WIFSIGNALED(status) ? "signal" : "status",
                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    tg_buffer_dispose(&proof.said);
    return status == 0;
}
