#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/cache.h"

enum { NOW = 1000, MEMORY = 4 << 20, OBJECT = 64 << 10 };

struct want {
    const char *key, *url, *tag;
    size_t size;
    uint64_t epoch;
};

static struct tg_entry *make(struct tg_cache *cache, struct want want)
{
    uint64_t tag = want.tag != NULL ? tg_cache_tag_hash(cache, tg_text_of(want.tag)) : 0;
    char *body = calloc(1, want.size + 1);
    struct tg_entry_recipe recipe = {
        .key = tg_text_of(want.key),
        .url = tg_text_of(want.url != NULL ? want.url : ""),
        .body = tg_text(body, want.size),
        .tags = &tag,
        .tag_count = want.tag != NULL,
        .epoch = want.epoch,
        .fresh_ms = NOW * 2,
    };
    struct tg_entry *entry = tg_entry_create(&recipe);

    free(body);
    return entry;
}

static bool put(struct tg_cache *cache, struct want want)
{
    struct tg_entry *entry = make(cache, want);
    bool kept = tg_cache_put(cache, entry);

    tg_entry_release(entry);
    return kept;
}

enum found { NONE, FRESH, SOFT };

static enum found find(struct tg_cache *cache, const char *key)
{
    bool soft;
    struct tg_text text = tg_text_of(key);
    struct tg_entry *entry = tg_cache_get(cache, text, tg_cache_hash(cache, text), &soft);

    if (entry == NULL)
        return NONE;
    tg_entry_release(entry);
    return soft ? SOFT : FRESH;
}

static struct tg_cache_account account_of(struct tg_cache *cache)
{
    struct tg_cache_account account;

    tg_cache_read_account(cache, &account);
    return account;
}

static void keeps_what_was_put(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    struct tg_entry_field fields[] = {{TG_TEXT("content-type"), TG_TEXT("text/plain"), NULL},
                                      {TG_TEXT("ETag"), TG_TEXT("\"1\""), NULL}};
    struct tg_entry_recipe recipe = {.key = TG_TEXT("k"),
                                     .url = TG_TEXT("/u"),
                                     .status = 203,
                                     .fields = fields,
                                     .field_count = 2,
                                     .body = TG_TEXT("body")};
    struct tg_entry *entry = tg_entry_create(&recipe);
    bool soft;

    (void)state;
    assert_true(tg_cache_put(cache, entry));
    tg_entry_release(entry);
    entry = tg_cache_get(cache, TG_TEXT("k"), tg_cache_hash(cache, TG_TEXT("k")), &soft);
    assert_non_null(entry);
    assert_int_equal(203, entry->is.status);
    assert_true(tg_text_is(entry->is.body, TG_TEXT("body")));
    assert_true(tg_text_is(tg_entry_field(entry, TG_TEXT("etag"))->value, TG_TEXT("\"1\"")));
    assert_null(tg_entry_field(entry, TG_TEXT("age")));
    assert_true(tg_cache_remove(cache, TG_TEXT("k")));
    assert_false(tg_cache_remove(cache, TG_TEXT("k")));
    assert_true(tg_text_is(entry->is.body, TG_TEXT("body"))); /* it is held */
    tg_entry_release(entry);
    tg_cache_destroy(cache);
}

static void replaces_what_has_the_same_key(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    size_t empty = account_of(cache).bytes;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(put(cache, (struct want){.key = "k", .size = 1000}));
    assert_int_equal(1, account_of(cache).entries);
    assert_in_range(account_of(cache).bytes - empty, 1000, 1500);
    tg_cache_purge_all(cache, false);
    assert_int_equal(empty, account_of(cache).bytes);
    tg_cache_destroy(cache);
}

static void takes_entries_up_to_the_limit(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    struct tg_entry *entry = make(cache, (struct want){.key = "k", .size = 5000});

    (void)state;
    tg_cache_resize(cache, MEMORY, entry->size);
    assert_true(tg_cache_put(cache, entry));
    tg_cache_resize(cache, MEMORY, entry->size - 1);
    assert_false(tg_cache_put(cache, entry));
    tg_entry_release(entry);
    tg_cache_destroy(cache);
}

static void stays_within_its_memory(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    char key[32];

    (void)state;
    for (int i = 0; i < 40000; i++) {
        snprintf(key, sizeof(key), "/object/%d", i);
        assert_true(put(cache, (struct want){.key = key, .size = (size_t)(i % 4000)}));
        assert_true(account_of(cache).bytes <= MEMORY);
    }
    assert_true(account_of(cache).bytes > MEMORY / 10 * 9);
    assert_int_equal(40000, account_of(cache).stored);
    assert_int_equal(40000, account_of(cache).evicted + account_of(cache).entries);
    assert_int_equal(FRESH, find(cache, "/object/39999"));
    tg_cache_resize(cache, MEMORY / 4, OBJECT);
    assert_true(account_of(cache).bytes <= MEMORY / 4);
    tg_cache_destroy(cache);
}

