#include "codec/schema_store.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct entry {
    struct entry *next;
    char *key; /* the path and the added texts */
    size_t key_len;
    struct tg_schema *schema;
};

struct tg_schema_store {
    pthread_mutex_t lock; /* also while a schema is made: others want the same one */
    struct entry *entries;
};

struct tg_schema_store *tg_schema_store_create(void)
{
    struct tg_schema_store *store = calloc(1, sizeof(*store));

    assert(store != NULL);
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

void tg_schema_store_destroy(struct tg_schema_store *store)
{
    for (struct entry *entry = store->entries, *next; entry != NULL; entry = next) {
        next = entry->next;
        tg_schema_destroy(entry->schema);
        free(entry->key);
        free(entry);
    }
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static void put_key(struct tg_buffer *key, const char *path, const struct tg_text *more,
                    size_t more_count)
{
    tg_buffer_append(key, path, strlen(path) + 1);
    for (size_t i = 0; i < more_count; i++)
        tg_buffer_append(key, more[i].base, more[i].len);
}

static const struct tg_schema *find(const struct tg_schema_store *store,
                                    const struct tg_buffer *key)
{
    for (const struct entry *entry = store->entries; entry != NULL; entry = entry->next)
        if (entry->key_len == key->len && memcmp(entry->key, key->base, key->len) == 0)
            return entry->schema;
    return NULL;
}

/* Takes the key. */
static const struct tg_schema *add(struct tg_schema_store *store, struct tg_schema *schema,
                                   struct tg_buffer *key)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    assert(entry != NULL);
    *entry = (struct entry){store->entries, key->base, key->len, schema};
    *key = (struct tg_buffer){.limit = 0};
    store->entries = entry;
    return schema;
}

const struct tg_schema *tg_schema_store_get(struct tg_schema_store *store,
                                            const struct tg_schema_source *source, const char *path,
                                            const struct tg_text *more, size_t more_count,
                                            struct tg_schema_error *error)
{
    struct tg_buffer key = {.limit = 0};

    put_key(&key, path, more, more_count);
    pthread_mutex_lock(&store->lock);
    const struct tg_schema *schema = find(store, &key);
    if (schema == NULL) {
        struct tg_schema *made = tg_schema_create(source, path, more, more_count, error);
        if (made != NULL)
            schema = add(store, made, &key);
    }
    pthread_mutex_unlock(&store->lock);
    tg_buffer_dispose(&key);
    return schema;
}
