/* The parts of a SOAP envelope, 1.1 or 1.2: what is in its body, as XML text of its own. */
#ifndef TG_CODEC_SOAP_ENVELOPE_H
#define TG_CODEC_SOAP_ENVELOPE_H

#include "codec/xml_scan.h"

struct tg_soap_envelope {
    struct tg_buffer body;      /* the first element in the body; empty: there is none */
    struct tg_buffer header;    /* the element Header; empty: there is none */
    struct tg_buffer namespace; /* of that first element */
    struct tg_buffer name;      /* its local name */
    size_t count;               /* elements in the body */
    bool is_fault;              /* that one is a fault of SOAP */
    bool is_envelope;           /* false: the document is something else, and the rest is empty */
};

/* Reads the whole document. False: see xml->error. Either way the parts are to be disposed. */
bool tg_soap_open(struct tg_xml *xml, struct tg_text text, const struct tg_xml_options *options,
                  struct tg_soap_envelope *envelope);
void tg_soap_dispose(struct tg_soap_envelope *envelope);

#endif
