#include "api/api.h"
#include "net/timer.h"
#include "script/fail.h"
#include "script/lua.h"

static struct tg_timers timers;

static int set_up_texts(void **state)
{
    assert_int_equal(set_up(state), 0);
    lua_State *L = *state;
    tg_timers_init(&timers);
    tg_vm_of(L)->options.timers = &timers;
    lua_getglobal(L, "tg");
    tg_open_text(L);
    tg_open_time(L);
    lua_pop(L, 1);
    assert_int_equal(lua_gettop(L), 0);
    return 0;
}

static int tear_down_texts(void **state)
{
    tg_timers_dispose(&timers);
    return tear_down(state);
}

/* Runs a piece of Lua that checks with assert. */
static void run(void **state, const char *script)
{
    lua_State *L = *state;

    if (luaL_loadstring(L, script) != 0 || lua_pcall(L, 0, 0, 0) != 0)
        fail_msg("%s", lua_tostring(L, -1));
    assert_int_equal(lua_gettop(L), 0);
}

static void escapes_for_one_segment(void **state)
{
    run(state, "assert(tg.escape('a b/c?d=e&f%#+~-._') == 'a%20b%2Fc%3Fd%3De%26f%25%23%2B~-._')");
    run(state, "assert(tg.escape('K\\195\\182ln\\0') == 'K%C3%B6ln%00' and tg.escape('') == '')");
    run(state, "assert(tg.escape(7) == '7')");
    run(state, "for n = 160, 180 do"
               "  assert(tg.escape(('/'):rep(n)) == ('%2F'):rep(n))"
               "end");
}

static void unescapes(void **state)
{
    run(state, "assert(tg.unescape('a%20b%2fc+d%zz%4') == 'a b/c+d%zz%4')");
    run(state, "local all = {} for i = 0, 255 do all[#all + 1] = string.char(i) end "
               "local s = table.concat(all):rep(5) assert(tg.unescape(tg.escape(s)) == s)");
}

static void encodes_and_decodes_base64(void **state)
{
    run(state, "assert(tg.base64.encode('fo') == 'Zm8=')");
    run(state, "assert(tg.base64.encode('fo', { url = true }) == 'Zm8')");
    run(state, "assert(tg.base64.encode('fo', { url = true, pad = true }) == 'Zm8=')");
    run(state, "assert(tg.base64.encode('fo', { pad = false }) == 'Zm8')");
    run(state, "assert(tg.base64.decode('Zm8=') == 'fo')");
    run(state, "assert(tg.base64.decode('Zm8', { url = true }) == 'fo')");
    run(state, "assert(tg.base64.decode('Zm8', { pad = false }) == 'fo')");
    run(state, "for n = 370, 400 do local s = ('\\255'):rep(n)"
               "  assert(tg.base64.decode(tg.base64.encode(s)) == s)"
               "end");
}

static void reports_what_is_not_base64(void **state)
{
    run(state, "local s, err = tg.base64.decode('Zm8')"
               "assert(s == nil and err.code == 'parse')"
               "assert(err.message:match('^not base64: .*padding'), err.message)"
               "assert(select('#', tg.base64.decode('?')) == 2)");
}

static void hashes(void **state)
{
    run(state, "assert(tg.hash.md5('abc') == '900150983cd24fb0d6963f7d28e17f72')");
    run(state, "assert(tg.hash.sha1('abc') == 'a9993e364706816aba3e25717850c26c9cd0d89d')");
    run(state, "assert(#tg.hash.sha256('') == 64 and #tg.hash.sha384('') == 96)");
    run(state, "assert(tg.hash.sha512('abc'):sub(1, 12) == 'ddaf35a19361')");
    run(state, "assert(#tg.hash.sha256('abc', { format = 'raw' }) == 32)");
    run(state,
        "assert(tg.hash.sha1('abc', { format = 'base64' }) == 'qZk+NkcGgWq6PiVxeFDCbJzQ2J0=')");
    run(state, "assert(tg.hash.hmac('sha256', 'Jefe', 'what do ya want for nothing?') =="
               "'5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')");
    run(state, "assert(#tg.hash.hmac('sha512', '', '', { format = 'raw' }) == 64)");
    run(state, "assert(tg.hash.equal('a', 'a') and not tg.hash.equal('a', 'b'))");
    run(state, "assert(not tg.hash.equal('a', 'aa'))");
}

static void tells_the_time_and_makes_ids(void **state)
{
    run(state, "assert(math.abs(tg.time() - os.time()) <= 2 and tg.time() % 1 ~= nil)");
    run(state,
        "local a = tg.uuid() assert(a:match('^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$') and #a == 36)"
        "assert(a ~= tg.uuid())");
}

static void raises_at_the_callers_line(void **state)
{
    run(state,
        "local function raised(pattern, f, ...)"
        "  local well, message = pcall(f, ...)"
        "  assert(not well and message:match(pattern), tostring(message))"
        "end "
        "raised(\"bad argument #1 to 'tg.escape'\", function() tg.escape({}) end)"
        "raised(\"%d: bad argument #1 to 'tg.escape'\", function() tg.escape() end)"
        "raised('ur1', function() tg.base64.encode('', { ur1 = true }) end)"
        "raised('url must be true or false', function() tg.base64.encode('', { url = 1 }) end)"
        "raised('format must be', function() tg.hash.md5('', { format = 'oct' }) end)"
        "raised('format must be', function() tg.hash.md5('', { format = 5 }) end)"
        "raised('sha256', function() tg.hash.hmac('sha255', '', '') end)"
        "raised(\"#3 to 'tg.hash.hmac'\", function() tg.hash.hmac('md5', '') end)"
        "raised(\"#2 to 'tg.hash.equal'\", function() tg.hash.equal('') end)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(escapes_for_one_segment, set_up_texts, tear_down_texts),
        cmocka_unit_test_setup_teardown(unescapes, set_up_texts, tear_down_texts),
        cmocka_unit_test_setup_teardown(encodes_and_decodes_base64, set_up_texts, tear_down_texts),
        cmocka_unit_test_setup_teardown(reports_what_is_not_base64, set_up_texts, tear_down_texts),
        cmocka_unit_test_setup_teardown(hashes, set_up_texts, tear_down_texts),
        cmocka_unit_test_setup_teardown(tells_the_time_and_makes_ids, set_up_texts,
                                        tear_down_texts),
        cmocka_unit_test_setup_teardown(raises_at_the_callers_line, set_up_texts, tear_down_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
