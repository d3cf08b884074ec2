/* libh2o's own function of a name that one of ours has too, see gate/seams.h. */
#ifndef TG_GATE_THEIRS_H
#define TG_GATE_THEIRS_H

#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>

/* Looked up once, when the first thread needs it; `found` is static. */
static inline void *tg_theirs(_Atomic(void *) *found, const char *name)
{
    void *function = *found;

    if (function == NULL) {
        *found = function = dlsym(RTLD_NEXT, name);
        assert(function != NULL);
    }
    return function;
}

#endif
