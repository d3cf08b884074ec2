#include "gate/router.h"

#include <assert.h>
#include <stdlib.h>

/* A route that ends at one place of the tree. The begin of its method stands beside it: nearly
 * always that decides, and nothing else need be looked up. */
struct end {
    const struct tg_route *route;
    uint64_t head;
    size_t len;
};

struct ends {
    struct end *list; /* `one` while there is one */
    size_t count;
    struct end one;
};

/* What a request on its way touches lies together: nodes follow each other in the order in which
 * the routes need them, each with its text behind it. */
struct node {
    struct tg_text literal; /* the segment that leads here */
    struct node *only;      /* the literal child while there is one */
    struct node **children; /* hash table of several; a power of two, or NULL */
    size_t child_count, slots;
    struct node *param; /* behind {name} */
    struct ends ends;   /* routes whose last segment this is */
    struct ends *rest;  /* routes that end in {name...} below this, or NULL */
    struct node *made_before;
};

struct block;

struct tg_router {
    struct node root;
    struct node *last_made; /* of all nodes, to be freed */
    char *room;             /* where the next node goes */
    size_t room_left;
    struct block *blocks;
};

/* Nodes come out of these. */
struct block {
    struct block *next;
};

enum { BLOCK_BYTES = 256 * 1024 };

static size_t hash(struct tg_text text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.base[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 29);
}

static struct node **slot_of(const struct node *node, struct tg_text literal)
{
    size_t mask = node->slots - 1, i = hash(literal) & mask;

    while (node->children[i] != NULL && !tg_text_is(node->children[i]->literal, literal))
        i = (i + 1) & mask;
    return &node->children[i];
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    assert(memory != NULL); /* at start-up, some hundred bytes a route */
    return memory;
}

static void *take_room(struct tg_router *router, size_t size)
{
    size = (size + 15) / 16 * 16;
    if (size > router->room_left) {
        size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct block *block = zeroed(1, sizeof(*block) + bytes);
        block->next = router->blocks;
        router->blocks = block;
        router->room = (char *)(block + 1);
        router->room_left = bytes;
    }
    void *room = router->room;
    router->room += size;
    router->room_left -= size;
    return room;
}

static struct node *make_node(struct tg_router *router, struct tg_text literal)
{
    struct node *node = take_room(router, sizeof(*node) + literal.len);
    char *text = (char *)(node + 1);

    if (literal.len != 0)
        memcpy(text, literal.base, literal.len);
    *node = (struct node){.literal = {text, literal.len}, .made_before = router->last_made};
    router->last_made = node;
    return node;
}

static void grow(struct node *node)
{
    struct node **old = node->children;
    size_t slots = node->slots;

    node->slots = slots == 0 ? 4 : slots * 2;
    node->children = zeroed(node->slots, sizeof(*node->children));
    for (size_t i = 0; i < slots; i++)
        if (old[i] != NULL)
            *slot_of(node, old[i]->literal) = old[i];
    if (slots == 0)
        *slot_of(node, node->only->literal) = node->only;
    node->only = NULL;
    free(old);
}

static struct node *find_child(const struct node *node, struct tg_text literal)
{
    if (node->only != NULL)
        return tg_text_is(node->only->literal, literal) ? node->only : NULL;
    return node->slots != 0 ? *slot_of(node, literal) : NULL;
}

static struct node *literal_child(struct tg_router *router, struct node *node,
                                  struct tg_text literal)
{
    struct node *child = find_child(node, literal);

    if (child != NULL)
        return child;
    child = make_node(router, literal);
    if (node->child_count++ == 0) {
        node->only = child;
        return child;
    }
    if (node->child_count * 2 > node->slots)
        grow(node);
    *slot_of(node, literal) = child;
    return child;
}

static struct node *param_child(struct tg_router *router, struct node *node)
{
    if (node->param == NULL)
        node->param = make_node(router, (struct tg_text){"", 0});
    return node->param;
}

static uint64_t head_of(struct tg_text method)
{
    uint64_t head = 0;

    memcpy(&head, method.base, method.len < 8 ? method.len : 8);
    return head;
}

static void add_end(struct ends *ends, const struct tg_route *route)
{
    struct end end = {route, head_of(route->method), route->method.len};

    if (ends->count == 0) {
        ends->one = end;
        ends->list = &ends->one;
        ends->count = 1;
        return;
    }
    struct end *list = zeroed(ends->count + 1, sizeof(*list));
    memcpy(list, ends->list, ends->count * sizeof(*list));
    list[ends->count++] = end;
    if (ends->list != &ends->one)
        free(ends->list);
    ends->list = list;
}

static void add(struct tg_router *router, const struct tg_route *route)
{
    struct node *node = &router->root;

    for (size_t i = 0; i < route->segment_count; i++) {
        const struct tg_segment *segment = &route->segments[i];
        switch (segment->kind) {
        case TG_SEGMENT_LITERAL:
            node = literal_child(router, node, segment->text);
            break;
        case TG_SEGMENT_PARAM:
            node = param_child(router, node);
            break;
        case TG_SEGMENT_REST:
            if (node->rest == NULL)
                node->rest = zeroed(1, sizeof(*node->rest));
            add_end(node->rest, route);
            return;
        }
    }
    add_end(&node->ends, route);
}

