/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: old-kernel PROGRAM [ARGUMENT…]
 *
 * Runs a program as on Linux before 6.11: PROCMAP_QUERY answers ENOTTY, as it does there,
 * so that /proc/PID/maps has to be read as text. Exits with 77 if that cannot be had.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* include/uapi/linux/fs.h: ioctl 17 of 'f', whatever size a later kernel gives its argument. */
#define QUERY_MASK 0xffffu
#define QUERY _IOC(0, 'f', 17, 0)

int main(int argc, char *argv[]) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        int r;

        if (argc < 2) {
                fprintf(stderr, "usage: old-kernel PROGRAM [ARGUMENT…]\n");
                return 2;
        }
        r = filter ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1,
                                      SCMP_A1(SCMP_CMP_MASKED_EQ, QUERY_MASK, QUERY)) : -ENOMEM;
        if (r >= 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        /* Without the filter, a descriptor that is none is what the kernel sees first. */
        if (r >= 0 && (ioctl(-1, _IOWR('f', 17, char[104])) >= 0 || errno != ENOTTY))
                r = -EBADE;
        if (r < 0) {
                fprintf(stderr, "old-kernel: no filter: %s\n", strerror(-r));
                return 77;
        }
        execvp(argv[1], argv + 1);
        fprintf(stderr, "old-kernel: %s: %s\n", argv[1], strerror(errno));
        return 127;
}
