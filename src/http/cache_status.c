#include "http/cache_status.h"

#include <inttypes.h>

#include "http/structured.h"

static const char *fwd_text(enum tg_cache_fwd fwd)
{
    switch (fwd) {
    case TG_FWD_NONE:
        return "; hit";
    case TG_FWD_BYPASS:
        return "; fwd=bypass";
    case TG_FWD_METHOD:
        return "; fwd=method";
    case TG_FWD_URI_MISS:
        return "; fwd=uri-miss";
    case TG_FWD_VARY_MISS:
        return "; fwd=vary-miss";
    case TG_FWD_MISS:
        return "; fwd=miss";
    case TG_FWD_REQUEST:
        return "; fwd=request";
    case TG_FWD_STALE:
        return "; fwd=stale";
    case TG_FWD_PARTIAL:
        return "; fwd=partial";
    }
    return "";
}

static void put(struct tg_buffer *out, const char *text)
{
    tg_buffer_append(out, text, strlen(text));
}

static void put_number(struct tg_buffer *out, const char *name, int64_t number)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *--at = '-';
    put(out, name);
    tg_buffer_append(out, at, (size_t)(digits + sizeof(digits) - at));
}

void tg_cache_status_write(struct tg_buffer *out, struct tg_text cache,
                           const struct tg_cache_status *status)
{
    tg_buffer_append(out, cache.base, cache.len);
    put(out, fwd_text(status->fwd));
    if (status->fwd != TG_FWD_NONE && status->fwd_status != 0)
        put_number(out, "; fwd-status=", status->fwd_status);
    if (status->has_ttl)
        put_number(out, "; ttl=", status->ttl);
    if (status->stored)
        put(out, "; stored");
    if (status->collapsed)
        put(out, "; collapsed");
    if (status->key.len != 0) {
        size_t len = status->key.len < TG_CACHE_STATUS_KEY ? status->key.len : TG_CACHE_STATUS_KEY;
        put(out, "; key=");
        tg_sf_put_string(out, tg_text(status->key.base, len));
    }
    if (status->detail.len != 0) {
        put(out, "; detail=");
        if (tg_sf_is_token(status->detail))
            tg_buffer_append(out, status->detail.base, status->detail.len);
        else
            tg_sf_put_string(out, status->detail);
    }
}
