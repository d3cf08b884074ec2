#include "codec/xml_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define FIRST_SLOTS 256
#define CHUNK ((size_t)16 * 1024)
#define JSON_SLACK ((size_t)2 * TG_BLOCK) /* the JSON is read in whole blocks */

struct tg_xml_chunk {
    struct tg_xml_chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

/* What we hold is bounded by limits, so a refusal of the system is the end. */
static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        fprintf(stderr, "tidegate: out of memory\n");
        abort();
    }
    return memory;
}

static void set_slots(struct tg_xml_names *names, size_t slots)
{
    names->slots = allocate(slots * sizeof(void *));
    names->mask = slots - 1;
}

void tg_xml_names_init(struct tg_xml_names *names)
{
    *names = (struct tg_xml_names){0};
    if (getrandom(names->seed, sizeof(names->seed), 0) != (ssize_t)sizeof(names->seed)) {
        fprintf(stderr, "tidegate: the system has no random bytes\n");
        abort();
    }
    set_slots(names, FIRST_SLOTS);
}

static void free_chunks(struct tg_xml_names *names)
{
    while (names->chunks != NULL) {
        struct tg_xml_chunk *chunk = names->chunks;
        names->chunks = chunk->next;
        free(chunk);
    }
}

void tg_xml_names_dispose(struct tg_xml_names *names)
{
    free_chunks(names);
    free(names->slots);
    *names = (struct tg_xml_names){0};
}

void tg_xml_names_clear(struct tg_xml_names *names)
{
    free_chunks(names);
    free(names->slots);
    set_slots(names, FIRST_SLOTS);
    names->count = names->bytes = 0;
}

static uint64_t hash_long(const struct tg_xml_names *names, struct tg_text text)
{
    uint64_t hash = names->seed[0] ^ text.len, words[2];
    size_t at = 0;

    for (; text.len - at > sizeof(words); at += sizeof(words)) {
        memcpy(words, text.base + at, sizeof(words));
        hash = tg_xml_names_mix(words[0] ^ hash, words[1] ^ names->seed[1]);
    }
    words[0] = words[1] = 0;
    memcpy(words, text.base + at, text.len - at);
    return tg_xml_names_mix(words[0] ^ hash, words[1] ^ names->seed[1]);
}

uint64_t tg_xml_names_hash(const struct tg_xml_names *names, struct tg_text text)
{
    char first[TG_BLOCK] = {0};

    if (text.len > TG_BLOCK)
        return hash_long(names, text);
    if (text.len != 0)
        memcpy(first, text.base, text.len);
    return tg_xml_names_hash_short(names, first, text.len);
}

struct tg_xml_name *tg_xml_names_find(const struct tg_xml_names *names, struct tg_text text,
                                      uint64_t hash)
{
    for (size_t i = hash & names->mask;; i = (i + 1) & names->mask) {
        struct tg_xml_name *name = names->slots[i];
        if (name == NULL || (name->hash == hash && tg_text_is(tg_xml_name_text(name), text)))
            return name;
    }
}

static void put(struct tg_xml_names *names, struct tg_xml_name *name)
{
    size_t i = name->hash & names->mask;

    while (names->slots[i] != NULL)
        i = (i + 1) & names->mask;
    names->slots[i] = name;
}

static void grow(struct tg_xml_names *names)
{
    struct tg_xml_name **old = names->slots;
    size_t slots = names->mask + 1;

    set_slots(names, slots * 2);
    for (size_t i = 0; i < slots; i++) {
        if (old[i] != NULL)
            put(names, old[i]);
    }
    free(old);
}

static void *take(struct tg_xml_names *names, size_t size)
{
    struct tg_xml_chunk *chunk = names->chunks;

    size = (size + 15) & ~(size_t)15;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        chunk = allocate(sizeof(*chunk) + room);
        chunk->size = room;
        chunk->next = names->chunks;
        names->chunks = chunk;
        names->bytes += room;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

struct tg_xml_name *tg_xml_names_add(struct tg_xml_names *names, struct tg_text text, uint64_t hash)
{
    static const char before[TG_XML_JSON_BEFORE] = {',', '"'}, behind[] = {'"', ':', ' '};

    if (names->count * 2 > names->mask)
        grow(names);
    struct tg_xml_name *name =
        take(names, sizeof(*name) + text.len + TG_XML_JSON_AROUND + JSON_SLACK);
    name->len = text.len;
    name->hash = hash;
    name->local = name;
    name->want = text.len <= TG_BLOCK ? (1U << text.len) - 1 : 1U << TG_BLOCK;
    if (text.len != 0)
        memcpy(name->first, text.base, text.len < TG_BLOCK ? text.len : TG_BLOCK);
    memcpy(name->json, before, sizeof(before));
    if (text.len != 0)
        memcpy(name->json + sizeof(before), text.base, text.len);
    memcpy(name->json + sizeof(before) + text.len, behind, sizeof(behind));
    names->count++;
    put(names, name);
    return name;
}

struct tg_xml_name *tg_xml_names_intern(struct tg_xml_names *names, struct tg_text text,
                                        bool *added)
{
    uint64_t hash = tg_xml_names_hash(names, text);
    struct tg_xml_name *name = tg_xml_names_find(names, text, hash);

    *added = name == NULL;
    return name != NULL ? name : tg_xml_names_add(names, text, hash);
}
