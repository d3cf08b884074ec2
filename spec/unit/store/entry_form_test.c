#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/entry_form.h"

enum { NOW = 1000000 };

static const struct tg_moment here = {.wall_ms = UINT64_C(1700000000000), .now_ms = NOW};

static struct tg_entry_field fields[] = {
    {{"content-type", 12}, {"text/plain", 10}, NULL},
    {{"x-own", 5}, {"", 0}, NULL},
};
static uint64_t tags[] = {7, UINT64_MAX};

static struct tg_entry_recipe a_response(void)
{
    return (struct tg_entry_recipe){.kind = TG_ENTRY_RESPONSE,
                                    .key = TG_TEXT("key\0binary"),
                                    .url = TG_TEXT("/u"),
                                    .status = 203,
                                    .fields = fields,
                                    .field_count = 2,
                                    .body = TG_TEXT("the body"),
                                    .tags = tags,
                                    .tag_count = 2,
                                    .stored_ms = NOW - 4000,
                                    .age_ms = 500,
                                    .fresh_ms = NOW + 6000,
                                    .stale_ms = NOW + 16000,
                                    .sick_ms = NOW + 26000};
}

static struct tg_buffer write(const struct tg_entry_recipe *recipe)
{
    struct tg_buffer out = {.limit = 0};
    struct tg_entry *entry = tg_entry_create(recipe);

    tg_entry_form_write(entry, 42, here, &out);
    tg_entry_release(entry);
    return out;
}

static struct tg_entry *read(const struct tg_buffer *bytes, struct tg_moment moment)
{
    uint64_t epoch = 0;
    struct tg_entry *entry = tg_entry_form_read(NULL, tg_text(bytes->base, bytes->len),
                                                TG_TEXT("key\0binary"), moment, &epoch);

    if (entry != NULL)
        assert_int_equal(42, epoch);
    return entry;
}

static void reads_what_it_wrote(void **state)
{
    struct tg_entry_recipe recipe = a_response();
    struct tg_buffer bytes = write(&recipe);
    struct tg_entry *entry = read(&bytes, here);

    (void)state;
    assert_non_null(entry);
    assert_int_equal(TG_ENTRY_RESPONSE, entry->is.kind);
    assert_int_equal(203, entry->is.status);
    assert_true(tg_text_is(entry->is.key, recipe.key));
    assert_true(tg_text_is(entry->is.url, recipe.url));
    assert_true(tg_text_is(entry->is.body, recipe.body));
    assert_int_equal(2, entry->is.field_count);
    assert_true(tg_text_is(entry->is.fields[0].value, TG_TEXT("text/plain")));
    assert_non_null(entry->is.fields[0].token);
    assert_null(entry->is.fields[1].token);
    assert_int_equal(2, entry->is.tag_count);
    assert_true(entry->is.tags[1] == UINT64_MAX);
    assert_int_equal(NOW - 4000, entry->is.stored_ms);
    assert_int_equal(500, entry->is.age_ms);
    assert_int_equal(NOW + 6000, entry->is.fresh_ms);
    assert_int_equal(NOW + 16000, entry->is.stale_ms);
    assert_int_equal(NOW + 26000, entry->is.sick_ms);
    tg_entry_release(entry);
    tg_buffer_dispose(&bytes);
}

static void keeps_the_rules_of_http(void **state)
{
    struct tg_entry_recipe recipe = a_response();
    recipe.by_http = true;
    recipe.rules = (struct tg_cache_rules){.born_ms = 1700000000000,
                                           .date = 1700000000,
                                           .last_modified = TG_NO_DATE,
                                           .lifetime = 10,
                                           .swr = 20,
                                           .sie = 30,
                                           .flags = TG_RULE_NO_STALE};
    struct tg_buffer bytes = write(&recipe);
    struct tg_entry *entry = read(&bytes, here);

    (void)state;
    assert_non_null(entry);
    assert_true(entry->is.by_http);
    assert_memory_equal(&entry->is.rules, &recipe.rules, sizeof(recipe.rules));
    assert_int_equal(40000, tg_entry_form_life(entry, here));
    tg_entry_release(entry);
    tg_buffer_dispose(&bytes);
}

static void keeps_a_value(void **state)
{
    struct tg_entry_recipe recipe = {.kind = TG_ENTRY_VALUE,
                                     .key = TG_TEXT("key\0binary"),
                                     .body = TG_TEXT("j0.1"),
                                     .stored_ms = NOW,
                                     .fresh_ms = UINT64_MAX / 2,
                                     .stale_ms = UINT64_MAX / 2,
                                     .sick_ms = UINT64_MAX / 2};
    struct tg_buffer bytes = write(&recipe);
    struct tg_entry *entry = read(&bytes, here);

    (void)state;
    assert_non_null(entry);
    assert_int_equal(TG_ENTRY_VALUE, entry->is.kind);
    assert_true(tg_text_is(entry->is.body, recipe.body));
    assert_true(entry->is.fresh_ms >= UINT64_MAX / 4);
    tg_entry_release(entry);
    tg_buffer_dispose(&bytes);
    recipe.body = tg_text("", 0); /* it says not what it is */
    bytes = write(&recipe);
    assert_null(read(&bytes, here));
    tg_buffer_dispose(&bytes);
}

