/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A file system whose server stops answering: one file, at /plugin.so and at
 * /dir/plugin.so, served by the kernel's own protocol (include/uapi/linux/fuse.h), so
 * that it can hang in exactly the operation that is asked for.
 *
 *         fuse-server MOUNTPOINT FILE SECONDS OPERATION[,OPERATION…]
 *
 * Serves FILE until SIGUSR1. From then on the named operations (LOOKUP, GETATTR, OPEN,
 * READ, …) are never answered, and every request is told on standard output, with the
 * pid that made it. A file opened from then on has FOPEN_DIRECT_IO. After SECONDS it
 * ends, whatever has happened: the kernel then aborts what it holds. It never touches
 * its own mount.
 */

#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "util/base.h"

#define ROOT FUSE_ROOT_ID
#define FILE_NODE 2
#define DIR_NODE 3

static char *content;
static size_t content_size;
static const char *hang_in;
static volatile sig_atomic_t hanging;

static void on_signal(_unused_ int number) {
        hanging = 1;
}

static const char *operation_name(uint32_t opcode) {
        switch (opcode) {
        case FUSE_LOOKUP:
                return "LOOKUP";
        case FUSE_GETATTR:
                return "GETATTR";
        case FUSE_OPEN:
        case FUSE_OPENDIR:
                return "OPEN";
        case FUSE_READ:
                return "READ";
        case FUSE_STATFS:
                return "STATFS";
        case FUSE_READLINK:
                return "READLINK";
        default:
                return NULL;
        }
}

static void answer(int fd, uint64_t unique, int error, const void *data, size_t size) {
        static char buffer[1 << 18];
        struct fuse_out_header h = { .len = (uint32_t) (sizeof(h) + size), .error = error, .unique = unique };

        memcpy(buffer, &h, sizeof(h));
        if (size > 0)
                memcpy(buffer + sizeof(h), data, size);
        if (write(fd, buffer, h.len) < 0 && errno != ENOENT && errno != EINTR)
                exit(EXIT_SUCCESS); /* unmounted, or aborted */
}

static struct fuse_attr attributes(uint64_t node) {
        return (struct fuse_attr){
                .ino = node,
                .size = node == FILE_NODE ? content_size : 0,
                .mode = node == FILE_NODE ? S_IFREG | 0755 : S_IFDIR | 0755,
                .nlink = 1,
                .blksize = 4096,
        };
}

static void on_lookup(int fd, const struct fuse_in_header *h, const char *name) {
        struct fuse_entry_out out = {};

        out.nodeid = streq(name, "plugin.so") ? FILE_NODE : streq(name, "dir") && h->nodeid == ROOT ? DIR_NODE : 0;
        if (out.nodeid == 0) {
                answer(fd, h->unique, -ENOENT, NULL, 0);
                return;
        }
        out.attr = attributes(out.nodeid);
        answer(fd, h->unique, 0, &out, sizeof(out));
}

static void on_read(int fd, const struct fuse_in_header *h, const struct fuse_read_in *in) {
        size_t n = in->offset < content_size ? content_size - in->offset : 0;

        if (n > in->size)
                n = in->size;
        answer(fd, h->unique, 0, content + (n > 0 ? in->offset : 0), n);
}

static void serve(int fd, const struct fuse_in_header *h, const void *body) {
        const char *name = operation_name(h->opcode);

        if (hanging && name) {
                printf("%s %u\n", name, h->pid);
                fflush(stdout);
                if (strstr(hang_in, name))
                        return;
        }
        switch (h->opcode) {
        case FUSE_INIT: {
                const struct fuse_init_in *in = body;
                struct fuse_init_out out = {
                        .major = FUSE_KERNEL_VERSION,
                        .minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor : FUSE_KERNEL_MINOR_VERSION,
                        .max_write = 65536,
                };

                answer(fd, h->unique, 0, &out, sizeof(out));
                return;
        }
        case FUSE_LOOKUP:
                on_lookup(fd, h, body);
                return;
        case FUSE_GETATTR: {
                struct fuse_attr_out out = { .attr = attributes(h->nodeid) };

                answer(fd, h->unique, 0, &out, sizeof(out));
                return;
        }
        case FUSE_OPEN:
        case FUSE_OPENDIR: {
                struct fuse_open_out out = { .open_flags = hanging ? FOPEN_DIRECT_IO | FOPEN_KEEP_CACHE : 0 };

                answer(fd, h->unique, 0, &out, sizeof(out));
                return;
        }
        case FUSE_READ:
                on_read(fd, h, body);
                return;
        case FUSE_READDIR:
                answer(fd, h->unique, 0, NULL, 0);
                return;
        case FUSE_STATFS: {
                struct fuse_statfs_out out = { .st = { .bsize = 4096, .namelen = 255 } };

                answer(fd, h->unique, 0, &out, sizeof(out));
                return;
        }
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT: /* the worst of servers does not even heed this */
                return;
        case FUSE_RELEASE:
        case FUSE_RELEASEDIR:
        case FUSE_FLUSH:
        case FUSE_ACCESS:
                answer(fd, h->unique, 0, NULL, 0);
                return;
        default:
                answer(fd, h->unique, -ENOSYS, NULL, 0);
        }
}

static void read_content(const char *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                exit(EXIT_FAILURE);
        content_size = (size_t) st.st_size;
        content = malloc(content_size + 1);
        if (!content || read(fd, content, content_size) != st.st_size)
                exit(EXIT_FAILURE);
        close(fd);
}

int main(int argc, char *argv[]) {
        struct sigaction sa = { .sa_handler = on_signal };
        static char buffer[1 << 18];
        char options[128];
        int fd;

        if (argc != 5)
                return 2;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm((unsigned) atoi(argv[3]));
        hang_in = argv[4];
        read_content(argv[2]);
        sigaction(SIGUSR1, &sa, NULL);

        fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return 77;
        snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
        if (mount("hostile", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
                return 77;
        printf("mounted\n");
        fflush(stdout);
        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));

                if (n < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
                        continue;
                if (n < (ssize_t) sizeof(struct fuse_in_header))
                        return EXIT_SUCCESS;
                serve(fd, (const struct fuse_in_header *) (const void *) buffer, buffer + sizeof(struct fuse_in_header));
        }
}
