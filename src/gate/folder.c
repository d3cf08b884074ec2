#include "gate/folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEPTH = 32,
    EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR,
};

struct tg_folder {
    char *path;
    int fd;
};

/* A folder that has gone meanwhile is none of ours; one that is watched already stays so. */
static void add(struct tg_folder *folder, const char *path, int depth)
{
    DIR *listing = depth < DEPTH ? opendir(path) : NULL;
    char inner[4096];

    inotify_add_watch(folder->fd, path, EVENTS);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        struct stat found;
        if (entry->d_name[0] == '.')
            continue;
        int n = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof(inner) && lstat(inner, &found) == 0 &&
            S_ISDIR(found.st_mode))
            add(folder, inner, depth + 1);
    }
    if (listing != NULL)
        closedir(listing);
}

struct tg_folder *tg_folder_watch(const char *path)
{
    struct tg_folder *folder = calloc(1, sizeof(*folder));

    assert(folder != NULL);
    folder->path = strdup(path);
    folder->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (folder->fd >= 0 && inotify_add_watch(folder->fd, path, EVENTS) >= 0) {
        add(folder, path, 0);
        return folder;
    }
    int reason = errno;
    tg_folder_forget(folder);
    errno = reason;
    return NULL;
}

void tg_folder_forget(struct tg_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder->path);
    free(folder);
}

int tg_folder_fd(const struct tg_folder *folder)
{
    return folder != NULL ? folder->fd : -1;
}

static bool counts(const struct inotify_event *event)
{
    size_t len = event->len != 0 ? strlen(event->name) : 0;

    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (len == 0 || event->name[0] == '.' || event->name[len - 1] == '~')
        return false;
    /* A new file counts when it is closed; a link is never written to. */
    return !(event->mask & IN_CREATE) || event->mask & IN_ISDIR;
}

bool tg_folder_changed(struct tg_folder *folder)
{
    _Alignas(struct inotify_event) char events[16384];
    bool changed = false, grown = false;
    ssize_t n;

    while ((n = read(folder->fd, events, sizeof(events))) > 0)
        for (const char *at = events; at < events + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            at += sizeof(*event) + event->len;
            changed = counts(event) || changed;
            grown = grown || event->mask & (IN_ISDIR | IN_Q_OVERFLOW);
        }
    if (grown)
        add(folder, folder->path, 0);
    return changed;
}
