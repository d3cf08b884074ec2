/* tg.convert, and bodies from bytes to bytes: at once, or off the loop when they are big. */
#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/body.h"
#include "api/host.h"
#include "base/clock.h"
#include "script/args.h"
#include "script/conversion.h"
#include "script/fail.h"
#include "script/json_value.h"
#include "script/task.h"

enum { NESTING = 8 }; /* tables in tables of options */

/* What a conversion needs for itself, for its request may end while a thread is at it. */
struct job {
    struct tg_work work;
    struct op *op; /* NULL: nobody waits any more */
    struct tg_vm *vm;
    int ref;    /* registry: what the options lie in, and the input when it is a string */
    char *copy; /* of a body; NULL: the input is a string */
    char charset[64];
    struct tg_text input;
    struct tg_conversion options;
    struct tg_buffer out;
    struct tg_parse_error error;
    bool sent, done; /* to the threads; and back */
    bool good;
    uint64_t cpu_ns;
};

/* In the pool of the run, and disposed with it: a run that is killed may never start its wait. */
struct op {
    struct tg_wait wait;
    struct job *job; /* NULL: it is over */
    bool is_body;
    const char *backend; /* of a body */
    bool as_value;       /* the JSON is decoded in turns */
};

static void read_options(lua_State *L, const char *name, bool to_json, const struct tg_body *body,
                         struct tg_conversion *options)
{
    tg_conversion_read(L, name, 2, to_json, options);
    if (to_json && body != NULL)
        tg_body_charset(*body, &options->read);
}

static int fail(lua_State *L, bool is_body, const char *backend, const struct tg_parse_error *error)
{
    return is_body ? tg_body_fail(L, (struct tg_body){.backend = backend}, error)
                   : tg_fail_parse(L, error);
}

/* ---- off the loop */

static void on_run(struct tg_work *work)
{
    struct job *job = H2O_STRUCT_FROM_MEMBER(struct job, work, work);
    uint64_t before = tg_clock_thread_cpu_ns();
    struct tg_buffer scratch = {.limit = 0};
    struct tg_conversion_tools tools = {.xml = tg_xml_create(), .scratch = &scratch};

    if (!job->options.to_json)
        tools.writer = tg_xml_writer_create();
    job->good = tg_conversion_run(&job->options, &tools, job->input, &job->out, &job->error);
    tg_xml_destroy(tools.xml);
    if (tools.writer != NULL)
        tg_xml_writer_destroy(tools.writer);
    tg_buffer_dispose(&scratch);
    job->cpu_ns = tg_clock_thread_cpu_ns() - before;
}

/* Freeing a slot of the registry allocates nothing. */
static void free_job(struct job *job)
{
    struct tg_host *host = job->vm->options.host;

    if (job->op != NULL)
        job->op->job = NULL;
    host->converting--;
    luaL_unref(job->vm->L, LUA_REGISTRYINDEX, job->ref);
    tg_buffer_dispose(&job->out);
    free(job->copy);
    free(job);
}

static void on_done(struct tg_work *work)
{
    struct job *job = H2O_STRUCT_FROM_MEMBER(struct job, work, work);

    job->done = true;
    if (job->op == NULL) {
        free_job(job);
        return;
    }
    struct tg_task *task = job->op->wait.task;
    task->run->cpu_ns += job->cpu_ns;
    tg_task_resume(task);
}

static void on_drop(struct tg_work *work)
{
    free_job(H2O_STRUCT_FROM_MEMBER(struct job, work, work));
}

/* Without a thread for it, here and now. */
static void on_start(struct tg_wait *wait)
{
    struct job *job = ((struct op *)wait)->job;
    struct tg_host *host = wait->task->vm->options.host;

    job->work = (struct tg_work){.run = on_run, .on_done = on_done, .on_drop = on_drop};
    job->sent = tg_work_push(host->work, &job->work);
    if (job->sent)
        return;
    on_run(&job->work);
    on_done(&job->work);
}

/* A thread that is at it goes on to the end, which nobody waits for. */
static void abandon(struct op *op)
{
    struct job *job = op->job;

    if (job == NULL)
        return;
    op->job = NULL;
    job->op = NULL;
    if (!job->sent || job->done || tg_work_withdraw(&job->work))
        free_job(job);
}

static void on_cancel(struct tg_wait *wait)
{
    abandon((struct op *)wait);
}

static void on_dispose(void *op)
{
    abandon(op);
}

/* The JSON on top; it is ours, and none of the limits is left to be crossed. */
static int decode_in_turns(lua_State *L, const struct op *op)
{
    struct tg_json_options options = {.depth = TG_JSON_VALUE_DEPTH};
    struct tg_body body = {.backend = op->backend};
    struct tg_text json;

    json.base = lua_tolstring(L, -1, &json.len);
    return tg_turns_begin(L, json, -1, &options, op->is_body ? &body : NULL);
}

static int on_take(lua_State *L, struct tg_wait *wait)
{
    struct op *op = (struct op *)wait;
    struct job *job = op->job;
    int count = 1;

    if (job->good)
        lua_pushlstring(L, job->out.base, job->out.len);
    else
        count = fail(L, op->is_body, op->backend, &job->error);
    bool is_json = job->good && op->as_value;
    free_job(job);
    return is_json ? decode_in_turns(L, op) : count;
}

