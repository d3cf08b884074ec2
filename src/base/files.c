#include "base/files.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

enum { SLOTS = 64, PIECE = 65536 };

struct file {
    char *path; /* NULL: the slot is free */
    struct tg_buffer content;
};

struct tg_files {
    _Atomic unsigned holders;
    pthread_mutex_t lock;
    struct file *slots; /* a hash table; their number is a power of two */
    size_t slot_count, count;
};

struct tg_files *tg_files_create(void)
{
    struct tg_files *files = calloc(1, sizeof(*files));

    assert(files != NULL);
    atomic_init(&files->holders, 1);
    pthread_mutex_init(&files->lock, NULL);
    files->slot_count = SLOTS;
    files->slots = calloc(SLOTS, sizeof(*files->slots));
    assert(files->slots != NULL);
    return files;
}

struct tg_files *tg_files_hold(struct tg_files *files)
{
    atomic_fetch_add(&files->holders, 1);
    return files;
}

void tg_files_release(struct tg_files *files)
{
    if (atomic_fetch_sub(&files->holders, 1) != 1)
        return;
    for (size_t i = 0; i < files->slot_count; i++) {
        free(files->slots[i].path);
        tg_buffer_dispose(&files->slots[i].content);
    }
    free(files->slots);
    pthread_mutex_destroy(&files->lock);
    free(files);
}

static size_t hash(const char *path)
{
    uint64_t h = 1469598103934665603u;

    for (; *path != '\0'; path++)
        h = (h ^ (unsigned char)*path) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

/* The slot of the path, or the free one where it belongs. */
static struct file *find(const struct tg_files *files, const char *path)
{
    size_t mask = files->slot_count - 1, i = hash(path) & mask;

    while (files->slots[i].path != NULL && strcmp(files->slots[i].path, path) != 0)
        i = (i + 1) & mask;
    return &files->slots[i];
}

static void grow(struct tg_files *files)
{
    struct tg_files larger = {.slot_count = files->slot_count * 2};

    larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
    assert(larger.slots != NULL);
    for (size_t i = 0; i < files->slot_count; i++)
        if (files->slots[i].path != NULL)
            *find(&larger, files->slots[i].path) = files->slots[i];
    free(files->slots);
    files->slots = larger.slots;
    files->slot_count = larger.slot_count;
}

static bool read_whole(const char *path, struct tg_buffer *content)
{
    FILE *file = fopen(path, "re");
    size_t n = 1;

    if (file == NULL)
        return false;
    while (n != 0) {
        n = fread(tg_buffer_reserve(content, PIECE), 1, PIECE, file);
        content->len += n;
    }
    bool well = ferror(file) == 0;
    fclose(file);
    if (well && content->len != 0)
        content->base = realloc(content->base, content->len);
    content->capacity = content->len;
    return well;
}

bool tg_files_read(struct tg_files *files, const char *path, struct tg_text *content)
{
    pthread_mutex_lock(&files->lock);
    struct file *file = find(files, path);
    bool well = file->path != NULL;
    struct tg_buffer read = {.limit = 0};

    if (!well && (well = read_whole(path, &read))) {
        *file = (struct file){.path = strdup(path), .content = read};
        assert(file->path != NULL);
        *content = tg_text(read.base, read.len);
        if (++files->count * 2 > files->slot_count)
            grow(files);
    } else if (well) {
        *content = tg_text(file->content.base, file->content.len);
    } else {
        tg_buffer_dispose(&read);
    }
    pthread_mutex_unlock(&files->lock);
    if (well && content->len == 0)
        content->base = "";
    return well;
}

static bool is_in(const struct tg_files *files, const struct file *file)
{
    const struct file *other = find(files, file->path);

    return other->path != NULL && tg_text_is(tg_text(other->content.base, other->content.len),
                                             tg_text(file->content.base, file->content.len));
}

bool tg_files_equal(struct tg_files *a, struct tg_files *b)
{
    bool well = true;

    if (a == b)
        return true;
    pthread_mutex_lock(&a->lock);
    pthread_mutex_lock(&b->lock);
    well = a->count == b->count;
    for (size_t i = 0; i < a->slot_count && well; i++)
        well = a->slots[i].path == NULL || is_in(b, &a->slots[i]);
    pthread_mutex_unlock(&b->lock);
    pthread_mutex_unlock(&a->lock);
    return well;
}
