/* tg.escape, tg.unescape, tg.base64, tg.hash: text into text, at once. */
#include "api/api.h"

#include <lauxlib.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "http/escape.h"
#include "script/args.h"
#include "script/fail.h"

enum { SMALL = 512 }; /* results up to this size are made on the C stack */

/* A buffer of exactly n bytes in `small` or, when that is not enough, in memory of the Lua state,
 * which stays on the Lua stack: so an error on the way leaks nothing. */
static struct tg_buffer scratch(lua_State *L, char small[SMALL], size_t n)
{
    char *base = n <= SMALL ? small : lua_newuserdata(L, n);

    return (struct tg_buffer){.base = base, .capacity = n, .limit = n};
}

static int escape(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.escape", 1);
    char small[SMALL];
    struct tg_buffer out = scratch(L, small, text.len * 3 + 1);

    bool dots = tg_text_is(text, TG_TEXT(".")) || tg_text_is(text, TG_TEXT(".."));
    tg_escape_encode(&out, text, dots ? 0 : TG_CHAR_UNRESERVED);
    lua_pushlstring(L, out.base, out.len);
    return 1;
}

static int unescape(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.unescape", 1);
    char small[SMALL];
    struct tg_buffer out = scratch(L, small, text.len + 1);

    lua_pushlstring(L, out.base, tg_escape_decode(text, out.base, false));
    return 1;
}

