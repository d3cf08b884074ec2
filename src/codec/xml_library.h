/* libxml2 as this process has it: silent, and unable to open a file or a connection. */
#ifndef TG_CODEC_XML_LIBRARY_H
#define TG_CODEC_XML_LIBRARY_H

#include <stddef.h>

#include "base/text.h"

/* Call it in each thread before libxml2 is used there. */
void tg_xml_library_use(void);

/* While it is lent, libxml2 may read these texts, and nothing else, under the addresses that
 * tg_xml_library_address gives. One lender at a time: others wait, so be quick. */
void tg_xml_library_lend(const struct tg_text *texts, size_t count);
void tg_xml_library_return(void);

enum { TG_XML_LIBRARY_ADDRESS = 40 };

/* The address of the text of that index, and back; SIZE_MAX: it is none. */
void tg_xml_library_address(char address[TG_XML_LIBRARY_ADDRESS], size_t index);
size_t tg_xml_library_index(const char *address);

#endif
