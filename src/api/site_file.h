/* Files in a site's folder, and nowhere else. */
#ifndef TG_API_SITE_FILE_H
#define TG_API_SITE_FILE_H

#include <stdbool.h>

#include "base/buffer.h"

/* Appends the bytes of root/path, a regular file that lies in the folder whatever links lead there;
 * the buffer's limit holds. False: *why says so, a constant. */
bool tg_site_file_read(const char *root, const char *path, struct tg_buffer *out, const char **why);

#endif
