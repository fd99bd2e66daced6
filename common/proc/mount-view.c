/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "proc/mount-view.h"

#ifndef SYS_openat2
#define SYS_openat2 __NR_openat2 /* known to the kernel's headers before glibc 2.32 */
#endif
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20 /* Linux 5.12 */
#endif

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */
#define RETRIES_MAX 4

/*
 * Most files lie in few directories. One that is open spares walking there for each of
 * its files, and one call in place of three.
 */
#define DIRECTORIES 16u

struct MountViewDirectories {
        struct {
                char *path;
                int fd; /* of a directory whose file system answers, or that is entered regardless */
        } slots[DIRECTORIES];
};

void mount_view_close(MountView *v) {
        v->root_fd = fd_close(v->root_fd);
        for (size_t i = 0; v->directories && i < DIRECTORIES; i++)
                if (v->directories->slots[i].path) {
                        fd_close(v->directories->slots[i].fd);
                        free(v->directories->slots[i].path);
                }
        free(v->directories);
        v->directories = NULL;
}

void mount_view_done(MountView *v) {
        mount_view_close(v);
        free(v->root_path);
        mount_table_done(&v->mounts);
        *v = MOUNT_VIEW_NULL;
}

/* "mnt:[4026531841]": the number is the inode's (namespaces(7)); half the price of a stat. */
int mount_view_read_namespace(const Process *p, uint64_t *ret) {
        char link[64], *end;
        unsigned long long namespace;
        ssize_t n;

        n = readlinkat(p->fd, "ns/mnt", link, sizeof(link) - 1);
        if (n < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        link[n] = '\0';
        if (strncmp(link, "mnt:[", 5) != 0)
                return -EBADMSG;
        namespace = strtoull(link + 5, &end, 10);
        if (*end != ']')
                return -EBADMSG;
        *ret = namespace;
        return 0;
}

/* Who may mount in the process's namespace? Its own user namespace owns it, or one above that, which is trusted more. */
static int read_own_users(const Process *p, bool *ret) {
        char theirs[64] = "", ours[64] = "";

        if (readlinkat(p->fd, "ns/user", theirs, sizeof(theirs) - 1) < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        if (readlinkat(p->fd, "../self/ns/user", ours, sizeof(ours) - 1) < 0)
                return -errno;
        *ret = !streq(theirs, ours);
        return 0;
}

int mount_view_identify(const Process *p, FileIdentity *ret_root, uint64_t *ret_namespace) {
        int r;

        r = file_identity_read(p->fd, "root", ret_root);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        *ret_namespace = 0;
        return ret_root->mount_id > 0 ? 0 : mount_view_read_namespace(p, ret_namespace);
}

bool mount_view_is(const MountView *v, const FileIdentity *root, uint64_t namespace) {
        return v->root.mount_id == root->mount_id && file_identity_equal(&v->root, root) &&
                (root->mount_id > 0 || v->namespace == namespace);
}

int mount_view_open(const Process *p, MountView *ret) {
        _cleanup_(mount_view_done) MountView v = MOUNT_VIEW_NULL;
        int r;

        v.root_fd = openat(p->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (v.root_fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        r = mount_view_read_namespace(p, &v.namespace);
        if (r < 0)
                return r;
        r = file_identity_read(v.root_fd, "", &v.root);
        if (r < 0)
                return r;
        r = process_read_link(p, "root", &v.root_path);
        if (r < 0)
                return r;
        r = read_own_users(p, &v.own_users);
        if (r >= 0)
                r = mount_table_read(p, &v.mounts);
        if (r < 0)
                return r;
        v.directories = calloc(1, sizeof(*v.directories));
        if (!v.directories)
                return -ENOMEM;
        *ret = v;
        v = MOUNT_VIEW_NULL;
        return 0;
}

const char *mount_view_path(const MountView *v, const char *name) {
        size_t n;

        if (name[0] != '/')
                return NULL;
        if (streq(v->root_path, "/"))
                return name;
        n = strlen(v->root_path);
        return strncmp(name, v->root_path, n) == 0 && name[n] == '/' ? name + n : NULL;
}

/* What is not in the table was mounted since, unless it is what the root lies on. */
bool mount_view_answers(const MountView *v, const FileIdentity *i) {
        const Mount *m;

        if (i->mount_id == 0)
                return !v->root_remote;
        m = mount_table_find(&v->mounts, i->mount_id);
        if (m)
                return mount_answers(m);
        return !v->root_remote && i->mount_id == v->root.mount_id;
}

static int open_beneath(int fd, const char *path, uint64_t resolve, int flags) {
        struct open_how how = {
                .flags = (uint64_t) (O_PATH | O_CLOEXEC | flags),
                .resolve = resolve | RESOLVE_NO_MAGICLINKS,
        };

        /* EAGAIN without RESOLVE_CACHED: something was renamed meanwhile, openat2(2). */
        for (int i = 0;; i++) {
                int r = (int) syscall(SYS_openat2, fd, path, &how, sizeof(how));

                if (r >= 0)
                        return r;
                if (errno != EAGAIN || resolve & RESOLVE_CACHED || i >= RETRIES_MAX)
                        return -errno;
        }
}

/* A path that is walked by hand, where entering the wrong mount could hang. */
typedef struct Walk {
        const MountView *view;
        char done[PATH_MAX]; /* what was walked: no links in it, no "." and "..", "" for the root */
        char todo[PATH_MAX];
        int fd;              /* of `done` */
        unsigned links;
} Walk;

/* The mount at `path` itself must be one that answers. */
static bool may_enter(const MountView *v, const char *path) {
        const Mount *m = mount_table_covering(&v->mounts, path);

        return m ? mount_answers(m) : !v->root_remote;
}

static int walk_to_root(Walk *w) {
        int fd = fcntl(w->view->root_fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return -errno;
        fd_close(w->fd);
        w->fd = fd;
        w->done[0] = '\0';
        return 0;
}

static int walk_up(Walk *w) {
        char *slash = strrchr(w->done, '/');
        int fd;

        if (!slash || slash == w->done)
                return walk_to_root(w);
        *slash = '\0';
        fd = open_beneath(w->view->root_fd, w->done + 1, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, O_DIRECTORY);
        if (fd < 0)
                return fd;
        fd_close(w->fd);
        w->fd = fd;
        return 0;
}

/* Puts the link's text before what is still to do. */
static int walk_link(Walk *w, int link_fd) {
        char text[PATH_MAX], rest[PATH_MAX];
        ssize_t n;

        if (++w->links > LINKS_MAX)
                return -ELOOP;
        n = readlinkat(link_fd, "", text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        strcpy(rest, w->todo);
        if (snprintf(w->todo, sizeof(w->todo), "%s/%s", text, rest) >= (int) sizeof(w->todo))
                return -ENAMETOOLONG;
        return text[0] == '/' ? walk_to_root(w) : 0;
}

static int walk_component(Walk *w, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        size_t n = strlen(w->done);
        FileIdentity i;
        int r;

        if (streq(name, "."))
                return 0;
        if (streq(name, ".."))
                return walk_up(w);
        if (n + 1 + strlen(name) >= sizeof(w->done))
                return -ENAMETOOLONG;
        w->done[n] = '/';
        strcpy(w->done + n + 1, name);
        if (!may_enter(w->view, w->done))
                return -EREMOTE;
        fd = open_beneath(w->fd, name, RESOLVE_BENEATH, O_NOFOLLOW);
        if (fd < 0)
                return fd;
        /* It may have been mounted since mountinfo was read; an O_PATH descriptor has not entered it yet. */
        r = file_identity_read(fd, "", &i);
        if (r < 0)
                return r;
        if (!mount_view_answers(w->view, &i))
                return -EREMOTE;
        if (S_ISLNK(i.mode)) {
                w->done[n] = '\0';
                return walk_link(w, fd);
        }
        fd_close(w->fd);
        w->fd = TAKE_FD(fd);
        return 0;
}

static int walk(const MountView *v, const char *path, int *ret_fd) {
        Walk w = { .view = v, .fd = -EBADF };
        int r;

        if (strlen(path) >= sizeof(w.todo))
                return -ENAMETOOLONG;
        strcpy(w.todo, path);
        r = walk_to_root(&w);
        while (r >= 0) {
                char name[NAME_MAX + 1], *start = w.todo + strspn(w.todo, "/");
                size_t n = strcspn(start, "/");

                if (n == 0)
                        break;
                if (n > NAME_MAX) {
                        r = -ENAMETOOLONG;
                        break;
                }
                memcpy(name, start, n);
                name[n] = '\0';
                memmove(w.todo, start + n, strlen(start + n) + 1);
                r = walk_component(&w, name);
        }
        if (r < 0)
                fd_close(w.fd);
        else
                *ret_fd = w.fd;
        return r < 0 ? r : 0;
}

static bool is_remote(const MountView *v, const FileIdentity *i) {
        const Mount *m = i->mount_id > 0 ? mount_table_find(&v->mounts, i->mount_id) : NULL;

        return m && m->remote;
}

/* The descriptor of a directory, the first n bytes of the path, or -EAGAIN: to be walked to in the long way. */
static int open_directory(const MountView *v, const char *path, size_t n, bool careful) {
        _cleanup_close_ int fd = -EBADF;
        const char *relative;
        unsigned slot = 5381;
        char *copy;
        FileIdentity i;

        if (!v->directories)
                return -EAGAIN;
        for (size_t k = 0; k < n; k++)
                slot = slot * 33 ^ (unsigned char) path[k];
        slot = (slot ^ slot >> 8) % DIRECTORIES;
        copy = v->directories->slots[slot].path;
        if (copy && strncmp(copy, path, n) == 0 && copy[n] == '\0')
                return v->directories->slots[slot].fd;

        copy = strndup(path, n);
        if (!copy)
                return -ENOMEM;
        relative = copy + strspn(copy, "/");
        fd = open_beneath(v->root_fd, *relative ? relative : ".", RESOLVE_IN_ROOT | (careful ? RESOLVE_CACHED : 0), O_DIRECTORY);
        if (fd < 0 || (careful && (file_identity_read(fd, "", &i) < 0 || !mount_view_answers(v, &i)))) {
                free(copy);
                return -EAGAIN;
        }
        if (v->directories->slots[slot].path) {
                fd_close(v->directories->slots[slot].fd);
                free(v->directories->slots[slot].path);
        }
        v->directories->slots[slot].path = copy;
        v->directories->slots[slot].fd = fd;
        return TAKE_FD(fd);
}

/* A file that is no symbolic link, in a directory that is open. -EAGAIN: needs a lookup component by component. */
static int look_in_directory(const MountView *v, const char *path, bool careful, FileIdentity *ret) {
        const char *name = strrchr(path, '/');
        int fd, r;

        if (!name || name[1] == '\0' || streq(name, "/.") || streq(name, "/.."))
                return -EAGAIN;
        fd = open_directory(v, path, (size_t) (name - path), careful);
        if (fd < 0)
                return fd;
        r = file_identity_read_link(fd, name + 1, ret);
        if (r < 0)
                return r;
        if (S_ISLNK(ret->mode))
                return -EAGAIN;
        return careful && is_remote(v, ret) ? -EREMOTE : 0;
}

int mount_view_lookup(const MountView *v, const char *path, bool remote, int *ret_fd, FileIdentity *ret) {
        _cleanup_close_ int fd = -EBADF;
        const char *relative = path + strspn(path, "/");
        bool careful = !remote && (v->mounts.any_remote || v->own_users || v->root_remote);
        int r;

        if (*relative == '\0')
                relative = ".";
        if (careful && mount_table_crosses_remote(&v->mounts, path))
                return -EREMOTE;
        if (!ret_fd) {
                r = look_in_directory(v, path, careful, ret);
                if (r != -EAGAIN)
                        return r;
        }
        fd = open_beneath(v->root_fd, relative, RESOLVE_IN_ROOT | (careful ? RESOLVE_CACHED : 0), 0);
        if (careful && (fd == -EAGAIN || fd == -EINVAL)) {
                r = walk(v, path, &fd);
                if (r < 0)
                        return r;
        }
        if (fd < 0)
                return fd;
        r = file_identity_read(fd, "", ret);
        if (r < 0)
                return r;
        if (careful && is_remote(v, ret))
                return -EREMOTE;
        if (ret_fd)
                *ret_fd = TAKE_FD(fd);
        return 0;
}

int mount_view_reopen(int proc_fd, int fd) {
        char name[64];
        int r;

        snprintf(name, sizeof(name), "self/fd/%d", fd);
        r = openat(proc_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return r < 0 ? -errno : r;
}

int mount_view_open_file(const MountView *v, int proc_fd, const char *path, bool remote, FileIdentity *ret) {
        _cleanup_close_ int fd = -EBADF;
        FileIdentity i;
        int r;

        r = mount_view_lookup(v, path, remote, &fd, &i);
        if (r < 0)
                return r;
        if (!remote && !mount_view_answers(v, &i))
                return -EREMOTE;
        if (!S_ISREG(i.mode))
                return -EINVAL;
        r = mount_view_reopen(proc_fd, fd);
        if (r >= 0)
                *ret = i;
        return r;
}
