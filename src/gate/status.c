#include "gate/status.h"

#include <unistd.h>

#include "api/response.h"
#include "base/clock.h"
#include "base/memory.h"
#include "gate/reload.h"
#include "tier/tier.h"
#include "net/account.h"

static unsigned long long value(const tg_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void write_process(const struct tg_worker *worker, struct tg_buffer *out)
{
    const struct tg_gate *gate = worker->gate;
    double seconds = (double)(tg_clock_monotonic_ns() - gate->started_ns) / 1e9;

    tg_buffer_printf(out, "\"version\":\"%s\",\"pid\":%d,\"uptime\":%.3f,\"threads\":%u,",
                     TG_VERSION, (int)getpid(), seconds, gate->site->workers);
    if (tg_link_is_there(&gate->link))
        tg_buffer_printf(out, "\"master\":%d,", (int)getppid());
    tg_buffer_printf(out, "\"generation\":%u,\"state\":\"%s\",",
                     worker->generation->edition->number, worker->draining ? "draining" : "ready");
}

static void write_memory(struct tg_buffer *out)
{
    struct tg_memory memory;

    tg_memory_read(&memory);
    tg_buffer_printf(out, "\"memory\":{\"resident\":%zu,\"used\":%zu},", memory.resident,
                     memory.used);
}

static void write_clients(const struct tg_gate *gate, const struct tg_traffic *sum,
                          struct tg_buffer *out)
{
    tg_buffer_printf(out, "\"connections\":{\"open\":%zu,\"most\":%zu,\"accepted\":%llu},",
                     atomic_load(&gate->connections), gate->most_connections,
                     value(&sum->accepted));
    tg_buffer_printf(out, "\"requests\":{\"total\":%llu", value(&sum->requests));
    for (int class = 1; class < 6; class ++)
        tg_buffer_printf(out, ",\"%dxx\":%llu", class, value(&sum->by_class[class]));
    tg_buffer_printf(out, ",\"gone\":%llu,\"script_failures\":%llu},", value(&sum->gone),
                     value(&sum->script_failures));
    tg_buffer_printf(out, "\"bytes\":{\"in\":%llu,\"out\":%llu,\"bodies_held\":%zu},",
                     value(&sum->bytes_in), value(&sum->bytes_out), atomic_load(&gate->bodies));
}

/* The shares are upper bounds: the steps of the histogram are powers of two. */
static void write_latency(const struct tg_traffic *sum, struct tg_buffer *out)
{
    unsigned long long requests = value(&sum->requests);
    double mean = requests != 0 ? (double)value(&sum->latency_us) / (double)requests / 1e3 : 0;

    tg_buffer_printf(out, "\"latency_ms\":{\"mean\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f},",
                     mean, (double)tg_traffic_latency(sum, 0.5) / 1e3,
                     (double)tg_traffic_latency(sum, 0.9) / 1e3,
                     (double)tg_traffic_latency(sum, 0.99) / 1e3);
}

static void write_refused(const struct tg_traffic *sum, struct tg_buffer *out)
{
    tg_buffer_printf(out, "\"refused\":{");
    for (int i = 0; i < TG_REFUSED_COUNT; i++)
        tg_buffer_printf(out, "%s\"%s\":%llu", i != 0 ? "," : "",
                         tg_refused_name((enum tg_refused)i), value(&sum->refused[i]));
    tg_buffer_printf(out, "},");
}

/* Of those that asked it, how many it spared the backends. */
static double hit_ratio(const struct tg_traffic *sum)
{
    double spared = (double)(value(&sum->cache[TG_EVENT_HIT]) + value(&sum->cache[TG_EVENT_STALE]) +
                             value(&sum->cache[TG_EVENT_COLLAPSED]));
    double made = (double)value(&sum->cache[TG_EVENT_MISS]);

    return spared + made > 0 ? spared / (spared + made) : 0;
}

static void write_cache(const struct tg_gate *gate, const struct tg_traffic *sum,
                        struct tg_buffer *out)
{
    struct tg_cache_account account;

    tg_cache_read_account(gate->cache, &account);
    tg_buffer_printf(out, "\"cache\":{\"memory\":%zu,\"bytes\":%zu,\"entries\":%zu,",
                     account.memory, account.bytes, account.entries);
    tg_buffer_printf(out, "\"hit_ratio\":%.4f", hit_ratio(sum));
    for (int i = 0; i < TG_EVENTS; i++)
        tg_buffer_printf(out, ",\"%s\":%llu", tg_cache_event_name((enum tg_cache_event)i),
                         value(&sum->cache[i]));
    tg_buffer_printf(out, ",\"evict\":%llu},", (unsigned long long)account.evicted);
}

static void write_routes(const struct tg_worker *worker, struct tg_buffer *out)
{
    const struct tg_edition *edition = worker->generation->edition;

    tg_buffer_printf(out, "\"routes\":[");
    for (size_t i = 0; i < edition->site->route_count; i++) {
        unsigned long long requests = 0;
        for (unsigned k = 0; k < worker->gate->site->workers; k++)
            requests += value(tg_edition_requests(edition, k, i));
        tg_buffer_printf(out, "%s{\"route\":", i != 0 ? "," : "");
        tg_text_write(out, tg_text_of(edition->site->routes[i].pattern));
        tg_buffer_printf(out, ",\"requests\":%llu", requests);
        const char *bar = tg_edition_bar_of(edition, i);
        if (bar != NULL) {
            tg_buffer_printf(out, ",\"barred\":");
            tg_text_write(out, tg_text_of(bar));
        }
        tg_buffer_put(out, '}');
    }
    tg_buffer_printf(out, "],");
}

static void write_name(const struct tg_address *address, struct tg_buffer *out)
{
    bool v6 = strchr(address->host, ':') != NULL;
    char text[1024];

    if (address->is_unix)
        snprintf(text, sizeof(text), "unix:%s%s%s", address->host,
                 address->base_path[0] != '\0' ? ":" : "", address->base_path);
    else
        snprintf(text, sizeof(text), "http%s://%s%s%s:%u%s", address->is_tls ? "s" : "",
                 v6 ? "[" : "", address->host, v6 ? "]" : "", address->port, address->base_path);
    tg_text_write(out, tg_text_of(text));
}

/* The codes that have occurred. */
static void write_errors(const struct tg_address_sum *sum, struct tg_buffer *out)
{
    static const char *const codes[] = TG_ACCOUNT_CODES;
    const char *comma = "";

    tg_buffer_printf(out, ",\"errors\":{");
    for (size_t i = 0; i < TG_ACCOUNT_CODE_COUNT; i++) {
        if (sum->errors[i] == 0)
            continue;
        tg_buffer_printf(out, "%s\"%s\":%llu", comma, codes[i], (unsigned long long)sum->errors[i]);
        comma = ",";
    }
    tg_buffer_printf(out, "}");
}

/* The upper end of the class in which the given share of the answers lies. */
static uint64_t time_of(const struct tg_address_sum *sum, double share)
{
    static const uint64_t ends[] = TG_ACCOUNT_TIMES;
    uint64_t seen = 0;

    for (size_t i = 0; i < TG_ACCOUNT_CLASSES; i++) {
        seen += sum->times[i];
        if ((double)seen >= share * (double)sum->answered)
            return i + 1 < TG_ACCOUNT_CLASSES && ends[i] < sum->time_max_ms ? ends[i]
                                                                            : sum->time_max_ms;
    }
    return sum->time_max_ms;
}

static void write_times(const struct tg_address_sum *sum, struct tg_buffer *out)
{
    double mean = sum->answered != 0 ? (double)sum->time_sum_ms / (double)sum->answered : 0;

    tg_buffer_printf(out,
                     ",\"latency_ms\":{\"mean\":%.1f,\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,"
                     "\"most\":%llu}",
                     mean, (unsigned long long)time_of(sum, 0.5),
                     (unsigned long long)time_of(sum, 0.9), (unsigned long long)time_of(sum, 0.99),
                     (unsigned long long)sum->time_max_ms);
}

static void write_address(const struct tg_backend_config *backend, size_t place,
                          struct tg_buffer *out)
{
    struct tg_address_sum sum;

    tg_account_address(backend, place, &sum);
    tg_buffer_printf(out, "%s{\"address\":", place != 0 ? "," : "");
    write_name(&backend->addresses[place], out);
    tg_buffer_printf(out, ",\"state\":\"%s\",\"ejections\":%llu,\"open\":%llu,\"idle\":%llu,",
                     sum.left_out ? "ejected" : "ready", (unsigned long long)sum.ejections,
                     (unsigned long long)sum.open, (unsigned long long)sum.unused);
    tg_buffer_printf(out, "\"under_way\":%llu,\"requests\":%llu", (unsigned long long)sum.under_way,
                     (unsigned long long)sum.requests);
    write_errors(&sum, out);
    write_times(&sum, out);
    tg_buffer_put(out, '}');
}

static void write_backends(const struct tg_site *site, struct tg_buffer *out)
{
    tg_buffer_printf(out, "\"backends\":[");
    for (size_t i = 0; i < site->backend_count; i++) {
        const struct tg_backend_config *backend = &site->backends[i]->config;
        struct tg_backend_sum sum;
        tg_account_backend(backend, &sum);
        tg_buffer_printf(out, "%s{\"backend\":\"%s\",\"queued\":%llu,\"retries\":%llu,",
                         i != 0 ? "," : "", backend->name, (unsigned long long)sum.queued,
                         (unsigned long long)sum.retries);
        tg_buffer_printf(out, "\"turned_away\":%llu,\"addresses\":[",
                         (unsigned long long)sum.turned_away);
        for (size_t k = 0; k < backend->address_count; k++)
            write_address(backend, k, out);
        tg_buffer_printf(out, "]}");
    }
    tg_buffer_printf(out, "],");
}

void tg_status_write(const struct tg_worker *worker, struct tg_buffer *out)
{
    const struct tg_gate *gate = worker->gate;
    struct tg_traffic sum = {0};

    for (unsigned i = 0; i < gate->site->workers; i++)
        tg_traffic_add(&sum, &gate->workers[i].traffic);
    tg_buffer_put(out, '{');
    write_process(worker, out);
    write_memory(out);
    write_clients(gate, &sum, out);
    write_latency(&sum, out);
    write_refused(&sum, out);
    write_cache(gate, &sum, out);
    tg_tier_write_status(gate->tier, out);
    write_routes(worker, out);
    write_backends(worker->generation->edition->site, out);
    tg_buffer_printf(out, "\"reload\":");
    tg_reload_last(gate->reload, out);
    tg_buffer_printf(out, "}\n");
}
