#include "gate/slices.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "gate/generation.h"
#include "script/vm.h"

enum { TICK_NS = 2 * 1000 * 1000 }; /* the kernel may make it 4 ms */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOLDS_SIGNALS_BACK 1
#endif
#endif
#ifndef HOLDS_SIGNALS_BACK
#define HOLDS_SIGNALS_BACK 0
#endif

/* It may interrupt the thread anywhere, in the middle of a script above all. */
static void on_tick(int number, siginfo_t *info, void *context)
{
    int reason = errno;

    (void)number, (void)context;
    if (info->si_code != SI_TIMER)
        return;
    struct tg_vm *vm = tg_generation_running(info->si_value.sival_ptr);
    if (vm != NULL)
        tg_vm_slice(vm);
    errno = reason;
}

static bool make_timer(struct tg_worker *worker)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = SIGVTALRM,
                             .sigev_value = {.sival_ptr = worker}};

    sigemptyset(&action.sa_mask);
    event._sigev_un._tid = gettid();
    return sigaction(SIGVTALRM, &action, NULL) == 0 &&
           timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &worker->tick) == 0;
}

void tg_slices_start(struct tg_worker *worker)
{
    struct itimerspec every = {.it_interval = {.tv_nsec = TICK_NS},
                               .it_value = {.tv_nsec = TICK_NS}};

    if (HOLDS_SIGNALS_BACK || !make_timer(worker))
        return;
    worker->ticked = true;
    timer_settime(worker->tick, 0, &every, NULL);
}

void tg_slices_stop(struct tg_worker *worker)
{
    if (worker->ticked)
        timer_delete(worker->tick);
    worker->ticked = false;
}
