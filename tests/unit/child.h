/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A process to look at: it runs a function, says that it is ready, and stays as it is
 * until it is killed, at the latest when the test ends.
 */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "unit.h"

/* In the child: all is in place. Returns in the parent's child_start(), never here. */
static inline void child_ready(int fd) {
        if (write(fd, "", 1) != 1)
                _exit(EXIT_FAILURE);
        for (;;)
                pause();
}

/* `body` ends by child_ready(). What it cannot do here it says by _exit(77): then 0 is returned. */
static inline pid_t child_start(void (*body)(int fd, const void *data), const void *data) {
        pid_t parent = getpid(), pid;
        char byte;
        int fds[2];

        ck_assert_int_eq(pipe(fds), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                close(fds[0]);
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                        _exit(EXIT_FAILURE);
                body(fds[1], data);
                _exit(EXIT_FAILURE);
        }
        close(fds[1]);
        if (read(fds[0], &byte, 1) != 1) {
                int status;

                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 77, "the child failed: status %#x", status);
                pid = 0;
        }
        close(fds[0]);
        return pid;
}

static inline void child_end(pid_t pid) {
        if (pid <= 0)
                return;
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* In the child. */
static inline void child_require(bool ok) {
        if (!ok)
                _exit(EXIT_FAILURE);
}
