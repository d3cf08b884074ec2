/* For the tests of http/: comparing texts that no NUL ends. */
#include "unit.h"

#include "base/text.h"

#define assert_text(text, want) assert_text_at(text, want, __FILE__, __LINE__)

static inline void assert_text_at(struct tg_text text, const char *want, const char *file, int line)
{
    if (text.len == strlen(want) && (text.len == 0 || memcmp(text.base, want, text.len) == 0))
        return;
    print_error("got \"%.*s\", wanted \"%s\"\n", (int)text.len, text.base, want);
    _fail(file, line);
}
