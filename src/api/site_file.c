#include "api/site_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the real path is below the real root. */
static bool is_inside(const char *root, const char *path)
{
    size_t len = strlen(root);

    while (len > 1 && root[len - 1] == '/')
        len--;
    return len == 1 || (strncmp(root, path, len) == 0 && path[len] == '/');
}

/* The path without links; NULL: *why. */
static char *resolve(const char *root, const char *path, const char **why)
{
    char full[4096];
    int n = snprintf(full, sizeof(full), "%s/%s", root, path);

    if (n < 0 || (size_t)n >= sizeof(full)) {
        *why = "the path is too long";
        return NULL;
    }
    char *folder = realpath(root, NULL), *real = folder != NULL ? realpath(full, NULL) : NULL;
    *why = real == NULL ? "there is no such file" : NULL;
    if (real != NULL && !is_inside(folder, real)) {
        *why = "it is outside of the site's folder";
        free(real);
        real = NULL;
    }
    free(folder);
    return real;
}

static bool read_all(int fd, struct tg_buffer *out, const char **why)
{
    char piece[16384];
    struct stat found;
    ssize_t n;

    *why = "it is not a regular file";
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        return false;
    *why = "it can't be read";
    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || !tg_buffer_append(out, piece, (size_t)n))
            return false;
    }
    return true;
}

bool tg_site_file_read(const char *root, const char *path, struct tg_buffer *out, const char **why)
{
    char *real = resolve(root, path, why);

    if (real == NULL)
        return false;
    int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    free(real);
    if (fd < 0) {
        *why = "it can't be opened";
        return false;
    }
    bool good = read_all(fd, out, why);
    close(fd);
    return good;
}
