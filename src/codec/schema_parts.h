/* What the files of a schema in use share; nobody else includes it. */
#ifndef TG_CODEC_SCHEMA_PARTS_H
#define TG_CODEC_SCHEMA_PARTS_H

#include "codec/schema.h"
#include "codec/schema_check.h"
#include "codec/schema_model.h"

struct tg_schema {
    struct tg_schema_check *check;
    struct tg_schema_model model;
    struct tg_schema_error refusal; /* of the model; its text is empty when there is none */
};

#endif
