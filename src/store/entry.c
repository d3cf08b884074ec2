#include "store/entry.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

#include "http/status.h"

enum { MALLOC_HEADER = 16 };

static struct tg_text copy(char **at, struct tg_text text)
{
    char *base = *at;

    if (text.len != 0)
        memcpy(base, text.base, text.len);
    *at += text.len;
    return tg_text(base, text.len);
}

static struct tg_text reason_of(const struct tg_entry_recipe *recipe)
{
    return recipe->kind == TG_ENTRY_RESPONSE ? tg_text_of(tg_status_reason(recipe->status))
                                             : tg_text("", 0);
}

static size_t size_of_texts(const struct tg_entry_recipe *recipe)
{
    size_t size = recipe->key.len + recipe->url.len + recipe->body.len + reason_of(recipe).len + 1;

    for (size_t i = 0; i < recipe->field_count; i++)
        size += recipe->fields[i].name.len + recipe->fields[i].value.len + 4;
    return size;
}

/* The fields are parts of the head, which hits send as it is. */
static void copy_head(char **at, const struct tg_entry_recipe *recipe,
                      struct tg_entry_field *fields)
{
    copy(at, reason_of(recipe));
    for (size_t i = 0; i < recipe->field_count; i++) {
        copy(at, TG_TEXT("\r\n"));
        fields[i].name = copy(at, recipe->fields[i].name);
        copy(at, TG_TEXT(": "));
        fields[i].value = copy(at, recipe->fields[i].value);
        fields[i].token = recipe->fields[i].token;
    }
    copy(at, tg_text("", 1));
}

/* Of the memory that an entry is in. */
static size_t size_of(const struct tg_entry_recipe *recipe, struct tg_entry *entry)
{
    return recipe->room != NULL ? tg_room_size(entry) : malloc_usable_size(entry) + MALLOC_HEADER;
}

/* One piece of memory: the struct, the fields, the tags, the texts. */
struct tg_entry *tg_entry_create(const struct tg_entry_recipe *recipe)
{
    size_t fields_size = recipe->field_count * sizeof(*recipe->fields);
    size_t tags_size = recipe->tag_count * sizeof(*recipe->tags);
    size_t all = sizeof(struct tg_entry) + fields_size + tags_size + size_of_texts(recipe);
    struct tg_entry *entry = recipe->room != NULL ? tg_room_alloc(recipe->room, all) : malloc(all);
    assert(entry != NULL); /* what is made is bounded by cache.object */

    *entry = (struct tg_entry){.is = *recipe, .size = size_of(recipe, entry)};
    atomic_init(&entry->holders, 1);
    struct tg_entry_field *fields = (struct tg_entry_field *)(entry + 1);
    uint64_t *tags = (uint64_t *)((char *)fields + fields_size);
    char *at = (char *)tags + tags_size;
    if (tags_size != 0)
        memcpy(tags, recipe->tags, tags_size);
    entry->head = at;
    copy_head(&at, recipe, fields);
    entry->is.fields = fields;
    entry->is.tags = tags;
    entry->is.key = copy(&at, recipe->key);
    entry->is.url = copy(&at, recipe->url);
    entry->is.body = copy(&at, recipe->body);
    return entry;
}

struct tg_entry *tg_entry_hold(struct tg_entry *entry)
{
    atomic_fetch_add_explicit(&entry->holders, 1, memory_order_relaxed);
    return entry;
}

void tg_entry_release(struct tg_entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->holders, 1, memory_order_acq_rel) != 1)
        return;
    if (entry->is.room != NULL)
        tg_room_free(entry->is.room, entry);
    else
        free(entry);
}

const struct tg_entry_field *tg_entry_field(const struct tg_entry *entry, struct tg_text name)
{
    for (size_t i = 0; i < entry->is.field_count; i++)
        if (tg_text_is_nocase(entry->is.fields[i].name, name))
            return &entry->is.fields[i];
    return NULL;
}
