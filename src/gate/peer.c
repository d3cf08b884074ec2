#include "gate/peer.h"

#include <arpa/inet.h>

#include "gate/client.h"

enum { LONGEST = 64 }; /* of an address in text */

static void read_socket(struct tg_client *client, h2o_conn_t *conn)
{
    struct sockaddr_storage peer;
    char name[NI_MAXHOST];
    socklen_t len = conn->callbacks->get_peername(conn, (struct sockaddr *)&peer);

    size_t n = len != 0 ? h2o_socket_getnumerichost((struct sockaddr *)&peer, len, name) : SIZE_MAX;
    if (n == SIZE_MAX || n >= sizeof(client->address)) {
        strcpy(client->address, "unknown");
        return;
    }
    memcpy(client->address, name, n);
    client->address[n] = '\0';
    int32_t port = h2o_socket_getport((struct sockaddr *)&peer);
    client->port = port > 0 ? (uint16_t)port : 0;
}

/* All requests of a connection have the same peer: it is read once. */
static void take_socket(struct tg_request *request, h2o_conn_t *conn)
{
    struct tg_client *client = tg_client_of(conn);

    if (client->address[0] == '\0')
        read_socket(client, conn);
    request->peer_address =
        h2o_strdup(&request->run.pool, client->address, strlen(client->address)).base;
    request->client_address = request->peer_address;
    request->client_port = client->port;
}

static struct tg_text trim(struct tg_text text)
{
    while (text.len > 0 && (text.base[0] == ' ' || text.base[0] == '\t'))
        text = tg_text(text.base + 1, text.len - 1);
    while (text.len > 0 && (text.base[text.len - 1] == ' ' || text.base[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Takes the last item of a list off its end. */
static struct tg_text take_last(struct tg_text *list)
{
    const char *comma = memrchr(list->base, ',', list->len);
    size_t at = comma != NULL ? (size_t)(comma - list->base) + 1 : 0;
    struct tg_text item = trim(tg_text(list->base + at, list->len - at));

    list->len = comma != NULL ? at - 1 : 0;
    return item;
}

/* Goes through one field from its end; false when the search is over. */
static bool follow(struct tg_request *request, const struct tg_site *site, struct tg_text list)
{
    uint8_t address[16];

    while (list.len > 0) {
        struct tg_text item = take_last(&list);
        if (item.len >= LONGEST || !tg_network_address(item, address))
            return false; /* what nobody can read ends the chain of trust */
        request->client_address = h2o_strdup(&request->run.pool, item.base, item.len).base;
        request->client_port = 0;
        if (!tg_network_has(site->trusted, site->trusted_count, address))
            return false;
    }
    return true;
}

void tg_peer_find(struct tg_request *request, const struct tg_site *site, h2o_conn_t *conn)
{
    uint8_t address[16];

    if (request->client_address[0] != '\0')
        return;
    take_socket(request, conn);
    if (site->trusted_count == 0 ||
        !tg_network_address(tg_text_of(request->client_address), address) ||
        !tg_network_has(site->trusted, site->trusted_count, address))
        return;
    request->peer_trusted = true;
    for (size_t i = request->fields.count; i-- > 0;) {
        const struct tg_field *field = &request->fields.list[i];
        if (tg_text_is_nocase(tg_text(field->name.base, field->name.len),
                              TG_TEXT("x-forwarded-for")) &&
            !follow(request, site, tg_text(field->value.base, field->value.len)))
            return;
    }
}
