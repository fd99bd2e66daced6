/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "proc/process-owner.h"

/* user_namespaces(7): no more than 32 levels. */
#define LEVELS_MAX 33

/* A name of a process has no line of its own there: the kernel escapes it. */
int process_owner_parse_status(const char *text, uint64_t *ret) {
        const char *line = strstr(text, "\nUid:\t");
        unsigned long uid;
        char *end;

        if (!line)
                return -EBADMSG;
        line += strlen("\nUid:\t");
        if (*line < '0' || *line > '9')
                return -EBADMSG;
        errno = 0;
        uid = strtoul(line, &end, 10);
        if (errno != 0 || *end != '\t' || uid > UINT32_MAX)
                return -EBADMSG;
        *ret = uid;
        return 0;
}

/* Climbs to the namespace whose parent is ours: ioctl_nsfs(2). Returns 0 or -errno. */
static int namespace_owner(int fd, const struct stat *own, uint64_t *ret) {
        _cleanup_close_ int below = TAKE_FD(fd);

        for (size_t i = 0; i < LEVELS_MAX; i++) {
                _cleanup_close_ int parent = ioctl(below, NS_GET_PARENT);
                struct stat st;
                uid_t uid;

                if (parent < 0 || fstat(parent, &st) < 0)
                        return -errno;
                if (st.st_dev == own->st_dev && st.st_ino == own->st_ino) {
                        if (ioctl(below, NS_GET_OWNER_UID, &uid) < 0 || fstat(below, &st) < 0)
                                return -errno;
                        *ret = uid != 0 ? uid : PROCESS_OWNER_NAMESPACE + st.st_ino;
                        return 0;
                }
                fd_close(below);
                below = TAKE_FD(parent);
        }
        return -ELOOP;
}

int process_owner_read(int proc_fd, const Process *p, uint64_t *ret) {
        _cleanup_free_ char *status = NULL;
        struct stat own, st;
        uint64_t uid;
        int fd, r;

        r = process_read_file(p, "status", 4096, &status, /* ret_size= */ NULL);
        if (r >= 0)
                r = process_owner_parse_status(status, &uid);
        if (r < 0)
                return r;

        if (fstatat(proc_fd, "self/ns/user", &own, 0) < 0 || fstatat(p->fd, "ns/user", &st, 0) < 0)
                return -errno;
        if (st.st_dev == own.st_dev && st.st_ino == own.st_ino) {
                *ret = uid;
                return 0;
        }
        fd = openat(p->fd, "ns/user", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : namespace_owner(fd, &own, ret);
}
