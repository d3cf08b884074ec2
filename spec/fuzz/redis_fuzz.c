/* What a Redis sends: hiredis reads it with our limit on arrays. */
#include <assert.h>

#include "net/redis_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STRING)
        assert(reply->str[reply->len] == '\0');
    if (reply->type != REDIS_REPLY_ARRAY)
        return;
    assert(reply->elements <= TG_REDIS_ELEMENTS);
    for (size_t i = 0; i < reply->elements; i++)
        check(reply->element[i]);
}

/* In two pieces, cut where the first byte says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_redis redis = {.fed = 0};
    const char *bytes = (const char *)data;
    size_t cut = size != 0 ? data[0] % size : 0, at = size != 0;

    tg_redis_read_begin(&redis);
    for (int piece = 0; piece < 2 && at < size; piece++) {
        size_t len = piece == 0 && cut > at ? cut - at : size - at;
        void *reply = NULL;
        redisReaderFeed(redis.reader, bytes + at, len);
        at += len;
        while (redisReaderGetReply(redis.reader, &reply) == REDIS_OK && reply != NULL) {
            check(reply);
            freeReplyObject(reply);
        }
    }
    redisReaderFree(redis.reader);
    return 0;
}
