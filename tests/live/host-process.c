/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Workers that are told what to do themselves, other programs, namespaces and users. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

static int take_over(const char *path, int flags, int as) {
        int fd = open(path, flags);

        if (fd < 0 || dup2(fd, as) < 0)
                return -1;
        return fd == as ? 0 : close(fd);
}

/* worker IN OUT: forks; the child takes its commands from one FIFO, and answers into the other. The pid. */
static int do_worker(char **words) {
        pid_t pid = fork();

        if (pid != 0)
                return pid < 0 ? host_fail("worker", NULL) : pid;
        if (take_over(words[1], O_RDONLY, STDIN_FILENO) < 0 || take_over(words[2], O_WRONLY, STDOUT_FILENO) < 0)
                _exit(1);
        return 0;
}

/* execute PATH: becomes that program, which is a host, or a script whose interpreter is one; and that answers. */
static int do_execute(char **words) {
        execl(words[1], words[1], "answer", (char *) NULL);
        return host_fail("execute", NULL);
}

/* finish PID: kills a child, and waits for its end. */
static int do_finish(char **words) {
        const pid_t pid = atoi(words[1]);

        return kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) != pid ? host_fail("finish", NULL) : 0;
}

static int write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC), r;

        if (fd < 0)
                return -1;
        r = write(fd, text, strlen(text)) < 0 ? -1 : 0;
        close(fd);
        return r;
}

/* unshare mount: a mount namespace of its own; unshare user: that, and a user namespace whose root it is. */
static int do_unshare(char **words) {
        const int user = strcmp(words[1], "user") == 0;
        const uid_t uid = geteuid();
        char map[32];

        if (unshare(CLONE_NEWNS | (user ? CLONE_NEWUSER : 0)) < 0)
                return host_fail("unshare", NULL);
        snprintf(map, sizeof(map), "0 %u 1", (unsigned) uid);
        if (user && (write_file("/proc/self/setgroups", "deny") < 0 || write_file("/proc/self/uid_map", map) < 0))
                return host_fail("unshare", NULL);
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? host_fail("unshare", NULL) : 0;
}

/* become UID: for good. */
static int do_become(char **words) {
        const uid_t uid = (uid_t) atoi(words[1]);

        return setgid(uid) < 0 || setuid(uid) < 0 ? host_fail("become", NULL) : 0;
}

/* mount SOURCE TARGET TYPE DATA; of type `bind` without data. */
static int do_mount(char **words) {
        const int bind = strcmp(words[3], "bind") == 0;

        return mount(words[1], words[2], bind ? NULL : words[3], bind ? MS_BIND : 0, bind ? NULL : words[4]) < 0 ?
                host_fail("mount", NULL) : 0;
}

/* umount TARGET: lazily, since something on it may be mapped. */
static int do_umount(char **words) {
        return umount2(words[1], MNT_DETACH) < 0 ? host_fail("umount", NULL) : 0;
}

/* pivot DIRECTORY: a mount point becomes the root; the one before is detached. */
static int do_pivot(char **words) {
        if (chdir(words[1]) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                return host_fail("pivot", NULL);
        return 0;
}

const HostCommand host_process_commands[] = {
        { "become",  2, do_become    },
        { "execute", 2, do_execute   },
        { "finish",  2, do_finish    },
        { "mount",   5, do_mount     },
        { "pivot",   2, do_pivot     },
        { "umount",  2, do_umount    },
        { "unshare", 2, do_unshare   },
        { "worker",  3, do_worker    },
        { NULL,      0, NULL         },
};