/* Replaces the table on top by a copy that nobody else can change. */
static void copy_table(lua_State *L, int levels)
{
    luaL_checkstack(L, 8, "options in options");
    lua_createtable(L, 0, 8);
    for (lua_pushnil(L); lua_next(L, -3);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        if (lua_istable(L, -1) && levels > 0)
            copy_table(L, levels - 1);
        lua_rawset(L, -4);
    }
    lua_replace(L, -2);
}

/* All that lies on the stack stays. */
static int anchor(lua_State *L)
{
    int top = lua_gettop(L);

    lua_createtable(L, top, 0);
    for (int i = 1; i <= top; i++) {
        lua_pushvalue(L, i);
        lua_rawseti(L, -2, i);
    }
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The bytes of a body go with its request, and so does its charset. */
static void copy_input(struct job *job, struct tg_text input, bool is_body)
{
    struct tg_text *charset = &job->options.read.charset;

    job->input = input;
    if (!is_body)
        return;
    job->copy = malloc(input.len);
    assert(job->copy != NULL);
    memcpy(job->copy, input.base, input.len);
    job->input.base = job->copy;
    if (charset->base == NULL)
        return;
    size_t n = charset->len < sizeof(job->charset) ? charset->len : sizeof(job->charset);
    memcpy(job->charset, charset->base, n);
    *charset = tg_text(job->charset, n);
}

static int send_off(lua_State *L, const char *name, bool to_json, struct tg_text input,
                    const struct tg_body *body, bool as_value)
{
    struct tg_task *task = tg_task_current(L, name);
    struct tg_conversion options;

    lua_settop(L, 2);
    if (lua_istable(L, 2))
        copy_table(L, NESTING);
    read_options(L, name, to_json, body, &options);
    if (as_value)
        options.read.limits.output = SIZE_MAX / 4;
    int ref = anchor(L);
    struct op *op = h2o_mem_alloc_shared(&task->run->pool, sizeof(*op), on_dispose);
    struct job *job = calloc(1, sizeof(*job));
    assert(job != NULL);
    *op = (struct op){.wait = {.start = on_start, .cancel = on_cancel, .take = on_take},
                      .job = job,
                      .is_body = body != NULL,
                      .backend = body != NULL ? body->backend : NULL,
                      .as_value = as_value};
    *job = (struct job){.op = op, .vm = task->vm, .ref = ref, .options = options};
    copy_input(job, input, body != NULL);
    tg_host_of(L)->converting++;
    return tg_task_wait(L, task, &op->wait);
}

/* ---- at once */

static int convert_now(lua_State *L, const char *name, bool to_json, struct tg_text input,
                       const struct tg_body *body)
{
    struct tg_conversion options;
    struct tg_parse_error error;

    read_options(L, name, to_json, body, &options);
    if (!tg_conversion_push(L, &options, input, &error))
        return fail(L, body != NULL, body != NULL ? body->backend : NULL, &error);
    return 1;
}

static bool can_wait(lua_State *L)
{
    const struct tg_vm *vm = tg_vm_of(L);

    return vm->running != NULL && vm->unyieldable == 0 && lua_isyieldable(L) &&
           tg_host_of(L)->work != NULL;
}

static int start(lua_State *L, const char *name, bool to_json, struct tg_text input,
                 const struct tg_body *body)
{
    if (input.len > TG_BODY_BIG && can_wait(L))
        return send_off(L, name, to_json, input, body, false);
    return convert_now(L, name, to_json, input, body);
}

/* JSON has up to three levels for one of XML, and values have a thousand at most. */
bool tg_turns_begin_xml(lua_State *L, const char *name, struct tg_text text,
                        const struct tg_body *body, int *results)
{
    struct tg_conversion options;

    if (!can_wait(L))
        return false;
    lua_settop(L, 2);
    read_options(L, name, true, body, &options);
    lua_settop(L, 2);
    if (options.read.limits.depth > TG_JSON_VALUE_DEPTH / 3)
        return false;
    *results = send_off(L, name, true, text, body, true);
    return true;
}

int tg_body_to_json(lua_State *L, const char *name, struct tg_body body)
{
    return start(L, name, true, body.bytes, &body);
}

int tg_body_to_xml(lua_State *L, const char *name, struct tg_body body)
{
    return start(L, name, false, body.bytes, &body);
}

static int xml_to_json_call(lua_State *L)
{
    static const char name[] = "tg.convert.xml_to_json";

    return start(L, name, true, tg_args_text(L, name, 1), NULL);
}

static int json_to_xml_call(lua_State *L)
{
    static const char name[] = "tg.convert.json_to_xml";

    return start(L, name, false, tg_args_text(L, name, 1), NULL);
}

static const luaL_Reg functions[] = {
    {"xml_to_json", xml_to_json_call},
    {"json_to_xml", json_to_xml_call},
    {NULL, NULL},
};

void tg_open_convert(lua_State *L)
{
    lua_createtable(L, 0, 2);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, "convert");
}
