/* How fast the codec is beside others, in MB of input a second: one line for each document and
 * contender. The arguments are a folder and documents; a DOCTYPE is cut out first. What was read is
 * left in the folder as NAME.xml and NAME.json, for contenders in other languages. A document that
 * has a schema beside it, .xsd instead of .xml, is converted by it, too.
 *
 * With the arguments "count", a contender, how often, and a document it does only that, for one who
 * counts instructions. */
#include <expat.h>
#include <json-c/json.h>
#include <lauxlib.h>
#include <libxml/parser.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include "api/api.h"
#include "codec/json_to_xml.h"
#include "codec/schema.h"
#include "codec/xml_to_json.h"
#include "script/fail.h"
#include "script/value.h"
#include "script/vm.h"

struct subject {
    struct tg_text xml, json, schema_json;
    struct tg_schema *schema; /* NULL: there is none */
    struct tg_buffer out, scratch;
    struct tg_xml *scanner;
    struct tg_xml_writer *writer;
    lua_State *L;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

/* Documents that need what stood in their DOCTYPE are left out. */
static bool is_read(const struct subject *s)
{
    static const struct tg_xml_options options = {.limits = {.input = 1 << 28}};
    struct tg_buffer out = {.limit = 0};
    struct tg_parse_error error;
    bool good = tg_xml_to_json(s->scanner, s->xml, &options, &out, &error);

    if (!good)
        fprintf(stderr, "left out: %s\n", error.text);
    tg_buffer_dispose(&out);
    return good;
}

static void ours_to_json(struct subject *s)
{
    static const struct tg_xml_options options = {.limits = {.input = 1 << 28}};
    struct tg_parse_error error;

    s->out.len = 0;
    if (!tg_xml_to_json(s->scanner, s->xml, &options, &s->out, &error))
        check(false, error.text);
}

static void ours_to_xml(struct subject *s)
{
    static const struct tg_xml_write_options options = {.limits = {.input = 1 << 28}};
    struct tg_parse_error error;

    s->out.len = 0;
    if (!tg_json_to_xml(s->writer, s->scanner, &s->scratch, s->json, &options, &s->out, &error))
        check(false, error.text);
}

static void schema_to_json(struct subject *s)
{
    static const struct tg_xml_options options = {.limits = {.input = 1 << 28}};
    struct tg_schema_tools tools = {s->scanner, &s->scratch, 1 << 28};
    struct tg_parse_error error;
    const char *code;

    s->out.len = 0;
    if (!tg_schema_to_json(s->schema, &tools, NULL, s->xml, &options, &s->out, &error, &code))
        check(false, error.text);
}

static void schema_to_xml(struct subject *s)
{
    static const struct tg_xml_limits limits = {.input = 1 << 28};
    struct tg_schema_tools tools = {s->scanner, &s->scratch, 1 << 28};
    struct tg_parse_error error;
    const char *code;

    s->out.len = 0;
    if (!tg_schema_to_xml(s->schema, &tools, NULL, s->schema_json, &limits, &s->out, &error, &code))
        check(false, error.text);
}

static void libxml2_sax(struct subject *s)
{
    xmlSAXHandler empty = {.initialized = XML_SAX2_MAGIC};

    check(xmlSAXUserParseMemory(&empty, NULL, s->xml.base, (int)s->xml.len) == 0, "libxml2 SAX2");
}

static void libxml2_tree(struct subject *s)
{
    xmlDoc *doc = xmlReadMemory(s->xml.base, (int)s->xml.len, NULL, NULL, XML_PARSE_NONET);

    check(doc != NULL, "libxml2 tree");
    xmlFreeDoc(doc);
}

static void expat(struct subject *s)
{
    XML_Parser parser = XML_ParserCreateNS(NULL, ' ');

    check(XML_Parse(parser, s->xml.base, (int)s->xml.len, 1) == XML_STATUS_OK, "expat");
    XML_ParserFree(parser);
}

static void yajl(struct subject *s)
{
    static const yajl_callbacks none = {0};
    yajl_handle handle = yajl_alloc(&none, NULL, NULL);

    check(yajl_parse(handle, (const unsigned char *)s->json.base, s->json.len) == yajl_status_ok &&
              yajl_complete_parse(handle) == yajl_status_ok,
          "yajl");
    yajl_free(handle);
}

static void json_c(struct subject *s)
{
    json_tokener *tokener = json_tokener_new_ex(200);
    json_object *value = json_tokener_parse_ex(tokener, s->json.base, (int)s->json.len);

    check(value != NULL, "json-c");
    json_object_put(value);
    json_tokener_free(tokener);
}

/* Best of many, for at least a moment. */
static double seconds_of(void (*run)(struct subject *s), struct subject *s)
{
    double best = 1e9, end = now() + 0.25;

    do {
        double before = now();
        int times = s->xml.len < 100000 ? 50 : 1;
        for (int i = 0; i < times; i++)
            run(s);
        double took = (now() - before) / times;
        if (took < best)
            best = took;
    } while (now() < end);
    return best;
}

/* ---- Lua: the same by a chunk that is called with the text and returns seconds */

static void *allocate(void *vm, void *memory, size_t old, size_t size)
{
    (void)vm;
    (void)old;
    if (size != 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static const char chunk[] =
    "local xml, json, tg = ...\n"
    "local cjson, lxp = require 'cjson', require 'lxp'\n"
    "local function tables(text)\n"
    "  local stack = { {} }\n"
    "  local parser = lxp.new {\n"
    "    StartElement = function(_, name, attributes)\n"
    "      local e = { name = name, attributes = attributes }\n"
    "      local top = stack[#stack] top[#top + 1] = e stack[#stack + 1] = e end,\n"
    "    EndElement = function() stack[#stack] = nil end,\n"
    "    CharacterData = function(_, s) local top = stack[#stack] top[#top + 1] = s end }\n"
    "  assert(parser:parse(text)) parser:parse() parser:close() return stack[1] end\n"
    "local value, same = tg.json.decode(json), cjson.decode(json)\n"
    "local list = {\n"
    "  { 'json', 'ours decode', function() return tg.json.decode(json) end },\n"
    "  { 'json', 'lua-cjson decode', function() return cjson.decode(json) end },\n"
    "  { 'json', 'ours encode', function() return tg.json.encode(value) end },\n"
    "  { 'json', 'lua-cjson encode', function() return cjson.encode(same) end },\n"
    "  { 'xml', 'ours xml decode', function() return tg.xml.decode(xml, { input = 2^28 }) end },\n"
    "  { 'xml', 'lua-expat tables', function() return tables(xml) end } }\n"
    "for _, one in ipairs(list) do\n"
    "  local best, stop = 1e9, os.clock() + 0.25\n"
    "  repeat\n"
    "    collectgarbage() collectgarbage 'stop'\n"
    "    local times, before = #xml < 100000 and 50 or 1, os.clock()\n"
    "    for _ = 1, times do assert(one[3]()) end\n"
    "    best = math.min(best, (os.clock() - before) / times)\n"
    "    collectgarbage 'restart'\n"
    "  until os.clock() > stop\n"
    "  report(one[1], one[2], best)\n"
    "end\n";

static const char *document;
static struct subject subject;

static void report(const char *kind, const char *who, double seconds)
{
    size_t bytes = strcmp(kind, "xml") == 0      ? subject.xml.len
                   : strcmp(kind, "schema") == 0 ? subject.schema_json.len
                                                 : subject.json.len;

    printf("%s\t%s\t%s\t%zu\t%.1f\n", document, kind, who, bytes, (double)bytes / seconds / 1e6);
}

static int report_call(lua_State *L)
{
    report(luaL_checkstring(L, 1), luaL_checkstring(L, 2), luaL_checknumber(L, 3));
    return 0;
}

static void run_lua(void)
{
    struct tg_vm *vm = calloc(1, sizeof(*vm));
    lua_State *L = lua_newstate(allocate, vm);

    luaL_openlibs(L);
    tg_fail_open(L);
    tg_values_open(L);
    lua_register(L, "report", report_call);
    check(luaL_loadbuffer(L, chunk, sizeof(chunk) - 1, "=codec") == 0, "the chunk");
    lua_pushlstring(L, subject.xml.base, subject.xml.len);
    lua_pushlstring(L, subject.json.base, subject.json.len);
    lua_newtable(L);
    tg_open_values(L);
    tg_open_json(L);
    tg_open_xml(L);
    if (lua_pcall(L, 3, 0, 0) != 0)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    free(vm);
}

/* ---- documents */

static struct tg_text load(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(1 << 26);

    check(file != NULL && text != NULL, path);
    size_t n = fread(text, 1, 1 << 26, file);
    fclose(file);
    char *doctype = memmem(text, n, "<!DOCTYPE", 9);
    if (doctype != NULL) {
        size_t left = n - (size_t)(doctype - text);
        char *close = memchr(doctype, '>', left), *subset = memchr(doctype, '[', left);
        if (subset != NULL && subset < close)
            close = (char *)memmem(subset, left, "]>", 2) + 1;
        memset(doctype, ' ', (size_t)(close + 1 - doctype));
    }
    return tg_text(text, n);
}

static void keep(const char *folder, const char *suffix, struct tg_text text)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.%s", folder, document, suffix);
    FILE *file = fopen(path, "wb");
    check(file != NULL && fwrite(text.base, 1, text.len, file) == text.len && fclose(file) == 0,
          path);
}

static bool read_schema(void *self, const char *path, struct tg_buffer *out, const char **why)
{
    struct tg_text text = load(self);

    (void)path;
    *why = "too big";
    return tg_buffer_append(out, text.base, text.len);
}

/* The schema beside the document, where there is one. */
static struct tg_schema *find_schema(const char *path)
{
    char name[4096];
    struct tg_schema_source source = {read_schema, name};
    struct tg_schema_error error;
    size_t len = strlen(path);

    snprintf(name, sizeof(name), "%.*sxsd", len > 3 ? (int)len - 3 : 0, path);
    if (len < 4 || strcmp(path + len - 4, ".xml") != 0 || access(name, R_OK) != 0)
        return NULL;
    struct tg_schema *schema = tg_schema_create(&source, "schema.xsd", NULL, 0, &error);
    check(schema != NULL && tg_schema_refusal(schema) == NULL, error.text);
    return schema;
}

static struct tg_text copy_of(const struct tg_buffer *out)
{
    char *text = malloc(out->len + 1);

    check(text != NULL, "malloc");
    memcpy(text, out->base, out->len);
    return tg_text(text, out->len);
}

/* False: the document is left out. */
static bool begin_document(const char *path)
{
    const char *slash = strrchr(path, '/');

    document = slash != NULL ? slash + 1 : path;
    subject.xml = load(path);
    if (!is_read(&subject))
        return false;
    ours_to_json(&subject);
    subject.json = copy_of(&subject.out);
    subject.schema = find_schema(path);
    if (subject.schema == NULL)
        return true;
    schema_to_json(&subject);
    subject.schema_json = copy_of(&subject.out);
    return true;
}

static void end_document(void)
{
    if (subject.schema != NULL) {
        tg_schema_destroy(subject.schema);
        free((char *)(uintptr_t)subject.schema_json.base);
    }
    free((char *)(uintptr_t)subject.json.base);
    free((char *)(uintptr_t)subject.xml.base);
}

static const struct {
    const char *kind, *who;
    void (*run)(struct subject *s);
} contenders[] = {
    {"xml", "ours to json", ours_to_json},      {"xml", "libxml2 sax2", libxml2_sax},
    {"xml", "libxml2 tree", libxml2_tree},      {"xml", "expat", expat},
    {"json", "ours to xml", ours_to_xml},       {"json", "yajl parse", yajl},
    {"json", "json-c parse", json_c},           {"xml", "schema to json", schema_to_json},
    {"schema", "schema to xml", schema_to_xml},
};

enum { CONTENDERS = sizeof(contenders) / sizeof(*contenders) };

static bool takes_part(size_t i)
{
    return subject.schema != NULL || strncmp(contenders[i].who, "schema", 6) != 0;
}

static int count(const char *who, long times, const char *path)
{
    check(begin_document(path), path);
    for (size_t i = 0; i < CONTENDERS; i++)
        for (long n = 0; n < times && strcmp(contenders[i].who, who) == 0 && takes_part(i); n++)
            contenders[i].run(&subject);
    end_document();
    return 0;
}

int main(int argc, char **argv)
{
    subject = (struct subject){.scanner = tg_xml_create(), .writer = tg_xml_writer_create()};
    if (argc == 5 && strcmp(argv[1], "count") == 0)
        return count(argv[2], strtol(argv[3], NULL, 10), argv[4]);
    for (int i = 2; i < argc; i++) {
        if (!begin_document(argv[i]))
            continue;
        keep(argv[1], "xml", subject.xml);
        keep(argv[1], "json", subject.json);
        for (size_t k = 0; k < CONTENDERS; k++)
            if (takes_part(k))
                report(contenders[k].kind, contenders[k].who,
                       seconds_of(contenders[k].run, &subject));
        run_lua();
        end_document();
    }
    return 0;
}
