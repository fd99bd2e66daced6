/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * To be preloaded: clocks that the test sets forward, so that it need not wait for what a
 * sweep does after a second, or after some minutes. The file that DIFFERENTIAL_CLOCK names
 * holds two numbers of seconds and nanoseconds: by how much CLOCK_BOOTTIME and
 * CLOCK_REALTIME go on, and by how much CLOCK_REALTIME is late in addition, so that what
 * is that much younger than a file counts as being as old (SWEEP_SLACK_NSEC).
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct Forward {
        int64_t both_nsec, real_nsec;
} Forward;

static const Forward *forward;

static __attribute__((constructor)) void find_clock(void) {
        static const Forward none;
        const char *name = getenv("DIFFERENTIAL_CLOCK");
        int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
        void *p = fd >= 0 ? mmap(NULL, sizeof(*forward), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

        if (fd >= 0)
                close(fd);
        forward = p != MAP_FAILED ? p : &none;
}

int clock_gettime(clockid_t clock, struct timespec *ret) {
        int r = (int) syscall(SYS_clock_gettime, clock, ret);
        int64_t nsec;

        if (r < 0 || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
                return r;
        nsec = ret->tv_nsec + forward->both_nsec + (clock == CLOCK_REALTIME ? forward->real_nsec : 0);
        ret->tv_sec += (time_t) (nsec / 1000000000);
        ret->tv_nsec = (long) (nsec % 1000000000);
        return r;
}
