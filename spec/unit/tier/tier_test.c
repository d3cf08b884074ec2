#include "unit.h"

#include "tier/tier.h"

static const struct tg_tier_config config = {.prefix = "tidegate", .lock_ms = 3000};

static void counts_purges_that_have_no_number(void **state)
{
    struct tg_cache *cache = tg_cache_create(4 << 20, 65536);
    struct tg_tier *tier = tg_tier_create(&config, cache);

    (void)state;
    atomic_store(&tier->is_current, true);
    assert_true(tg_tier_is_open(tier));
    tg_cache_purge(cache, TG_TEXT("red"), false);
    assert_false(tg_tier_is_open(tier));
    assert_int_equal(1, tier->queued);
    assert_int_equal(18, tier->queue->len);
    tg_cache_destroy(cache);
    tg_tier_destroy(tier);
}

/* One that stands for all takes the place of too many. */
static void keeps_so_many_purges_and_no_more(void **state)
{
    struct tg_cache *cache = tg_cache_create(4 << 20, 65536);
    struct tg_tier *tier = tg_tier_create(&config, cache);

    (void)state;
    for (size_t i = 0; i < TG_TIER_QUEUE; i++)
        tg_cache_purge_hash(cache, i, false);
    assert_int_equal(TG_TIER_QUEUE, tier->queued);
    tg_cache_purge_hash(cache, 7, true);
    assert_int_equal(1, tier->queued);
    assert_int_equal(1, atomic_load(&tier->pending));
    assert_memory_equal("ha", tier->queue->text, 2);
    tg_cache_destroy(cache);
    tg_tier_destroy(tier);
}

/* A prefix that Redis would not be told. */
static void tells_everything_instead_of_a_long_prefix(void **state)
{
    struct tg_cache *cache = tg_cache_create(4 << 20, 65536);
    struct tg_tier *tier = tg_tier_create(&config, cache);
    char prefix[TG_PURGE_PREFIX_MOST + 1];

    (void)state;
    memset(prefix, 'x', sizeof(prefix));
    tg_cache_purge_prefix(cache, tg_text(prefix, TG_PURGE_PREFIX_MOST), false);
    assert_int_equal(TG_PURGE_PREFIX_MOST + 2, tier->queue->len);
    tg_cache_purge_prefix(cache, tg_text(prefix, TG_PURGE_PREFIX_MOST + 1), false);
    assert_int_equal(2, tier->queue->next->len);
    tg_cache_destroy(cache);
    tg_tier_destroy(tier);
}

static void gives_tags_the_same_hash_for_the_same_prefix(void **state)
{
    struct tg_cache *caches[2] = {tg_cache_create(4 << 20, 65536), tg_cache_create(4 << 20, 65536)};
    struct tg_tier *tiers[2] = {tg_tier_create(&config, caches[0]),
                                tg_tier_create(&config, caches[1])};

    (void)state;
    assert_true(tg_cache_tag_hash(caches[0], TG_TEXT("red")) ==
                tg_cache_tag_hash(caches[1], TG_TEXT("red")));
    assert_false(tg_cache_hash(caches[0], TG_TEXT("red")) ==
                 tg_cache_hash(caches[1], TG_TEXT("red")));
    for (int i = 0; i < 2; i++) {
        tg_cache_destroy(caches[i]);
        tg_tier_destroy(tiers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_purges_that_have_no_number),
        cmocka_unit_test(keeps_so_many_purges_and_no_more),
        cmocka_unit_test(tells_everything_instead_of_a_long_prefix),
        cmocka_unit_test(gives_tags_the_same_hash_for_the_same_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
