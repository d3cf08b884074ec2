-- tidegate/codec.h and its library, as they are installed, in programs made with plain cc.
local installed = require 'spec.support.installed'
local posix = require 'spec.support.posix'

local folder, pc

setup(function()
  folder = installed.folder()
  pc = installed.find(folder, 'tidegate-codec.pc'):match '^(.*)/'
end)

teardown(function() posix.remove(folder) end)

local function compile(source, program)
  local out, well = installed.run(('PKG_CONFIG_PATH=%s; export PKG_CONFIG_PATH; ' ..
    'cc -std=c99 -Wall -Wextra -Wpedantic -Werror -o %s %s ' ..
    '$(pkg-config --cflags --libs tidegate-codec)'):format(pc, program, source))
  assert(well, out)
  return program
end

local function run(program, input, arguments)
  posix.write(folder .. '/in', input)
  return installed.run(('%s %s < %s/in'):format(program, arguments or '', folder))
end

describe('the example in C', function()
  local program

  setup(function() program = compile('examples/codec-in-c/convert.c', folder .. '/convert') end)

  it('converts a document', function()
    local out, well = run(program, '<o:order xmlns:o="urn:o"><o:item>a</o:item></o:order>')
    assert.same({ '{"order":{"item":["a"]}}\n', true }, { out:gsub('": ', '":'), well })
  end)

  it('says what is wrong with one', function()
    local out, well = run(program, '<a>\n<b></a>')
    assert.same({ 'xml: line 2, column 4: expected </b>\n', false }, { out, well })
  end)

  it('converts records', function()
    local text = '<f><e>1</e>' .. ('<e n="2">x</e>'):rep(20000) .. '</f>'
    local out, well = run(program, text, '/f/e')
    assert.is_true(well)
    assert.equal(20001, select(2, out:gsub('\n', '')))
    assert.equal('{"e":"1"}\n{"e":{"@n":"2","#text":"x"}}\n', out:gsub('": ', '":'):sub(1, 39))
  end)
end)

describe('a program in C', function()
  local CHECKS = [[
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <tidegate/codec.h>

static int count(void *context, const char *bytes, size_t n)
{
    assert(bytes[n] == '\0');
    return ++*(int *)context == 3;
}

/* Names of the library's inside are the program's own to use. */
int tg_xml_create(void);
int tg_xml_create(void) { return 7; }

int main(void)
{
    struct tidegate_error error;
    const char *out;
    size_t len;
    int records = 0;
    struct tidegate_converter *x = tidegate_converter_create(TIDEGATE_XML_TO_JSON);
    struct tidegate_converter *j = tidegate_converter_create(TIDEGATE_JSON_TO_XML);

    assert(tidegate_converter_create((enum tidegate_direction)9) == NULL);
    assert(tg_xml_create() == 7 && strchr(tidegate_version(), '.') != NULL);
    assert(tidegate_converter_set(x, "nope", "1", &error) == TIDEGATE_OPTION);
    assert(strstr(error.message, "nope") != NULL && error.line == 0);
    assert(tidegate_converter_set(x, "depth", "none", NULL) == TIDEGATE_OPTION);
    assert(tidegate_converter_set(x, "depth", "2", &error) == TIDEGATE_OK && error.code == 0);
    assert(tidegate_converter_convert(x, "<a><b><c/></b></a>", 18, &out, &len, &error) ==
           TIDEGATE_LIMIT);
    assert(out == NULL && strcmp(error.limit, "depth") == 0 && error.line == 1);
    assert(tidegate_converter_convert(x, "<a><b></a>", 10, &out, &len, &error) ==
           TIDEGATE_REFUSED);
    assert(error.column == 7 && error.limit == NULL);
    assert(tidegate_converter_convert(x, NULL, 0, &out, &len, NULL) == TIDEGATE_REFUSED);
    assert(tidegate_converter_convert(x, "<a/>", 4, &out, &len, &error) == TIDEGATE_OK);
    assert(len == strlen(out) && strstr(out, "\"a\"") != NULL);

    assert(tidegate_converter_set(j, "declaration", NULL, &error) == TIDEGATE_OK);
    assert(tidegate_converter_set(j, "order", "b,a", &error) == TIDEGATE_OK);
    const char *json = "{\"r\":{\"a\":1.50,\"b\":null}}";
    assert(tidegate_converter_convert(j, json, strlen(json), &out, &len, &error) == TIDEGATE_OK);
    puts(out);
    assert(tidegate_converter_begin(j, "a", count, &records, &error) == TIDEGATE_OPTION);
    assert(tidegate_converter_begin(j, "/a", count, &records, &error) == TIDEGATE_OK);
    assert(tidegate_converter_feed(j, "{\"a\":[1,", 8, &error) == TIDEGATE_OK && records == 1);
    assert(tidegate_converter_feed(j, "}", 1, &error) == TIDEGATE_REFUSED && error.column == 9);
    assert(tidegate_converter_begin(j, "/", count, &records, NULL) == TIDEGATE_OK);
    assert(tidegate_converter_feed(j, "{\"a\":1", 6, NULL) == TIDEGATE_OK);
    assert(tidegate_converter_feed(j, "}", 1, NULL) == TIDEGATE_OK && records == 2);
    assert(tidegate_converter_end(j, &error) == TIDEGATE_OK);
    records = 0;

    assert(tidegate_converter_feed(x, "<a>", 3, &error) == TIDEGATE_MISUSE);
    assert(tidegate_converter_begin(x, "a", count, NULL, &error) == TIDEGATE_OPTION);
    assert(tidegate_converter_begin(x, "//b", count, &records, &error) == TIDEGATE_OK);
    assert(tidegate_converter_set(x, "depth", "3", &error) == TIDEGATE_MISUSE);
    assert(tidegate_converter_feed(x, "<a><b/><b>", 10, &error) == TIDEGATE_OK && records == 1);
    assert(tidegate_converter_convert(x, "<a/>", 4, &out, &len, &error) == TIDEGATE_MISUSE);
    assert(tidegate_converter_feed(x, "</b>", 4, NULL) == TIDEGATE_OK && records == 2);
    assert(tidegate_converter_feed(x, "<b>1</b>", 8, &error) == TIDEGATE_STOPPED);
    assert(tidegate_converter_end(x, &error) == TIDEGATE_MISUSE);
    assert(tidegate_converter_begin(x, "//b", count, &records, &error) == TIDEGATE_OK);
    assert(tidegate_converter_feed(x, "<a>", 3, &error) == TIDEGATE_OK);
    assert(tidegate_converter_end(x, &error) == TIDEGATE_REFUSED && error.line == 1);
    tidegate_converter_destroy(x);
    tidegate_converter_destroy(j);
    tidegate_converter_destroy(NULL);
    return 0;
}
]]

  it('gets what the header says', function()
    posix.write(folder .. '/checks.c', CHECKS)
    local out, well = run(compile(folder .. '/checks.c', folder .. '/checks'), '')
    assert(well, out)
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<r><b xmlns:xsi="' ..
      'http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><a>1.50</a></r>\n', out)
  end)

  it('sees nothing of the library but what the header has', function()
    local library = installed.find(folder, 'libtidegate-codec.a')
    local out = installed.run('nm --defined-only --extern-only ' .. library)
    local count = 0
    for name in out:gmatch ' %u (%S+)' do
      assert.matches('^tidegate_', name)
      count = count + 1
    end
    assert.equal(8, count)
  end)
end)