struct tg_router *tg_router_create(const struct tg_site *site)
{
    struct tg_router *router = zeroed(1, sizeof(*router));

    for (size_t i = 0; i < site->route_count; i++)
        add(router, &site->routes[i]);
    return router;
}

static void clear_ends(struct ends *ends)
{
    if (ends->list != &ends->one)
        free(ends->list);
}

static void clear(struct node *node)
{
    free(node->children);
    clear_ends(&node->ends);
    if (node->rest != NULL)
        clear_ends(node->rest);
    free(node->rest);
}

void tg_router_destroy(struct tg_router *router)
{
    for (struct node *node = router->last_made; node != NULL; node = node->made_before)
        clear(node);
    clear(&router->root);
    for (struct block *block = router->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(router);
}

struct finding {
    struct tg_text method;
    const struct tg_path *path;
    struct tg_match *match;
};

static bool has_method(const struct tg_match *match, struct tg_text method)
{
    struct tg_text rest = tg_text(match->allow, match->allow_len);

    while (rest.len > 0) {
        const char *comma = memchr(rest.base, ',', rest.len);
        size_t len = comma != NULL ? (size_t)(comma - rest.base) : rest.len;
        if (tg_text_is(tg_text(rest.base, len), method))
            return true;
        if (comma == NULL)
            return false;
        rest = tg_text(comma + 2, rest.len - len - 2);
    }
    return false;
}

static void allow(struct tg_match *match, struct tg_text method)
{
    if (has_method(match, method) || match->allow_len + method.len + 2 > sizeof(match->allow))
        return;
    if (match->allow_len > 0) {
        memcpy(match->allow + match->allow_len, ", ", 2);
        match->allow_len += 2;
    }
    memcpy(match->allow + match->allow_len, method.base, method.len);
    match->allow_len += method.len;
}

static const struct tg_route *with_method(const struct ends *ends, struct tg_text method)
{
    uint64_t head = head_of(method);

    for (size_t i = 0; i < ends->count; i++) {
        const struct end *end = &ends->list[i];
        if (end->head == head && end->len == method.len &&
            (method.len <= 8 || tg_text_is(end->route->method, method)))
            return end->route;
    }
    return NULL;
}

/* The exact method, then what answers it all the same, then ANY; or notes what is allowed. */
static bool take(struct finding *f, const struct ends *ends)
{
    const struct tg_route *route = with_method(ends, f->method);

    if (route == NULL && tg_text_is(f->method, TG_TEXT("HEAD")))
        route = with_method(ends, TG_TEXT("GET"));
    if (route == NULL)
        route = with_method(ends, TG_TEXT("ANY"));
    f->match->route = route;
    if (route != NULL)
        return true;
    for (size_t i = 0; i < ends->count; i++) {
        const struct tg_route *other = ends->list[i].route;
        assert(other != NULL); /* add_end put it there */
        allow(f->match, other->method);
        if (tg_text_is(other->method, TG_TEXT("GET")))
            allow(f->match, TG_TEXT("HEAD"));
    }
    return false;
}

/* Literal before {name} before {name...}, segment by segment; a node is visited once at most. */
static bool descend(struct finding *f, const struct node *node, size_t i)
{
    const struct tg_path *path = f->path;

    if (i == path->count)
        return take(f, &node->ends);
    struct tg_text segment = path->segments[i].decoded;
    const struct node *child = find_child(node, segment);
    if (child != NULL && descend(f, child, i + 1))
        return true;
    if (node->param != NULL && segment.len > 0 && descend(f, node->param, i + 1))
        return true;
    return node->rest != NULL && take(f, node->rest);
}

void tg_router_find(const struct tg_router *router, struct tg_text method,
                    const struct tg_path *path, struct tg_match *match)
{
    struct finding f = {method, path, match};

    match->route = NULL;
    match->allow_len = 0;
    if (!descend(&f, &router->root, 0) && match->allow_len > 0)
        allow(match, TG_TEXT("OPTIONS"));
}

/* Everything decoded but %2F. */
static size_t put_rest_segment(const struct tg_path_segment *segment, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < segment->decoded.len; i++) {
        if (segment->decoded.base[i] == '/') {
            out[n++] = '%';
            out[n++] = '2';
            out[n++] = 'F';
        } else {
            out[n++] = segment->decoded.base[i];
        }
    }
    return n;
}

struct tg_text tg_router_param(const struct tg_route *route, size_t i, const struct tg_path *path,
                               h2o_mem_pool_t *pool)
{
    size_t size = 0, n = 0;

    if (route->segments[i].kind != TG_SEGMENT_REST)
        return path->segments[i].decoded;
    for (size_t k = i; k < path->count; k++)
        size += path->segments[k].decoded.len * 3 + 1;
    char *joined = h2o_mem_alloc_pool(pool, size);
    for (size_t k = i; k < path->count; k++) {
        if (k > i)
            joined[n++] = '/';
        n += put_rest_segment(&path->segments[k], joined + n);
    }
    return tg_text(joined, n);
}