/* Reads an optional boolean of the options at `arg`. */
static bool flag(lua_State *L, const char *name, int arg, const char *key, bool otherwise)
{
    lua_getfield(L, arg, key);
    if (!lua_isnil(L, -1)) {
        if (!lua_isboolean(L, -1))
            tg_raise(L, "bad argument #%d to '%s' (%s must be true or false)", arg, name, key);
        otherwise = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
    return otherwise;
}

static struct tg_base64 base64_form(lua_State *L, const char *name)
{
    static const char *const known[] = {"url", "pad", NULL};
    struct tg_base64 form = {.pad = true};

    if (tg_args_optional_table(L, name, 2)) {
        tg_args_keys(L, name, 2, known);
        form.url = flag(L, name, 2, "url", false);
        form.pad = flag(L, name, 2, "pad", !form.url);
    }
    return form;
}

static int base64_encode(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.base64.encode", 1);
    struct tg_base64 form = base64_form(L, "tg.base64.encode");
    char small[SMALL];
    struct tg_buffer out = scratch(L, small, (text.len + 2) / 3 * 4 + 1);

    tg_base64_encode(&out, text, form);
    lua_pushlstring(L, out.base, out.len);
    return 1;
}

static int base64_decode(lua_State *L)
{
    struct tg_text text = tg_args_text(L, "tg.base64.decode", 1);
    struct tg_base64 form = base64_form(L, "tg.base64.decode");
    char small[SMALL];
    struct tg_buffer out = scratch(L, small, text.len / 4 * 3 + 4);
    const char *wrong = tg_base64_decode(&out, text, form);

    if (wrong == NULL) {
        lua_pushlstring(L, out.base, out.len);
        return 1;
    }
    lua_pushnil(L);
    tg_fail_push(L, "parse", lua_pushfstring(L, "not base64: %s", wrong));
    lua_remove(L, -2);
    return 2;
}

enum format { HEX, BASE64, RAW };

static enum format digest_format(lua_State *L, const char *name, int arg)
{
    static const char *const known[] = {"format", NULL};
    static const char *const formats[] = {"hex", "base64", "raw"};

    if (!tg_args_optional_table(L, name, arg))
        return HEX;
    tg_args_keys(L, name, arg, known);
    lua_getfield(L, arg, "format");
    struct tg_text wanted = TG_TEXT("hex");
    if (!lua_isnil(L, -1))
        wanted = lua_type(L, -1) == LUA_TSTRING ? tg_args_text(L, name, -1) : TG_TEXT("");
    for (int i = HEX; i <= RAW; i++) {
        if (tg_text_is(wanted, tg_text_of(formats[i]))) {
            lua_pop(L, 1);
            return (enum format)i;
        }
    }
    return (enum format)tg_args_fail(L, name, arg, "format must be 'hex', 'base64' or 'raw'");
}

static int push_digest(lua_State *L, const uint8_t *bytes, size_t len, enum format format)
{
    char small[SMALL];
    struct tg_buffer out = scratch(L, small, SMALL);

    if (len == 0)
        return tg_raise(L, "this OpenSSL does not offer the digest");
    switch (format) {
    case HEX:
        tg_hex(out.base, bytes, len);
        out.len = 2 * len;
        break;
    case BASE64:
        tg_base64_encode(&out, tg_text((const char *)bytes, len), (struct tg_base64){.pad = true});
        break;
    case RAW:
        tg_buffer_append(&out, bytes, len);
        break;
    }
    lua_pushlstring(L, out.base, out.len);
    return 1;
}

/* One function for all digests: which one is the upvalue. */
static int hash_digest(lua_State *L)
{
    static const char *const calls[TG_DIGESTS] = {
        [TG_MD5] = "tg.hash.md5",       [TG_SHA1] = "tg.hash.sha1",
        [TG_SHA256] = "tg.hash.sha256", [TG_SHA384] = "tg.hash.sha384",
        [TG_SHA512] = "tg.hash.sha512",
    };
    enum tg_digest digest = (enum tg_digest)lua_tointeger(L, lua_upvalueindex(1));
    struct tg_text text = tg_args_text(L, calls[digest], 1);
    enum format format = digest_format(L, calls[digest], 2);
    uint8_t bytes[TG_DIGEST_MAX];

    return push_digest(L, bytes, tg_crypto_digest(digest, text, bytes), format);
}

static int hash_hmac(lua_State *L)
{
    struct tg_text algorithm = tg_args_text(L, "tg.hash.hmac", 1);
    struct tg_text key = tg_args_text(L, "tg.hash.hmac", 2);
    struct tg_text text = tg_args_text(L, "tg.hash.hmac", 3);
    enum format format = digest_format(L, "tg.hash.hmac", 4);
    uint8_t bytes[TG_DIGEST_MAX];
    enum tg_digest digest;

    if (!tg_digest_of(algorithm, &digest))
        return tg_args_fail(L, "tg.hash.hmac", 1, "one of md5 sha1 sha256 sha384 sha512");
    return push_digest(L, bytes, tg_crypto_hmac(digest, key, text, bytes), format);
}

static int hash_equal(lua_State *L)
{
    struct tg_text a = tg_args_text(L, "tg.hash.equal", 1);
    struct tg_text b = tg_args_text(L, "tg.hash.equal", 2);

    lua_pushboolean(L, tg_crypto_equal(a, b));
    return 1;
}

static const luaL_Reg functions[] = {
    {"escape", escape},
    {"unescape", unescape},
    {NULL, NULL},
};

static const luaL_Reg base64_functions[] = {
    {"encode", base64_encode},
    {"decode", base64_decode},
    {NULL, NULL},
};

static const luaL_Reg hash_functions[] = {
    {"hmac", hash_hmac},
    {"equal", hash_equal},
    {NULL, NULL},
};

void tg_open_text(lua_State *L)
{
    luaL_register(L, NULL, functions);
    lua_newtable(L);
    luaL_register(L, NULL, base64_functions);
    lua_setfield(L, -2, "base64");
    lua_newtable(L);
    luaL_register(L, NULL, hash_functions);
    for (int i = 0; i < TG_DIGESTS; i++) {
        lua_pushinteger(L, i);
        lua_pushcclosure(L, hash_digest, 1);
        lua_setfield(L, -2, tg_digest_name((enum tg_digest)i));
    }
    lua_setfield(L, -2, "hash");
}
