/* Sees that files of a folder, or of folders in it, change. */
#ifndef TG_GATE_FOLDER_H
#define TG_GATE_FOLDER_H

#include <stdbool.h>

struct tg_folder;

/* NULL with errno set when it can't be watched. */
struct tg_folder *tg_folder_watch(const char *path);
void tg_folder_forget(struct tg_folder *folder);

/* Readable when something may have changed; -1 of NULL. */
int tg_folder_fd(const struct tg_folder *folder);

/* Whether something has changed since it was asked last. Hidden files and editors' copies, and what
 * is written but not closed yet, don't count. */
bool tg_folder_changed(struct tg_folder *folder);

#endif
