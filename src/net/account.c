#include "net/account.h"

#include <string.h>
#include <h2o/memory.h>

#include "net/inside.h"

struct tg_accounts *tg_ledger_open(struct tg_ledger *ledger, size_t addresses)
{
    size_t size = sizeof(struct tg_accounts) + addresses * sizeof(struct tg_account);
    struct tg_accounts *accounts = h2o_mem_alloc(size);

    memset(accounts, 0, size);
    accounts->next = atomic_load(&ledger->first);
    while (!atomic_compare_exchange_weak(&ledger->first, &accounts->next, accounts))
        ;
    return accounts;
}

void tg_ledger_dispose(struct tg_ledger *ledger)
{
    struct tg_accounts *accounts = atomic_exchange(&ledger->first, NULL);

    for (struct tg_accounts *next; accounts != NULL; accounts = next) {
        next = accounts->next;
        free(accounts);
    }
}

static size_t place_of(const char *code)
{
    static const char *const codes[] = TG_ACCOUNT_CODES;
    size_t i = 0;

    while (i < TG_ACCOUNT_CODE_COUNT - 1 && strcmp(codes[i], code) != 0)
        i++;
    return i;
}

void tg_account_end(struct tg_account *account, const char *code, uint64_t took_ms)
{
    static const uint32_t ends[TG_ACCOUNT_CLASSES - 1] = TG_ACCOUNT_TIMES;
    size_t i = 0;

    if (code != NULL) {
        tg_account_add(&account->errors[place_of(code)], 1);
        return;
    }
    while (i < TG_ACCOUNT_CLASSES - 1 && took_ms > ends[i])
        i++;
    tg_account_add(&account->times[i], 1);
    tg_account_add(&account->time_sum_ms, (int64_t)took_ms);
    if (took_ms > tg_account_get(&account->time_max_ms))
        tg_account_set(&account->time_max_ms, took_ms);
}

static void add(struct tg_address_sum *sum, const struct tg_account *account)
{
    uint64_t max_ms = tg_account_get(&account->time_max_ms);

    sum->open += tg_account_get(&account->open);
    sum->unused += tg_account_get(&account->unused);
    sum->under_way += tg_account_get(&account->under_way);
    sum->requests += tg_account_get(&account->requests);
    for (size_t i = 0; i < TG_ACCOUNT_CODE_COUNT; i++)
        sum->errors[i] += tg_account_get(&account->errors[i]);
    for (size_t i = 0; i < TG_ACCOUNT_CLASSES; i++) {
        sum->times[i] += tg_account_get(&account->times[i]);
        sum->answered += tg_account_get(&account->times[i]);
    }
    sum->time_sum_ms += tg_account_get(&account->time_sum_ms);
    sum->time_max_ms = max_ms > sum->time_max_ms ? max_ms : sum->time_max_ms;
}

void tg_account_address(const struct tg_backend_config *config, size_t address,
                        struct tg_address_sum *sum)
{
    struct tg_shared *shared = config->shared;

    *sum = (struct tg_address_sum){0};
    for (struct tg_accounts *at = atomic_load(&shared->ledger.first); at != NULL; at = at->next)
        add(sum, &at->addresses[address]);
    sum->ejections = tg_health_ejections(&shared->health[address]);
    sum->left_out = tg_health_is_out(&shared->health[address]);
}

void tg_account_backend(const struct tg_backend_config *config, struct tg_backend_sum *sum)
{
    *sum = (struct tg_backend_sum){0};
    for (struct tg_accounts *at = atomic_load(&config->shared->ledger.first); at != NULL;
         at = at->next) {
        sum->queued += tg_account_get(&at->queued);
        sum->retries += tg_account_get(&at->retries);
        sum->turned_away += tg_account_get(&at->turned_away);
    }
}
