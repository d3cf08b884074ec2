/* The names of namespaces in a tree: libxml2 reads an & in them as "&#38;" and writes them as they
 * lie there, without escapes. Other characters that need some are in no URI, so they were refused.
 */
#include "codec/xml_document_parts.h"

#define READ "&#38;"

/* The element that follows in the order of the document, or NULL behind the last below `root`. */
static xmlNode *next_element(xmlNode *root, xmlNode *node)
{
    do {
        if (node->children != NULL && node->type == XML_ELEMENT_NODE) {
            node = node->children;
        } else {
            while (node != root && node->next == NULL)
                node = node->parent;
            if (node == root)
                return NULL;
            node = node->next;
        }
    } while (node->type != XML_ELEMENT_NODE);
    return node;
}

/* It only gets shorter. */
static void decode(char *name)
{
    char *out = name;

    for (const char *p = name; *p != '\0'; out++) {
        *out = *p;
        p += strncmp(p, READ, strlen(READ)) == 0 ? strlen(READ) : 1;
    }
    *out = '\0';
}

bool tg_document_names_read(xmlNode *root)
{
    bool special = false;

    for (xmlNode *node = root; node != NULL; node = next_element(root, node)) {
        for (xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next) {
            if (ns->href == NULL)
                continue;
            char *name = (char *)(uintptr_t)ns->href;
            decode(name);
            special = special || strchr(name, '&') != NULL;
        }
    }
    return special;
}

static bool escape(struct tg_buffer *out, const char *name)
{
    bool good = true;

    out->len = 0;
    for (const char *p = name; *p != '\0'; p++)
        good =
            good && (*p == '&' ? tg_buffer_append(out, "&amp;", 5) : tg_buffer_append(out, p, 1));
    return good && tg_buffer_append(out, "", 1);
}

void tg_document_names_escape(xmlNode *root)
{
    struct tg_buffer text = {.limit = 0};

    for (xmlNode *node = root; node != NULL; node = next_element(root, node)) {
        for (xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next) {
            if (ns->href == NULL || !escape(&text, (const char *)ns->href))
                continue;
            xmlFree((void *)(uintptr_t)ns->href);
            ns->href = xmlStrdup((const xmlChar *)text.base);
        }
    }
    tg_buffer_dispose(&text);
}
