#include "gate/target.h"

#include "http/strict.h"

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static h2o_iovec_t iovec_of(struct tg_text text)
{
    return h2o_iovec_init((char *)text.base, text.len);
}

/* Cuts 'http://host/path' into authority and path; RFC 9112 wants it believed, but two hosts in
 * one request are one too many. */
static const char *read_absolute_form(struct tg_request *request, struct tg_text *target)
{
    size_t scheme = 7;

    if (target->len > 8 && strncasecmp(target->base, "https://", 8) == 0)
        scheme = 8;
    else if (target->len <= 7 || strncasecmp(target->base, "http://", 7) != 0)
        return "the request target must begin with '/'";
    struct tg_text rest = tg_text(target->base + scheme, target->len - scheme);
    size_t end = 0;
    while (end < rest.len && rest.base[end] != '/' && rest.base[end] != '?')
        end++;
    struct tg_text authority = tg_text(rest.base, end);
    if (request->authority.len != 0 && !tg_text_is_nocase(authority, text_of(request->authority)))
        return "the request target names another host than the Host field";
    const char *wrong = tg_strict_authority(authority);
    if (wrong != NULL)
        return wrong;
    request->authority = iovec_of(authority);
    *target = end == rest.len ? TG_TEXT("/") : tg_text(rest.base + end, rest.len - end);
    return NULL;
}

/* Reads method, authority and target; the path's texts go into `space`. NULL when well. */
const char *tg_target_read(struct tg_inbound *inbound, struct tg_path *path)
{
    struct tg_request *request = &inbound->request;
    struct tg_text target = text_of(inbound->req->input.path);
    const char *reason = tg_strict_method(text_of(request->method));

    if (reason == NULL && tg_text_is(text_of(request->method), TG_TEXT("CONNECT")))
        reason = "CONNECT is not for a proxy of this kind";
    if (reason == NULL && (target.len == 0 || target.base[0] != '/'))
        reason = read_absolute_form(request, &target);
    if (reason != NULL)
        return reason;
    const char *mark = memchr(target.base, '?', target.len);
    size_t path_len = mark != NULL ? (size_t)(mark - target.base) : target.len;
    if (mark != NULL) {
        request->query = h2o_iovec_init((char *)mark + 1, target.len - path_len - 1);
        for (size_t i = 0; i < request->query.len; i++)
            if ((unsigned char)request->query.base[i] <= ' ' ||
                (unsigned char)request->query.base[i] >= 0x7f)
                return "the query has a character that must be escaped";
    }
    /* 'http://host?query' has no path: it stands for '/'. */
    struct tg_text raw = path_len != 0 ? tg_text(target.base, path_len) : TG_TEXT("/");
    request->raw_path = iovec_of(raw);
    char *space = h2o_mem_alloc_pool(&request->run.pool, TG_PATH_SPACE(raw.len));
    const char *wrong = tg_path_parse(raw, space, path);
    if (wrong == NULL)
        request->path = iovec_of(path->normal);
    return wrong;
}
