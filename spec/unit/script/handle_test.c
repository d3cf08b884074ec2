#include "unit.h"

#include "script/handle.h"

static void a_reference_leads_to_the_object_until_it_ends(void **state)
{
    struct tg_handles handles = {NULL, NULL};
    int object;
    struct tg_handle *handle = tg_handle_take(&handles, &object);
    struct tg_handle_ref ref = tg_handle_refer(handle);

    (void)state;
    assert_ptr_equal(&object, tg_handle_object(ref));
    tg_handle_end(&handles, handle);
    assert_null(tg_handle_object(ref));
    tg_handles_dispose(&handles);
}

static void an_old_reference_does_not_lead_to_the_next_object(void **state)
{
    struct tg_handles handles = {NULL, NULL};
    int first, second;
    struct tg_handle *handle = tg_handle_take(&handles, &first);
    struct tg_handle_ref old = tg_handle_refer(handle);

    (void)state;
    tg_handle_end(&handles, handle);
    struct tg_handle *again = tg_handle_take(&handles, &second);
    assert_ptr_equal(handle, again);
    assert_null(tg_handle_object(old));
    assert_ptr_equal(&second, tg_handle_object(tg_handle_refer(again)));
    tg_handles_dispose(&handles);
}

static void there_are_as_many_as_are_wanted(void **state)
{
    struct tg_handles handles = {NULL, NULL};
    int objects[200];
    struct tg_handle_ref refs[200];

    (void)state;
    for (int i = 0; i < 200; i++)
        refs[i] = tg_handle_refer(tg_handle_take(&handles, &objects[i]));
    for (int i = 0; i < 200; i++)
        assert_ptr_equal(&objects[i], tg_handle_object(refs[i]));
    tg_handles_dispose(&handles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_leads_to_the_object_until_it_ends),
        cmocka_unit_test(an_old_reference_does_not_lead_to_the_next_object),
        cmocka_unit_test(there_are_as_many_as_are_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
