/* Paths of schemas: inside of one folder, written in one way. */
#include <string.h>

#include "codec/schema_files.h"

/* Appends one part of a path; ".." takes the last one away. */
static bool add_part(char *path, const char *part, size_t len)
{
    size_t have = strlen(path);

    if (len == 0 || (len == 1 && part[0] == '.'))
        return true;
    if (len == 2 && part[0] == '.' && part[1] == '.') {
        if (have == 0)
            return false;
        char *slash = strrchr(path, '/');
        *(slash != NULL ? slash : path) = '\0';
        return true;
    }
    if (have + len + 2 > TG_SCHEMA_PATH)
        return false;
    if (have != 0)
        path[have++] = '/';
    memcpy(path + have, part, len);
    path[have + len] = '\0';
    return true;
}

static bool add_parts(char *path, const char *parts, const char *end)
{
    while (parts < end) {
        const char *slash = memchr(parts, '/', (size_t)(end - parts));
        const char *stop = slash != NULL ? slash : end;
        if (!add_part(path, parts, (size_t)(stop - parts)))
            return false;
        parts = stop + 1;
    }
    return true;
}

bool tg_schema_path(char path[TG_SCHEMA_PATH], const char *base, const char *location)
{
    const char *folder = strrchr(base, '/');

    path[0] = '\0';
    if (location[0] == '/' || location[0] == '\0' || strpbrk(location, ":\\?#%\n") != NULL)
        return false;
    if (folder != NULL && !add_parts(path, base, folder))
        return false;
    return add_parts(path, location, location + strlen(location)) && path[0] != '\0';
}
