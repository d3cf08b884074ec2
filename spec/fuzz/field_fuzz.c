/* One value of a field, read as each thing that it may be. */
#include <assert.h>
#include <stdint.h>

#include "http/cache_control.h"
#include "http/condition.h"
#include "http/invalidate.h"
#include "http/list.h"
#include "http/range.h"
#include "http/structured.h"
#include "http/upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A date that was read comes back when it is written and read again. */
static void check_date(struct tg_text text)
{
    int64_t date = tg_http_date_read(text, 0);
    char out[TG_HTTP_DATE_LEN];

    if (date == TG_NO_DATE)
        return;
    tg_http_date_write(out, date);
    assert(tg_http_date_read(tg_text(out, TG_HTTP_DATE_LEN), 0) == date);
}

static void check_structured(struct tg_text text)
{
    struct tg_text rest = text, again;
    struct tg_sf_member member;
    struct tg_buffer string = {0};

    while (tg_sf_dictionary_next(&rest, &member) == TG_SF_MEMBER)
        assert(member.key.len != 0);
    tg_buffer_append(&string, "k=", 2);
    tg_sf_put_string(&string, text);
    again = tg_text(string.base, string.len);
    assert(tg_sf_dictionary_next(&again, &member) == TG_SF_MEMBER);
    assert(member.type == TG_SF_STRING && member.text.len == string.len - 2);
    tg_buffer_dispose(&string);
}

static void check_list(struct tg_text text)
{
    struct tg_text rest = text, member;

    while (tg_list_next(&rest, &member)) {
        assert(member.len != 0);
        assert(member.base >= text.base && member.base + member.len <= text.base + text.len);
        tg_list_unquote(&member);
    }
}

/* What may go through a tunnel may be switched to, and is no HTTP. */
static void check_upgrade(struct tg_text text)
{
    if (!tg_upgrade_may_tunnel(text))
        return;
    assert(tg_upgrade_is_asked(text, text));
    assert(!tg_list_names(text, TG_TEXT("h2c")) && !tg_list_names(text, TG_TEXT("TLS/1.0")));
    assert(!tg_upgrade_is_asked(TG_TEXT("h2c"), text));
}

/* What was resolved is a path without dot segments and fragment, and resolves to itself. */
static void check_target(struct tg_text text)
{
    const struct tg_target target = {TG_TEXT("http"), TG_TEXT("a:80"), TG_TEXT("/b/c/d?q")};
    struct tg_buffer out = {0}, again = {0};

    if (tg_target_resolve(&target, text, &out)) {
        assert(out.base[0] == '/' && memchr(out.base, '#', out.len) == NULL);
        if (out.len < 2 || out.base[1] != '/') {
            assert(tg_target_resolve(&target, tg_text(out.base, out.len), &again));
            assert(again.len <= out.len);
        }
    }
    tg_buffer_dispose(&out);
    tg_buffer_dispose(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = {(const char *)data, size};
    struct tg_cache_control control = {0};
    struct tg_range range;

    tg_cache_control_add(&control, text);
    assert(control.max_age <= TG_DELTA_MAX && control.min_fresh <= TG_DELTA_MAX);
    if ((control.present & (TG_CC_NO_CACHE_FIELDS | TG_CC_PRIVATE_FIELDS)) == 0)
        assert(!tg_cache_control_names(text, TG_TEXT("set-cookie")));
    for (uint64_t length = 0; length < 3; length++)
        if (tg_range_read(text, length, &range) == TG_RANGE_PART)
            assert(range.first <= range.last && range.last < length);
    tg_etag_is_among(text, TG_TEXT("\"a\""), false);
    assert(!tg_etag_is_same(text, TG_TEXT(""), false));
    check_date(text);
    check_structured(text);
    check_list(text);
    check_upgrade(text);
    check_target(text);
    return 0;
}