/* A scan of what nobody asks for twice leaves what is asked for again and again. */
static void keeps_what_is_asked_for(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    char key[32];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        if (i % 10 == 0) {
            snprintf(key, sizeof(key), "hot %d", i / 10 % 100);
            if (find(cache, key) == NONE)
                put(cache, (struct want){.key = key, .size = 1000});
        }
        snprintf(key, sizeof(key), "cold %d", i);
        put(cache, (struct want){.key = key, .size = 1000});
    }
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "hot %d", i);
        assert_int_equal(FRESH, find(cache, key));
    }
    tg_cache_destroy(cache);
}

static void purges_by_tag(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);

    (void)state;
    put(cache, (struct want){.key = "a", .tag = "red"});
    put(cache, (struct want){.key = "b", .tag = "blue"});
    put(cache, (struct want){.key = "c"});
    tg_cache_purge(cache, TG_TEXT("red"), false);
    assert_int_equal(NONE, find(cache, "a"));
    assert_int_equal(FRESH, find(cache, "b"));
    assert_int_equal(FRESH, find(cache, "c"));
    tg_cache_purge(cache, TG_TEXT("blue"), true);
    assert_int_equal(SOFT, find(cache, "b"));
    tg_cache_purge(cache, TG_TEXT("blue"), false);
    assert_int_equal(NONE, find(cache, "b"));
    tg_cache_purge_all(cache, true);
    assert_int_equal(SOFT, find(cache, "c"));
    tg_cache_purge_all(cache, false);
    assert_int_equal(NONE, find(cache, "c"));
    tg_cache_destroy(cache);
}

static void a_purge_beats_what_was_begun_before_it(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    uint64_t before = tg_cache_epoch(cache);

    (void)state;
    tg_cache_purge(cache, TG_TEXT("red"), false);
    assert_false(put(cache, (struct want){.key = "a", .tag = "red", .epoch = before}));
    assert_true(put(cache, (struct want){.key = "b", .tag = "blue", .epoch = before}));
    assert_true(put(cache, (struct want){.key = "a", .tag = "red", .epoch = before + 1}));
    before = tg_cache_epoch(cache);
    tg_cache_purge_prefix(cache, TG_TEXT("/x/"), false);
    assert_false(put(cache, (struct want){.key = "c", .url = "/x/1", .epoch = before}));
    assert_true(put(cache, (struct want){.key = "c", .url = "/y/1", .epoch = before}));
    assert_true(put(cache, (struct want){.key = "d", .url = "/x/1", .epoch = before + 1}));
    tg_cache_destroy(cache);
}

/* More purges than are remembered: what is old enough counts as purged, what is new does not. */
static void forgets_old_purges_on_the_safe_side(void **state)
{
    struct tg_cache *cache = tg_cache_create(1 << 20, OBJECT);
    char tag[32];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        snprintf(tag, sizeof(tag), "tag %d", i);
        tg_cache_purge(cache, tg_text_of(tag), false);
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(tag, sizeof(tag), "tag %d", i);
        assert_false(put(cache, (struct want){.key = "a", .tag = tag}));
    }
    assert_true(
        put(cache, (struct want){.key = "a", .tag = "tag 1", .epoch = tg_cache_epoch(cache)}));
    assert_int_equal(FRESH, find(cache, "a"));
    tg_cache_destroy(cache);
}

static void purges_by_prefix(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);

    (void)state;
    put(cache, (struct want){.key = "a", .url = "/shop/1"});
    put(cache, (struct want){.key = "b", .url = "/shop/2"});
    put(cache, (struct want){.key = "c", .url = "/sho"});
    put(cache, (struct want){.key = "d"});
    assert_int_equal(2, tg_cache_purge_prefix(cache, TG_TEXT("/shop"), true));
    assert_int_equal(SOFT, find(cache, "a"));
    assert_int_equal(2, tg_cache_purge_prefix(cache, TG_TEXT("/shop"), false));
    assert_int_equal(NONE, find(cache, "a"));
    assert_int_equal(NONE, find(cache, "b"));
    assert_int_equal(FRESH, find(cache, "c"));
    assert_int_equal(FRESH, find(cache, "d"));
    tg_cache_destroy(cache);
}

static struct tg_entry *count_up(const struct tg_entry *old, void *cache)
{
    int next = old != NULL ? atoi(old->is.body.base) + 1 : 1;
    char text[16];

