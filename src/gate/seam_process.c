/* libh2o looks for the host and the path of each request, normalises the path for that, and keeps
 * the time of day for logs of its own. A listener of ours has one host, and this one handler. */
#include <assert.h>
#include <h2o.h>

void h2o_process_request(h2o_req_t *req)
{
    h2o_hostconf_t *host = req->conn->hosts[0];
    h2o_pathconf_t *path = &host->paths.entries[0];

    if (req->input.authority.base == NULL)
        req->input.authority = host->authority.hostport;
    req->scheme = req->input.scheme;
    req->method = req->input.method;
    req->authority = req->input.authority;
    req->path = req->input.path;
    h2o_req_bind_conf(req, host, path);
    int left = path->handlers.entries[0]->on_req(path->handlers.entries[0], req);
    assert(left == 0); /* it answers whatever comes */
}
