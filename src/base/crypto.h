/* Digests, HMAC, random bytes and comparison in constant time, by OpenSSL. */
#ifndef TG_BASE_CRYPTO_H
#define TG_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum tg_digest { TG_MD5, TG_SHA1, TG_SHA256, TG_SHA384, TG_SHA512 };
enum { TG_DIGESTS = TG_SHA512 + 1, TG_DIGEST_MAX = 64, TG_UUID_TEXT = 37 };

/* The name in lower case, as scripts write it: "sha256". */
const char *tg_digest_name(enum tg_digest digest);

/* Finds a digest by that name. */
bool tg_digest_of(struct tg_text name, enum tg_digest *digest);

/* Each writes the digest and returns its length; 0 when this OpenSSL does not offer it. */
size_t tg_crypto_digest(enum tg_digest digest, struct tg_text in, uint8_t out[TG_DIGEST_MAX]);
size_t tg_crypto_hmac(enum tg_digest digest, struct tg_text key, struct tg_text in,
                      uint8_t out[TG_DIGEST_MAX]);

/* Fills with unpredictable bytes. The program ends when there are none to be had. */
void tg_crypto_random(void *out, size_t len);

/* Whether two texts are equal, in a time that depends on their lengths only. */
bool tg_crypto_equal(struct tg_text a, struct tg_text b);

/* A random UUID (version 4), terminated. */
void tg_crypto_uuid(char out[TG_UUID_TEXT]);

/* Writes 2 * len lower-case digits, not terminated. */
void tg_hex(char *out, const uint8_t *bytes, size_t len);

#endif
