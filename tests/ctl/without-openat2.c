/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* usage: without-openat2 PROGRAM [ARGUMENT…]: runs it as on a kernel before Linux 5.6, whose openat2(2) is unknown. */

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);

        if (argc < 2 || !c || seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0) < 0 || seccomp_load(c) < 0)
                return 77;
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        return 77;
}
