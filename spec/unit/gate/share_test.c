#include "gate/share.h"

#include "unit.h"

struct scene {
    struct phr_header fields[TG_HEAD_FIELDS];
    struct tg_head head;
    h2o_req_t req;
    struct tg_client client;
    char bytes[256];
    size_t len, theirs;
};

static void put(struct scene *scene, const char *text, const char **base, size_t *len)
{
    *base = scene->bytes + scene->len;
    *len = strlen(text);
    memcpy(scene->bytes + scene->len, text, *len);
    scene->len += *len;
}

/* Shares out fields that are given as name and value by turns, up to a NULL. */
static void share(struct scene *scene, const char *const *texts)
{
    memset(scene, 0, sizeof(*scene));
    scene->head.fields = scene->fields;
    scene->client.req = &scene->req;
    h2o_mem_init_pool(&scene->req.pool);
    for (; *texts != NULL; texts += 2) {
        struct phr_header *field = &scene->fields[scene->head.field_count++];
        put(scene, texts[0], &field->name, &field->name_len);
        scene->bytes[scene->len++] = 'X'; /* what follows stays as it is */
        put(scene, texts[1], &field->value, &field->value_len);
    }
    scene->theirs = tg_share_fields(&scene->client, &scene->head);
}

static void expect_ours(const struct scene *scene, const char *const *texts)
{
    size_t i = 1;

    for (; *texts != NULL; texts += 2, i++) {
        const struct tg_field *field = &scene->client.fields.list[i];
        assert_true(i < scene->client.fields.count);
        assert_int_equal(field->name.len, strlen(texts[0]));
        assert_memory_equal(field->name.base, texts[0], field->name.len);
        assert_int_equal(field->value.len, strlen(texts[1]));
        assert_memory_equal(field->value.base, texts[1], field->value.len);
    }
    assert_int_equal(i, scene->client.fields.count);
}

static void expect_theirs(const struct scene *scene, const char *const *names)
{
    size_t i = 0;

    for (; *names != NULL; names++, i++) {
        assert_true(i < scene->theirs);
        assert_int_equal(scene->fields[i].name_len, strlen(*names));
        assert_memory_equal(scene->fields[i].name, *names, strlen(*names));
    }
    assert_int_equal(i, scene->theirs);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void h2o_gets_what_it_looks_at(void **state)
{
    struct scene scene;

    (void)state;
    share(&scene, TEXTS("Accept", "*/*", "HOST", "a", "Connection", "Close", "Upgrade", "h2c",
                        "Expect", "x", "X-Y", "Z", "Connection", "te"));
    expect_theirs(&scene, TEXTS("host", "connection", "upgrade", "expect", "connection"));
    expect_ours(&scene,
                TEXTS("accept", "*/*", "connection", "Close", "x-y", "Z", "connection", "te"));
    assert_int_equal(scene.req.headers.size, 0);
    assert_true(scene.req.headers.capacity >= scene.theirs);
    h2o_mem_clear_pool(&scene.req.pool);
}

static void h2o_sees_the_browsers_it_looks_for(void **state)
{
    struct scene scene;

    (void)state;
    share(&scene, TEXTS("User-Agent", "Mozilla/5.0 (X11; Linux)"));
    assert_int_equal(scene.theirs, 0);
    expect_ours(&scene, TEXTS("user-agent", "Mozilla/5.0 (X11; Linux)"));
    h2o_mem_clear_pool(&scene.req.pool);
    share(&scene, TEXTS("User-Agent", "Mozilla/4.0 (compatible; MSIE 6.0)", "user-Agent", ""));
    expect_theirs(&scene, TEXTS("user-agent"));
    expect_ours(&scene,
                TEXTS("user-agent", "Mozilla/4.0 (compatible; MSIE 6.0)", "user-agent", ""));
    h2o_mem_clear_pool(&scene.req.pool);
}

static void names_are_in_lower_case_whatever_their_length(void **state)
{
    static const char upper[] = "AZ@[`{-09_^|~AZAZAZAZAZAZ", lower[] = "az@[`{-09_^|~azazazazazaz";
    struct scene scene;
    char given[32], wanted[32];

    (void)state;
    for (size_t len = 1; len < sizeof(upper); len++) {
        memcpy(given, upper, len);
        memcpy(wanted, lower, len);
        given[len] = wanted[len] = '\0';
        share(&scene, TEXTS(given, "V"));
        expect_ours(&scene, TEXTS(wanted, "V"));
        assert_int_equal(scene.bytes[len], 'X');
        h2o_mem_clear_pool(&scene.req.pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h2o_gets_what_it_looks_at),
        cmocka_unit_test(h2o_sees_the_browsers_it_looks_for),
        cmocka_unit_test(names_are_in_lower_case_whatever_their_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
