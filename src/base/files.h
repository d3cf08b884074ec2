/* Files as they were when they were first read: whoever reads one again gets the same. */
#ifndef TG_BASE_FILES_H
#define TG_BASE_FILES_H

#include <stdbool.h>

#include "base/text.h"

struct tg_files;

/* The one who asks holds it. Any thread may call all of these. */
struct tg_files *tg_files_create(void);
struct tg_files *tg_files_hold(struct tg_files *files);
void tg_files_release(struct tg_files *files);

/* The content lives as long as `files`. False when it can't be read; then it is tried anew when
 * somebody asks again. */
bool tg_files_read(struct tg_files *files, const char *path, struct tg_text *content);

/* Whether both know the same files, with the same content. */
bool tg_files_equal(struct tg_files *a, struct tg_files *b);

#endif
