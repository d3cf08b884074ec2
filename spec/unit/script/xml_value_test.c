#include "script/lua.h"

#include <stdio.h>

/* The value is what decoding the converted JSON gives; also checks the mark of every array. */
#define SAME                                                                                       \
    "local function same(a, b) "                                                                   \
    "  if type(a) ~= 'table' then return a == b end "                                              \
    "  if type(b) ~= 'table' or getmetatable(a) ~= getmetatable(b) then return false end "         \
    "  for k, v in pairs(a) do if not same(v, b[k]) then return false end end "                    \
    "  for k in pairs(b) do if a[k] == nil then return false end end "                             \
    "  return true "                                                                               \
    "end "                                                                                         \
    "local function agrees(xml, opts) "                                                            \
    "  local json = assert(tg.convert.xml_to_json(xml, opts)) "                                    \
    "  return same(assert(decode(json, { depth = 1000 })), assert(tg.xml.decode(xml, opts))) "     \
    "end "

#define XSI "xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"

static void agrees_with_the_json(void **state)
{
    static const char *const documents[] = {
        "<a>x</a>",
        "<a/>",
        "<a></a>",
        "<a id='1'>x</a>",
        "<a id='1'/>",
        "<a><b>1</b><b>2</b></a>",
        "<a>x<b>y</b>z</a>",
        "<a>x<b>y</b></a>",
        "<a><![CDATA[<]]></a>",
        "<r><a>1</a><b>2</b><a>3</a><b>4</b><a>5</a></r>",
        "<r><a>1</a><a>2</a><b>3</b><a>4</a><a>5</a><c/><a>6</a></r>",
        "<r><a><b>1</b><c/><b>2</b></a><q/><a><b>1</b><c/><b><e/><f/><e/></b></a></r>",
        "<a><a>1</a><b><a>2</a></b><a>3</a></a>",
        "<a k='v'> t <b/> u </a>",
        ("<r " XSI
         "><a i:nil='true'/><a i:nil='true' k='v'/><b i:nil='1'>x</b><c i:nil='1'><d/></c></r>"),
        "<r xmlns:x='urn:x' xmlns:y='urn:y' k='0' x:k='1' l='2' "
        "y:k='3'><x:b/><y:b>2</y:b><c/><b/></r>",
        "<r><a><b/><b/></a><a/><a x='1'/></r>",
        "<r>&lt;<a>&#65;</a>&gt;</r>",
    };
    static const char *const options[] = {
        "{}",
        "{ namespaces = 'strip' }",
        "{ empty = tg.null }",
        "{ empty = {}, namespaces = 'strip' }",
        "{ force_array = { '//a', '/r/b', '//e' } }",
        "{ force_array = { '//b', '/r' }, namespaces = 'strip' }",
    };
    for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        for (size_t j = 0; j < sizeof(options) / sizeof(*options); j++) {
            char code[2000];
            snprintf(code, sizeof(code), SAME "return agrees([==[%s]==], %s)", documents[i],
                     options[j]);
            expect(state, code, "true");
        }
    }
}

static void gives_values_as_they_are_used(void **state)
{
    expect(state,
           "local v = tg.xml.decode([[<order "
           "id='7'><item>1</item><item>2</item><to>Ada</to></order>]]) "
           "return v.order['@id'] .. v.order.item[2] .. v.order.to .. #v.order.item",
           "72Ada2");
    expect(state, "return encode(tg.xml.decode('<a/>', { empty = tg.null }))", "{\"a\":null}");
}

/* More siblings and names than are held on the stack, also scattered ones. */
static void reads_wide_elements(void **state)
{
    expect(state, SAME "return agrees('<r>' .. ('<a>1</a>'):rep(10000) .. '</r>')", "true");
    expect(state,
           SAME "local s = {} for i = 1, 5000 do s[i] = ('<n%d x=\"1\">t</n%d>'):format(i, i) end "
                "return agrees('<r>' .. table.concat(s) .. table.concat(s) .. '</r>')",
           "true");
    expect(state,
           SAME "return agrees('<r>' .. ('<a>1</a><b/><c>x</c><a>2</a>'):rep(3000) .. '</r>', "
                "{ force_array = { '//c' } })",
           "true");
    expect(state,
           SAME "local s = {} for i = 1, 2000 do s[i] = (' a%d=\"%d\"'):format(i, i) end "
                "return agrees('<r' .. table.concat(s) .. '><b/>x</r>', { attributes = 5000 })",
           "true");
}

static void reads_wide_and_deep_elements(void **state)
{
    expect(state,
           SAME "local xml = 'x' "
                "for i = 1, 250 do xml = '<a>' .. ('<b/><c>1</c>'):rep(20) .. ('<d/>'):rep(30) .. "
                "xml .. '<d>2</d></a>' end "
                "return agrees(xml)",
           "true");
    expect(state,
           SAME "local xml = ('<a>'):rep(1000) .. ('</a>'):rep(1000) "
                "return agrees(xml, { depth = 1000 })",
           "true");
}

