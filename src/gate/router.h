/* From method and path to a route: a tree of segments, built once, whose cost does not grow with
 * it. */
#ifndef TG_GATE_ROUTER_H
#define TG_GATE_ROUTER_H

#include "gate/site.h"
#include "http/path.h"

struct tg_router;

/* The site must outlive it. */
struct tg_router *tg_router_create(const struct tg_site *site);
void tg_router_destroy(struct tg_router *router);

enum { TG_ALLOW_MAX = 512 }; /* bytes of an Allow field; methods that do not fit are left out */

struct tg_match {
    const struct tg_route *route; /* NULL: none */
    size_t allow_len;             /* of what stands in allow; 0: no route has this path */
    char allow[TG_ALLOW_MAX];     /* when route is NULL: the methods that the path has */
};

/* The most specific route that takes the path and accepts the method. HEAD goes where GET goes. */
void tg_router_find(const struct tg_router *router, struct tg_text method,
                    const struct tg_path *path, struct tg_match *match);

/* The value of the route's segment i, which is a parameter: decoded. What {name...} takes is
 * joined by slashes; there a %2F stays as it is, so that it can't be taken for one. */
struct tg_text tg_router_param(const struct tg_route *route, size_t i, const struct tg_path *path,
                               h2o_mem_pool_t *pool);

#endif
