/* Names and namespace names of XML, interned: each text is one object, found by a seeded hash.
 * What is true of a text (that it is a name, its parts) is found out once. */
#ifndef TG_CODEC_XML_NAMES_H
#define TG_CODEC_XML_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "codec/block.h"

enum tg_xml_kind {
    TG_XML_PLAIN,
    TG_XML_XMLNS,        /* a name: the attribute xmlns */
    TG_XML_XMLNS_PREFIX, /* a name: an attribute xmlns:… */
    TG_XML_URI_EMPTY,    /* a namespace: none */
    TG_XML_URI_BAD,      /* a namespace: not a URI reference */
    TG_XML_URI_XML,
    TG_XML_URI_XMLNS,
    TG_XML_URI_XSI,
};

struct tg_xml_name {
    char first[TG_BLOCK]; /* the first bytes, zeros after a shorter text */
    size_t len;
    uint64_t hash;
    unsigned want; /* a bit for each byte of `first` that counts; more than can be when len > 16 */
    unsigned role; /* of a key of JSON: what its value is in XML */
    struct tg_xml_name *follower;  /* the name that came after this one, last time */
    struct tg_xml_name *prefix;    /* NULL when there is none */
    struct tg_xml_name *local;     /* the name behind the prefix, or this one; of a key its name */
    struct tg_xml_name *namespace; /* as a prefix: what it is bound to now, NULL when to nothing */
    struct tg_xml_name *declared;  /* of a declaration: the namespace that it last had rightly */
    enum tg_xml_kind kind;
    bool literal;       /* a namespace: what is written for it in XML and JSON is its text */
    uint32_t run;       /* the run of members of this name, see xml_members.h */
    uint32_t path;      /* the first of the paths that end with this name, see xml_paths.h */
    uint32_t attribute; /* the latest attribute of this local name, while merged == the tag */
    uint64_t document;  /* the last document that had this name */
    uint64_t pathed;    /* the last document in which `path` was set */
    uint64_t tag;       /* the last tag that had an attribute of this name */
    uint64_t merged;    /* the last tag that had an attribute of this local name */
    char json[];        /* ,"name": and a blank; room for blocks to be copied whole */
};

struct tg_xml_chunk;

struct tg_xml_names {
    struct tg_xml_name **slots;
    size_t mask;  /* slots - 1 */
    size_t count; /* of names */
    size_t bytes; /* of memory in chunks */
    struct tg_xml_chunk *chunks;
    uint64_t seed[2];
};

/* Room for the text of a name in `json`, before and after it. */
#define TG_XML_JSON_BEFORE 2
#define TG_XML_JSON_AROUND 5

static inline struct tg_text tg_xml_name_text(const struct tg_xml_name *name)
{
    return tg_text(name->json + TG_XML_JSON_BEFORE, name->len);
}

/* Whether the text at p begins with the name; sixteen bytes may be read there. For a long name
 * this is false. */
static inline bool tg_xml_name_is_at(const struct tg_xml_name *name, const char *p)
{
    return (tg_block_same(tg_block_load(name->first), tg_block_load(p)) & name->want) == name->want;
}

/* The seed is taken from the system; it stays for the life of the table. */
void tg_xml_names_init(struct tg_xml_names *names);
void tg_xml_names_dispose(struct tg_xml_names *names);

/* Forgets all names. */
void tg_xml_names_clear(struct tg_xml_names *names);

uint64_t tg_xml_names_hash(const struct tg_xml_names *names, struct tg_text text);

/* The name of a text, NULL when it is not there. */
struct tg_xml_name *tg_xml_names_find(const struct tg_xml_names *names, struct tg_text text,
                                      uint64_t hash);

/* Adds a text that is not there; the caller sets its prefix, local name and kind. */
struct tg_xml_name *tg_xml_names_add(struct tg_xml_names *names, struct tg_text text,
                                     uint64_t hash);

/* Finds or adds; *added tells which. */
struct tg_xml_name *tg_xml_names_intern(struct tg_xml_names *names, struct tg_text text,
                                        bool *added);

static inline uint64_t tg_xml_names_mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The hash of a text of at most sixteen bytes, from its bytes with zeros behind. */
static inline uint64_t tg_xml_names_hash_short(const struct tg_xml_names *names,
                                               const char first[TG_BLOCK], size_t len)
{
    uint64_t words[2];

    memcpy(words, first, sizeof(words));
    return tg_xml_names_mix(words[0] ^ names->seed[0], words[1] ^ names->seed[1] ^ len);
}

static inline struct tg_xml_name *tg_xml_names_find_short(const struct tg_xml_names *names,
                                                          const char first[TG_BLOCK], size_t len,
                                                          uint64_t hash)
{
    for (size_t i = hash & names->mask;; i = (i + 1) & names->mask) {
        struct tg_xml_name *name = names->slots[i];
        if (name == NULL || (name->len == len && memcmp(name->first, first, TG_BLOCK) == 0))
            return name;
    }
}

#endif
