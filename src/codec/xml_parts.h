/* The parts of the scanner that its files share; nobody else includes it. */
#ifndef TG_CODEC_XML_PARTS_H
#define TG_CODEC_XML_PARTS_H

#include "codec/xml_scan.h"

/* The byte before xml->end is always '>', so these loops need no other bound. */
static inline const char *tg_xml_blanks(const char *p)
{
    while (tg_xml_is_blank(*p))
        p++;
    return p;
}

/* What nearly all documents begin with that have a declaration. */
static const char tg_xml_usual[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

static inline bool tg_xml_is_usual(const char *p, const char *end)
{
    return (size_t)(end - p) >= sizeof(tg_xml_usual) - 1 &&
           memcmp(p, tg_xml_usual, sizeof(tg_xml_usual) - 1) == 0;
}

/* Gives n elements of `size` bytes room; grown by half at least. */
void *tg_xml_grow(void *base, size_t *capacity, size_t n, size_t size);

/* xml_prolog.c: <?xml …?> when it stands at xml->at, which is moved behind it. */
bool tg_xml_declaration(struct tg_xml *xml);

/* xml_prolog.c: the encoding that the document's declaration names; empty: none. */
struct tg_text tg_xml_declared_encoding(struct tg_text document);

/* xml_prolog.c: what is neither element nor text. They move xml->at behind it; false: an error. */
bool tg_xml_comment(struct tg_xml *xml, const char *p);
bool tg_xml_instruction(struct tg_xml *xml, const char *p);
bool tg_xml_doctype(struct tg_xml *xml, const char *p);

/* xml_name.c: the name at p; NULL: an error. */
struct tg_xml_name *tg_xml_read_name(struct tg_xml *xml, const char *p);
/* xml_name.c: the bytes of the name without colon at p, 0 when there is none. */
size_t tg_xml_ncname(const char *p, const char *end);
/* xml_name.c: whether the character may stand in a name without colon, or begin it. */
bool tg_xml_is_name_char(uint32_t code, bool first);
/* xml_name.c: where the colon is in a key that is written with a prefix; 0: it is not. */
size_t tg_xml_colon(struct tg_text key);
/* xml_name.c: whether a name is that of a declaration. */
enum tg_xml_kind tg_xml_kind_of(struct tg_text text);
/* xml_name.c: the name of a text that is not of the document; NULL when it is no name. */
struct tg_xml_name *tg_xml_know_name(struct tg_xml *xml, struct tg_text text);
/* xml_name.c: puts xml: back in place after the tables were emptied. */
void tg_xml_bind_xml(struct tg_xml *xml);

/* xml_text.c: text[p, end) with its references, decoded behind what `decoded` holds; with
 * `attribute`, blanks become spaces. A base of NULL: an error. */
struct tg_text tg_xml_decode_text(struct tg_xml *xml, const char *p, const char *end,
                                  bool attribute);

/* xml_tag.c: the start tag whose '<' is at p. */
enum tg_xml_event tg_xml_start_tag(struct tg_xml *xml, const char *p);

/* xml_namespace.c: an xmlns attribute, `again`: its value is name->declared. False: an error. */
bool tg_xml_declare(struct tg_xml *xml, const struct tg_xml_attribute *attribute, bool again,
                    const char *at);
/* xml_namespace.c: checks the prefixes of the tag and its attributes and looks for xsi:nil. */
bool tg_xml_resolve(struct tg_xml *xml, const char *at);

/* How many bytes of a name an error shows: whole characters. */
int tg_xml_shown(struct tg_text name);

/* An end in the middle of things. */
enum tg_xml_event tg_xml_fail_end(struct tg_xml *xml);

#endif
