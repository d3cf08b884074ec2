#include "base/crypto.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static const char *const names[TG_DIGESTS] = {
    [TG_MD5] = "md5",       [TG_SHA1] = "sha1",     [TG_SHA256] = "sha256",
    [TG_SHA384] = "sha384", [TG_SHA512] = "sha512",
};

const char *tg_digest_name(enum tg_digest digest)
{
    return names[digest];
}

bool tg_digest_of(struct tg_text name, enum tg_digest *digest)
{
    for (int i = 0; i < TG_DIGESTS; i++) {
        if (tg_text_is(name, tg_text_of(names[i]))) {
            *digest = (enum tg_digest)i;
            return true;
        }
    }
    return false;
}

static const EVP_MD *method(enum tg_digest digest)
{
    switch (digest) {
    case TG_MD5:
        return EVP_md5();
    case TG_SHA1:
        return EVP_sha1();
    case TG_SHA256:
        return EVP_sha256();
    case TG_SHA384:
        return EVP_sha384();
    case TG_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

size_t tg_crypto_digest(enum tg_digest digest, struct tg_text in, uint8_t out[TG_DIGEST_MAX])
{
    unsigned len = 0;

    if (EVP_Digest(in.base, in.len, out, &len, method(digest), NULL) != 1)
        return 0;
    return len;
}

size_t tg_crypto_hmac(enum tg_digest digest, struct tg_text key, struct tg_text in,
                      uint8_t out[TG_DIGEST_MAX])
{
    unsigned len = 0;
    const char *base = key.len != 0 ? key.base : ""; /* OpenSSL takes NULL as "the key before" */

    if (key.len > INT_MAX)
        return 0;
    if (HMAC(method(digest), base, (int)key.len, (const unsigned char *)in.base, in.len, out,
             &len) == NULL)
        return 0;
    return len;
}

void tg_crypto_random(void *out, size_t len)
{
    unsigned char *at = out;

    while (len > 0) {
        int piece = len < INT_MAX ? (int)len : INT_MAX;
        if (RAND_bytes(at, piece) != 1) {
            fprintf(stderr, "tidegate: no random bytes\n");
            abort();
        }
        at += piece;
        len -= (size_t)piece;
    }
}

bool tg_crypto_equal(struct tg_text a, struct tg_text b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.base, b.base, a.len) == 0);
}

void tg_hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

void tg_crypto_uuid(char out[TG_UUID_TEXT])
{
    static const size_t parts[] = {4, 2, 2, 2, 6}; /* bytes between two dashes */
    uint8_t bytes[16];
    size_t at = 0;

    tg_crypto_random(bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 5; i++) {
        if (i != 0)
            *out++ = '-';
        tg_hex(out, bytes + at, parts[i]);
        out += 2 * parts[i];
        at += parts[i];
    }
    *out = '\0';
}
