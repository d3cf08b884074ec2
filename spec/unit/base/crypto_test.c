#include "base/crypto.h"
#include "unit.h"

static void expect_hex(const uint8_t *bytes, size_t len, const char *want)
{
    char text[2 * TG_DIGEST_MAX + 1] = "";

    tg_hex(text, bytes, len);
    assert_string_equal(text, want);
}

static void expect_digest(const char *name, const char *text, const char *want)
{
    enum tg_digest digest;
    uint8_t out[TG_DIGEST_MAX];

    assert_true(tg_digest_of(tg_text_of(name), &digest));
    assert_string_equal(tg_digest_name(digest), name);
    expect_hex(out, tg_crypto_digest(digest, tg_text_of(text), out), want);
}

/* The digests of "abc" as FIPS 180-4 and RFC 1321 print them. */
static void digests_as_the_standards_say(void **state)
{
    (void)state;
    expect_digest("md5", "abc", "900150983cd24fb0d6963f7d28e17f72");
    expect_digest("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_digest("sha256", "abc",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_digest("sha384", "abc",
                  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                  "8086072ba1e7cc2358baeca134c825a7");
    expect_digest("sha512", "abc",
                  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    expect_digest("sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void knows_no_other_name(void **state)
{
    (void)state;
    enum tg_digest digest;

    assert_false(tg_digest_of(TG_TEXT("SHA256"), &digest));
    assert_false(tg_digest_of(TG_TEXT("sha25"), &digest));
    assert_false(tg_digest_of(TG_TEXT(""), &digest));
}

/* RFC 4231, test case 2, and a key longer than a block (test case 6). */
static void signs_as_the_standard_says(void **state)
{
    (void)state;
    uint8_t out[TG_DIGEST_MAX];
    char key[131];

    size_t n =
        tg_crypto_hmac(TG_SHA256, TG_TEXT("Jefe"), TG_TEXT("what do ya want for nothing?"), out);
    expect_hex(out, n, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    n = tg_crypto_hmac(TG_SHA256, tg_text(key, sizeof(key)),
                       TG_TEXT("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    expect_hex(out, n, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void signs_with_an_empty_key(void **state)
{
    (void)state;
    uint8_t out[TG_DIGEST_MAX];
    size_t n = tg_crypto_hmac(TG_SHA256, tg_text(NULL, 0), TG_TEXT(""), out);

    expect_hex(out, n, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void compares(void **state)
{
    (void)state;
    assert_true(tg_crypto_equal(TG_TEXT("same"), TG_TEXT("same")));
    assert_true(tg_crypto_equal(tg_text(NULL, 0), TG_TEXT("")));
    assert_false(tg_crypto_equal(TG_TEXT("same"), TG_TEXT("sama")));
    assert_false(tg_crypto_equal(TG_TEXT("same"), TG_TEXT("sam")));
}

static void makes_uuids(void **state)
{
    (void)state;
    char a[TG_UUID_TEXT], b[TG_UUID_TEXT];

    tg_crypto_uuid(a);
    tg_crypto_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_string_not_equal(a, b);
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(dash ? a[i] == '-' : strchr("0123456789abcdef", a[i]) != NULL);
    }
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_as_the_standards_say),
        cmocka_unit_test(knows_no_other_name),
        cmocka_unit_test(signs_as_the_standard_says),
        cmocka_unit_test(signs_with_an_empty_key),
        cmocka_unit_test(compares),
        cmocka_unit_test(makes_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
