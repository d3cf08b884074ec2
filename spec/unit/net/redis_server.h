/* For the tests of net/redis: a real redis-server on a Unix socket. */
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
    char dir[64], socket[96], url[160];
    char arguments[12][128]; /* beyond those that all have */
    size_t argument_count;
    pid_t pid;
};

static inline void redis_server_init(struct redis_server *server)
{
    *server = (struct redis_server){.dir = "/tmp/tidegate-redis-XXXXXX"};
    assert_non_null(mkdtemp(server->dir));
    snprintf(server->socket, sizeof(server->socket), "%s/socket", server->dir);
    snprintf(server->url, sizeof(server->url), "redis+unix:%s", server->socket);
}

static inline void redis_server_argue(struct redis_server *server, const char *argument)
{
    snprintf(server->arguments[server->argument_count++], 128, "%s", argument);
}

/* Reads what it says until it says that it listens. */
static inline void redis_server_await(struct redis_server *server, int said)
{
    char text[65536];
    size_t len = 0;

    while (len + 1 < sizeof(text)) {
        ssize_t n = read(said, text + len, sizeof(text) - len - 1);
        assert_true(n > 0 || errno == EINTR); /* is redis-tools installed? */
        len += n > 0 ? (size_t)n : 0;
        text[len] = '\0';
        if (strstr(text, "eady to accept connections") != NULL)
            return;
    }
    fail_msg("%s says much, but not that it listens", server->socket);
}

/* Waits until it listens. */
static inline void redis_server_start(struct redis_server *server)
{
    const char *argv[32] = {"redis-server", "--port", "0",        "--unixsocket",
                            server->socket, "--save", "",         "--appendonly",
                            "no",           "--dir",  server->dir};
    size_t count = 11;
    int said[2];

    for (size_t i = 0; i < server->argument_count; i++)
        argv[count++] = server->arguments[i];
    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no server behind */
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(said[1], 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        execvp("redis-check-rdb", (char *const *)(uintptr_t)argv); /* its name decides what it is */
        _exit(127);
    }
    close(said[1]);
    redis_server_await(server, said[0]);
    close(said[0]); /* it goes on without */
}

static inline void redis_server_kill(struct redis_server *server)
{
    if (server->pid != 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        unlink(server->socket);
    }
    server->pid = 0;
}

/* Stopped, it takes bytes and says nothing. */
static inline void redis_server_pause(struct redis_server *server)
{
    int status;

    kill(server->pid, SIGSTOP);
    waitpid(server->pid, &status, WUNTRACED);
}

static inline void redis_server_continue(struct redis_server *server)
{
    kill(server->pid, SIGCONT);
}

static inline void redis_server_dispose(struct redis_server *server)
{
    redis_server_kill(server);
    rmdir(server->dir);
}
