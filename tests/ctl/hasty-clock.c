/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* To be preloaded: a monotonic clock by which a second passes at each look at it, so that nothing is quick. */

#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ret) {
        static time_t seconds;

        if (clock != CLOCK_MONOTONIC)
                return (int) syscall(SYS_clock_gettime, clock, ret);
        *ret = (struct timespec){ .tv_sec = ++seconds };
        return 0;
}
