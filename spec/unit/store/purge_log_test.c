#include "unit.h"

#include <stdio.h>

#include "store/purge_log.h"

static const uint64_t red = 5, blue = 6;

static struct tg_cache_purge by_tag(uint64_t tag, bool soft)
{
    return (struct tg_cache_purge){TG_CACHE_PURGE_TAG, soft, tag, {"", 0}};
}

static enum tg_freshness ask(struct tg_purge_log *log, uint64_t number, const char *url,
                             uint64_t tag)
{
    struct tg_entry_recipe recipe = {
        .key = TG_TEXT("k"), .url = tg_text_of(url), .body = {"", 0}, .tags = &tag, .tag_count = 1};
    struct tg_entry *entry = tg_entry_create(&recipe);
    enum tg_freshness found = tg_purge_log_ask(log, number, entry);

    tg_entry_release(entry);
    return found;
}

static void writes_and_reads_purges(void **state)
{
    static const char *const right[] = {
        "ht0000000000000005", "stffffffffffffffff", "hp/shop/", "sp/", "ha", "sa"};
    static const char *const wrong[] = {
        "", "h", "xa", "ht5", "ht000000000000000G", "ht00000000000000055", "hp", "haa", "hx", "a"};

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        struct tg_cache_purge purge;
        struct tg_buffer out = {.limit = 0};
        assert_true(tg_purge_read(tg_text_of(right[i]), &purge));
        tg_purge_write(&purge, &out);
        assert_true(tg_text_is(tg_text(out.base, out.len), tg_text_of(right[i])));
        tg_buffer_dispose(&out);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct tg_cache_purge purge;
        if (tg_purge_read(tg_text_of(wrong[i]), &purge))
            fail_msg("was taken: %s", wrong[i]);
    }
}

static void reads_prefixes_up_to_the_limit(void **state)
{
    char text[TG_PURGE_PREFIX_MOST + 3];
    struct tg_cache_purge purge;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "hp", 2);
    assert_true(tg_purge_read(tg_text(text, sizeof(text) - 1), &purge));
    assert_int_equal(TG_PURGE_PREFIX_MOST, purge.prefix.len);
    assert_false(tg_purge_read(tg_text(text, sizeof(text)), &purge));
}

/* The answer to our own purge may come before the news of an earlier one. */
static void knows_what_came_later(void **state)
{
    struct tg_purge_log *log = tg_purge_log_create(100);
    struct tg_cache_purge hard = by_tag(red, false), soft = by_tag(red, true),
                          other = by_tag(blue, true);

    (void)state;
    tg_purge_log_note(log, 20, &hard);
    tg_purge_log_note(log, 10, &soft);
    tg_purge_log_note(log, 30, &other);
    assert_int_equal(TG_PURGED_HARD, ask(log, 19, "/", red));
    assert_int_equal(TG_PURGED_NOT, ask(log, 20, "/", red));
    assert_int_equal(TG_PURGED_SOFT, ask(log, 29, "/", blue));
    assert_int_equal(TG_PURGED_NOT, ask(log, 30, "/", blue));
    tg_purge_log_destroy(log);
}

static void knows_prefixes_and_everything(void **state)
{
    struct tg_purge_log *log = tg_purge_log_create(100);
    struct tg_cache_purge shop = {TG_CACHE_PURGE_PREFIX, false, 0, TG_TEXT("/shop/")},
                          all = {TG_CACHE_PURGE_ALL, true, 0, {"", 0}};

    (void)state;
    tg_purge_log_note(log, 10, &shop);
    assert_int_equal(TG_PURGED_HARD, ask(log, 9, "/shop/1", red));
    assert_int_equal(TG_PURGED_NOT, ask(log, 10, "/shop/1", red));
    assert_int_equal(TG_PURGED_NOT, ask(log, 9, "/shop", red));
    tg_purge_log_note(log, 20, &all);
    assert_int_equal(TG_PURGED_SOFT, ask(log, 19, "/shop", red));
    tg_purge_log_destroy(log);
}

static void takes_what_it_has_forgotten_for_purged(void **state)
{
    struct tg_purge_log *log = tg_purge_log_create(100);
    char text[32];

    (void)state;
    tg_purge_log_forget(log, 5);
    assert_int_equal(TG_PURGED_HARD, ask(log, 4, "/", red));
    assert_int_equal(TG_PURGED_NOT, ask(log, 5, "/", red));
    for (uint64_t i = 1; i <= 65; i++) { /* one more than it keeps */
        snprintf(text, sizeof(text), "/%d/", (int)i);
        struct tg_cache_purge purge = {TG_CACHE_PURGE_PREFIX, true, 0, tg_text_of(text)};
        tg_purge_log_note(log, 100 + i, &purge);
    }
    assert_int_equal(TG_PURGED_HARD, ask(log, 100, "/", red));
    assert_int_equal(TG_PURGED_NOT, ask(log, 101, "/", red));
    assert_int_equal(TG_PURGED_SOFT, ask(log, 101, "/2/", red));
    tg_purge_log_destroy(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_purges),
        cmocka_unit_test(reads_prefixes_up_to_the_limit),
        cmocka_unit_test(knows_what_came_later),
        cmocka_unit_test(knows_prefixes_and_everything),
        cmocka_unit_test(takes_what_it_has_forgotten_for_purged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