/* Another machine, whose monotonic clock has just begun, reads it five seconds later. */
static void goes_by_the_wall_clock(void **state)
{
    struct tg_moment there = {.wall_ms = here.wall_ms + 5000, .now_ms = 3000};
    struct tg_entry_recipe recipe = a_response();
    struct tg_buffer bytes = write(&recipe);
    struct tg_entry *entry = read(&bytes, there);

    (void)state;
    assert_non_null(entry);
    assert_int_equal(0, entry->is.stored_ms);
    assert_int_equal(6500, entry->is.age_ms); /* and 3000 since stored_ms */
    assert_int_equal(3000 + 1000, entry->is.fresh_ms);
    assert_int_equal(3000 + 11000, entry->is.stale_ms);
    tg_entry_release(entry);
    there.wall_ms = here.wall_ms - 3600000; /* behind by an hour */
    entry = read(&bytes, there);
    assert_non_null(entry);
    assert_int_equal(3000, entry->is.stored_ms);
    assert_int_equal(13000, entry->is.fresh_ms); /* its lifetime, and no more */
    tg_entry_release(entry);
    tg_buffer_dispose(&bytes);
}

static void says_how_long_it_is_of_use(void **state)
{
    struct tg_entry_recipe recipe = a_response();
    struct tg_entry *entry = tg_entry_create(&recipe);
    struct tg_moment late = {.wall_ms = here.wall_ms + 26000, .now_ms = NOW + 26000};

    (void)state;
    assert_int_equal(26000, tg_entry_form_life(entry, here));
    assert_int_equal(0, tg_entry_form_life(entry, late));
    tg_entry_release(entry);
}

/* Whatever byte is missing or changed, nothing is read that is no entry, and most is not read. */
static void refuses_what_is_cut_or_goes_on(void **state)
{
    struct tg_entry_recipe recipe = a_response();
    struct tg_buffer bytes = write(&recipe);
    size_t len = bytes.len;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = malloc(cut + 1); /* of its size: a read beyond it is seen */
        uint64_t epoch;
        memcpy(copy, bytes.base, cut);
        assert_null(tg_entry_form_read(NULL, tg_text(copy, cut), recipe.key, here, &epoch));
        free(copy);
    }
    tg_buffer_put(&bytes, 'x');
    assert_null(read(&bytes, here));
    tg_buffer_dispose(&bytes);
}

static void refuses(size_t at, uint8_t byte)
{
    struct tg_entry_recipe recipe = a_response();
    struct tg_buffer bytes = write(&recipe);

    assert_true(bytes.base[at] != (char)byte);
    bytes.base[at] = (char)byte;
    if (read(&bytes, here) != NULL)
        fail_msg("byte %zu may be %d", at, byte);
    tg_buffer_dispose(&bytes);
}

static void refuses_heads_that_are_wrong(void **state)
{
    (void)state;
    refuses(0, 'X');            /* the mark */
    refuses(3, 1);              /* the version */
    refuses(4, TG_ENTRY_VALUE); /* the kind */
    refuses(4, TG_ENTRY_VARY);  /* ... to which a status does not belong */
    refuses(4, 9);
    refuses(5, 2); /* by_http */
    refuses(6, 0); /* the status */
    refuses(7, 0xff);
    refuses(39, 0xff); /* an end of freshness in the far future, or behind that of staleness */
    refuses(59, 1);    /* the number of fields */
    refuses(79, 1);    /* what is not used yet */
}

static void refuses_what_would_end_a_head(void **state)
{
    struct tg_entry_field bad[] = {{TG_TEXT("x-own"), TG_TEXT("a\r\nx: y"), NULL},
                                   {TG_TEXT("x own"), TG_TEXT("a"), NULL},
                                   {TG_TEXT("transfer-encoding"), TG_TEXT("chunked"), NULL}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tg_entry_recipe recipe = a_response();
        recipe.fields = &bad[i];
        recipe.field_count = 1;
        struct tg_buffer bytes = write(&recipe);
        assert_null(read(&bytes, here));
        tg_buffer_dispose(&bytes);
    }
}

static void refuses_the_entry_of_another_key(void **state)
{
    struct tg_entry_recipe recipe = a_response();
    recipe.key = TG_TEXT("another");
    struct tg_buffer bytes = write(&recipe);

    (void)state;
    assert_null(read(&bytes, here));
    tg_buffer_dispose(&bytes);
}

static void reads_lists_of_variants(void **state)
{
    static const struct {
        const char *names;
        bool well;
    } cases[] = {{"accept", true},
                 {"accept,x-tenant", true},
                 {"x-tenant,accept", false},
                 {"Accept", false},
                 {"", false},
                 {"*", false},
                 {"accept\n", false},
                 {"a b", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct tg_entry_recipe recipe = {.kind = TG_ENTRY_VARY,
                                         .key = TG_TEXT("key\0binary"),
                                         .body = tg_text_of(cases[i].names),
                                         .url = {"", 0},
                                         .stored_ms = NOW,
                                         .fresh_ms = UINT64_MAX};
        struct tg_buffer bytes = write(&recipe);
        struct tg_entry *entry = read(&bytes, here);
        assert_int_equal(cases[i].well, entry != NULL);
        if (entry != NULL) {
            assert_true(entry->is.fresh_ms > UINT64_MAX / 8);
            tg_entry_release(entry);
        }
        tg_buffer_dispose(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(keeps_the_rules_of_http),
        cmocka_unit_test(keeps_a_value),
        cmocka_unit_test(goes_by_the_wall_clock),
        cmocka_unit_test(says_how_long_it_is_of_use),
        cmocka_unit_test(refuses_what_is_cut_or_goes_on),
        cmocka_unit_test(refuses_heads_that_are_wrong),
        cmocka_unit_test(refuses_what_would_end_a_head),
        cmocka_unit_test(refuses_the_entry_of_another_key),
        cmocka_unit_test(reads_lists_of_variants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