static void no_more_levels_than_the_stack_bears(void **state)
{
    expect(state,
           "local xml = ('<a>'):rep(1001) .. ('</a>'):rep(1001) "
           "local v, err = tg.xml.decode(xml, { depth = 5000 }) return err.limit",
           "depth");
}

static void a_bad_document_gives_nil_and_an_error(void **state)
{
    expect(
        state,
        "local v, err = tg.xml.decode('<a>\\n<b></a>') "
        "return tostring(v) .. ' ' .. err.code .. ' ' .. err.line .. ' ' .. err.column .. ' ' .. "
        "err.message .. tostring(err.limit)",
        "nil parse 2 4 xml: line 2, column 4: expected </b>nil");
    expect(state, "return select(2, tg.convert.xml_to_json('<a')).message",
           "xml: line 1, column 3: the document ends too early");
    expect(state, "tg.xml.decode('<a><b>x<c>') return encode(tg.xml.decode('<a/>'))",
           "{\"a\":\"\"}");
}

static void every_limit_is_an_option(void **state)
{
    static const struct {
        const char *name, *at, *above;
        int most;
    } limits[] = {
        {"depth", "<a><b/></a>", "<a><b><c/></b></a>", 2},
        {"attributes", "<a b='' c=''/>", "<a b='' c='' d=''/>", 2},
        {"xmlns", "<a xmlns='u' xmlns:b='u'/>", "<a xmlns='u' xmlns:b='u' xmlns:c='u'/>", 2},
        {"name", "<abc/>", "<abcd/>", 3},
        {"names", "<a><b/></a>", "<a><b/><c/></a>", 2},
        {"elements", "<a><b/></a>", "<a><b/><b/></a>", 2},
        {"input", "<a></a>", "<a>x</a>", 7},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        char code[400];
        snprintf(code, sizeof(code),
                 "assert(tg.xml.decode([[%s]], { %s = %d })) "
                 "return select(2, tg.xml.decode([[%s]], { %s = %d })).limit",
                 limits[i].at, limits[i].name, limits[i].most, limits[i].above, limits[i].name,
                 limits[i].most);
        expect(state, code, limits[i].name);
    }
    expect(state,
           "assert(tg.convert.xml_to_json('<a>x</a>', { output = 10 })) "
           "return select(2, tg.convert.xml_to_json('<a>x</a>', { output = 9 })).limit",
           "output");
    expect(state, "return encode(tg.xml.decode('<a/>', { input = '1KB', name = '1KB' }))",
           "{\"a\":\"\"}");
}

static void options_are_read_strictly(void **state)
{
#define CONVERT "script:1: bad argument #2 to 'tg.convert.xml_to_json' "
    expect(state, "tg.convert.xml_to_json('<a/>', { namespace = 'strip' })",
           CONVERT "(unknown option 'namespace'; did you mean 'namespaces'?)");
    expect(state, "tg.convert.xml_to_json('<a/>', { namespaces = 'drop' })",
           CONVERT "(namespaces is 'keep', 'strip' or 'badgerfish')");
    expect(state, "tg.convert.xml_to_json('<a/>', { empty = 'x' })",
           CONVERT "(empty is '', tg.null or {})");
    expect(state, "tg.convert.xml_to_json('<a/>', { empty = { 1 } })",
           CONVERT "(empty is '', tg.null or {})");
    expect(state, "tg.convert.xml_to_json('<a/>', { force_array = 'item' })",
           CONVERT "(force_array is true, or a list of paths such as '/order/item' or '//item')");
    expect(state, "tg.convert.xml_to_json('<a/>', { force_array = { 'item' } })",
           CONVERT "(force_array is true, or a list of paths such as '/order/item' or '//item')");
    expect(state, "tg.convert.xml_to_json('<a/>', { force_array = { 1 } })",
           CONVERT "(force_array is true, or a list of paths such as '/order/item' or '//item')");
    expect(state, "tg.convert.xml_to_json('<a/>', { depth = 'x' })",
           CONVERT "(depth is a number above 0)");
    expect(state, "tg.convert.xml_to_json('<a/>', { depth = 0 })",
           CONVERT "(depth is a number above 0)");
    expect(state, "tg.convert.xml_to_json('<a/>', { input = 'much' })",
           CONVERT "(input is a size above 0, such as 65536 or '8MB')");
    expect(state, "tg.xml.decode({})",
           "script:1: bad argument #1 to 'tg.xml.decode' (string expected, got table)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(agrees_with_the_json),
        TEST(gives_values_as_they_are_used),
        TEST(reads_wide_elements),
        TEST(reads_wide_and_deep_elements),
        TEST(no_more_levels_than_the_stack_bears),
        TEST(a_bad_document_gives_nil_and_an_error),
        TEST(every_limit_is_an_option),
        TEST(options_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
