/* What others may have put where our entries and purges are: whatever is read is in order, and is
 * written as it was. */
#include <assert.h>
#include <stdint.h>

#include "http/strict.h"
#include "store/entry_form.h"
#include "store/purge_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tg_moment moment = {.wall_ms = UINT64_C(1700000000000), .now_ms = 1000000};

static void check_entry(const struct tg_entry *entry)
{
    struct tg_buffer again = {.limit = 0};
    uint64_t epoch;

    assert(entry->is.kind != TG_ENTRY_VALUE || entry->is.body.len != 0);
    assert(entry->is.fresh_ms <= entry->is.stale_ms && entry->is.stale_ms <= entry->is.sick_ms);
    for (size_t i = 0; i < entry->is.field_count; i++) {
        assert(tg_strict_field_name(entry->is.fields[i].name) == NULL);
        assert(tg_strict_field_value(entry->is.fields[i].value) == NULL);
    }
    tg_entry_form_life(entry, moment);
    tg_entry_form_write(entry, 7, moment, &again);
    struct tg_entry *copy =
        tg_entry_form_read(NULL, tg_text(again.base, again.len), entry->is.key, moment, &epoch);
    assert(copy != NULL && epoch == 7 && tg_text_is(copy->is.body, entry->is.body));
    tg_entry_release(copy);
    tg_buffer_dispose(&again);
}

/* The key is what the bytes say it is, where they say so. */
static struct tg_text key_of(struct tg_text bytes)
{
    uint32_t lengths[3] = {0};
    size_t at = 80;

    if (bytes.len < at)
        return tg_text("", 0);
    memcpy(lengths, bytes.base + 56, sizeof(lengths));
    at += (bytes.base[5] != 0 ? 40 : 0) + (size_t)lengths[0] * 8 + (size_t)lengths[1] * 8;
    if (at > bytes.len || bytes.len - at < lengths[2])
        return tg_text("", 0);
    return tg_text(bytes.base + at, lengths[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text bytes = {size != 0 ? (const char *)data : "", size};
    struct tg_cache_purge purge;
    uint64_t epoch;
    struct tg_entry *entry = tg_entry_form_read(NULL, bytes, key_of(bytes), moment, &epoch);

    if (entry != NULL) {
        check_entry(entry);
        tg_entry_release(entry);
    }
    if (tg_purge_read(bytes, &purge)) {
        struct tg_buffer out = {.limit = 0};
        tg_purge_write(&purge, &out);
        assert(tg_text_is(tg_text(out.base, out.len), bytes));
        tg_buffer_dispose(&out);
    }
    return 0;
}