    snprintf(text, sizeof(text), "%d", next);
    struct tg_entry_recipe recipe = {
        .key = TG_TEXT("n"), .body = tg_text(text, strlen(text) + 1), .fresh_ms = 2 * NOW};
    (void)cache;
    return tg_entry_create(&recipe);
}

static int count_of(struct tg_cache *cache)
{
    bool soft;
    struct tg_entry *entry =
        tg_cache_get(cache, TG_TEXT("n"), tg_cache_hash(cache, TG_TEXT("n")), &soft);
    int n = atoi(entry->is.body.base);

    tg_entry_release(entry);
    return n;
}

static void changes_what_is_there(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(tg_cache_change(cache, TG_TEXT("n"), NOW, count_up, cache));
    assert_int_equal(3, count_of(cache));
    assert_true(tg_cache_change(cache, TG_TEXT("n"), NOW * 2, count_up, cache)); /* too old */
    assert_int_equal(1, count_of(cache));
    tg_cache_destroy(cache);
}

enum { THREADS = 4, TURNS = 5000 };

static void puts_nothing_over_a_change(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    uint64_t hash = tg_cache_hash(cache, TG_TEXT("k"));
    uint32_t before = tg_cache_changes(cache, hash);
    struct tg_entry *entry = make(cache, (struct want){.key = "k", .size = 10});

    (void)state;
    assert_true(tg_cache_put_since(cache, entry, before));
    assert_true(tg_cache_remove(cache, TG_TEXT("k")));
    assert_false(tg_cache_put_since(cache, entry, before));
    assert_int_equal(NONE, find(cache, "k"));
    before = tg_cache_changes(cache, hash);
    assert_true(tg_cache_put_since(cache, entry, before));
    tg_cache_note_change(cache, hash);
    assert_false(tg_cache_put_since(cache, entry, before));
    assert_int_equal(FRESH, find(cache, "k"));
    tg_entry_release(entry);
    tg_cache_destroy(cache);
}

static void removes_what_has_the_tag(void **state)
{
    struct tg_cache *cache = tg_cache_create(MEMORY, OBJECT);
    uint64_t red = tg_cache_tag_hash(cache, TG_TEXT("red"));

    (void)state;
    put(cache, (struct want){.key = "a", .tag = "red"});
    put(cache, (struct want){.key = "b", .tag = "blue"});
    assert_true(tg_cache_remove_tagged(cache, TG_TEXT("a"), red));
    assert_false(tg_cache_remove_tagged(cache, TG_TEXT("a"), red));
    assert_false(tg_cache_remove_tagged(cache, TG_TEXT("b"), red));
    assert_int_equal(FRESH, find(cache, "b"));
    tg_cache_destroy(cache);
}

static void *work(void *shared)
{
    struct tg_cache *cache = shared;
    unsigned seed = (unsigned)(uintptr_t)pthread_self();
    char key[32], tag[16];

    for (int i = 0; i < TURNS; i++) {
        snprintf(key, sizeof(key), "/key/%d", rand_r(&seed) % 500);
        snprintf(tag, sizeof(tag), "tag %d", rand_r(&seed) % 20);
        switch (rand_r(&seed) % 16) {
        case 0:
            tg_cache_purge(cache, tg_text_of(tag), i % 2 == 0);
            break;
        case 1:
            tg_cache_remove(cache, tg_text_of(key));
            break;
        case 2:
            tg_cache_change(cache, TG_TEXT("n"), NOW, count_up, cache);
            break;
        case 3:
            if (i % 100 == 0)
                tg_cache_purge_prefix(cache, TG_TEXT("/key/4"), i % 200 == 0);
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            put(cache, (struct want){.key = key,
                                     .url = key,
                                     .tag = tag,
                                     .size = (size_t)(rand_r(&seed) % 30000),
                                     .epoch = tg_cache_epoch(cache)});
            break;
        default:
            find(cache, key);
        }
    }
    return NULL;
}

static void serves_many_threads(void **state)
{
    struct tg_cache *cache = tg_cache_create(1 << 20, OBJECT);
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, cache);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(account_of(cache).bytes <= 1 << 20);
    tg_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_put),
        cmocka_unit_test(replaces_what_has_the_same_key),
        cmocka_unit_test(takes_entries_up_to_the_limit),
        cmocka_unit_test(stays_within_its_memory),
        cmocka_unit_test(keeps_what_is_asked_for),
        cmocka_unit_test(purges_by_tag),
        cmocka_unit_test(a_purge_beats_what_was_begun_before_it),
        cmocka_unit_test(forgets_old_purges_on_the_safe_side),
        cmocka_unit_test(purges_by_prefix),
        cmocka_unit_test(changes_what_is_there),
        cmocka_unit_test(puts_nothing_over_a_change),
        cmocka_unit_test(removes_what_has_the_tag),
        cmocka_unit_test(serves_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
