/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "proc/process-library.h"
#include "proc/process.h"

void process_list_done(ProcessList *l) {
        free(l->pids);
        *l = (ProcessList){};
}

static int pid_compare(const void *a, const void *b) {
        pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

        return x < y ? -1 : x > y;
}

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

static int open_directory(int directory_fd, const char *name, DIR **ret) {
        _cleanup_close_ int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        *ret = fdopendir(fd);
        if (!*ret)
                return -errno;
        TAKE_FD(fd);
        return 0;
}

/* The number that the next entry is named by. Returns 1, 0 at the end, -errno. */
static int next_number(DIR *directory, pid_t *ret) {
        struct dirent *entry;

        for (errno = 0; (entry = readdir(directory)); errno = 0)
                if (isdigit((unsigned char) entry->d_name[0])) {
                        *ret = (pid_t) strtol(entry->d_name, NULL, 10);
                        return 1;
                }
        return -errno;
}

/* Not by the process library: it reads the owner of each, which costs as much as a whole steady sweep. */
int process_list_read(int proc_fd, ProcessList *ret) {
        _cleanup_(process_list_done) ProcessList list = {};
        _cleanup_(closedirp) DIR *directory = NULL;
        pid_t pid = 0;
        int r;

        r = open_directory(proc_fd, ".", &directory);
        if (r < 0)
                return r;
        while ((r = next_number(directory, &pid)) > 0) {
                if (!GROW(list.pids, list.allocated, list.n_pids + 1))
                        return -ENOMEM;
                list.pids[list.n_pids++] = pid;
        }
        if (r < 0)
                return r;
        if (list.n_pids > 0)
                qsort(list.pids, list.n_pids, sizeof(*list.pids), pid_compare);
        *ret = list;
        list = (ProcessList){};
        return 0;
}

void process_done(Process *p) {
        p->fd = fd_close(p->fd);
        p->maps_fd = fd_close(p->maps_fd);
}

int process_read_file(const Process *p, const char *name, size_t max, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *buffer = NULL;
        size_t size = 0, allocated = 0;

        fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        /* A short read is no end here: many files of proc hand out about a page at a time. */
        for (;;) {
                size_t want = max - size < 4096 ? max - size : 4096;
                ssize_t n;

                if (!GROW(buffer, allocated, size + want + 1))
                        return -ENOMEM;
                if (want == 0)
                        break;
                n = read(fd, buffer + size, want);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        buffer[size] = '\0';
        *ret = TAKE_PTR(buffer);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int process_read_link(const Process *p, const char *name, char **ret) {
        char buffer[4097];
        char *copy;
        ssize_t n;

        n = readlinkat(p->fd, name, buffer, sizeof(buffer) - 1);
        if (n < 0)
                return -errno;
        if ((size_t) n >= sizeof(buffer) - 1)
                return -ENAMETOOLONG;
        buffer[n] = '\0';
        copy = strdup(buffer);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

typedef struct Stat {
        char comm[PROCESS_COMM_SIZE];
        uint64_t start_time, size, start_code, start_stack;
        pid_t parent;
        uint64_t threads;
        char state;
} Stat;

/* The fields behind the name, which is in parentheses and may itself hold any of them: proc_pid_stat(5). */
static int parse_stat(const char *text, Stat *ret) {
        const char *comm = strchr(text, '('), *s = strrchr(text, ')');
        uint64_t values[29] = {};
        char state;

        if (!comm || !s || s[1] != ' ' || s[2] == '\0')
                return -EBADMSG;
        *ret = (Stat){};
        memcpy(ret->comm, comm + 1, (size_t) (s - comm - 1) < sizeof(ret->comm) ? (size_t) (s - comm - 1) : sizeof(ret->comm) - 1);
        s += 2;
        state = *s;
        for (int field = 4; field <= 28; field++) {
                s += strcspn(s, " ");
                s += strspn(s, " ");
                if (!isdigit((unsigned char) *s) && *s != '-')
                        return -EBADMSG;
                values[field] = strtoull(s, NULL, 10);
        }
        ret->state = state;
        ret->parent = (pid_t) values[4];
        ret->threads = values[20];
        ret->start_time = values[22];
        ret->size = values[23];
        ret->start_code = values[26];
        ret->start_stack = values[28];
        return 0;
}

static int read_stat(int directory_fd, Stat *ret) {
        char text[2048]; /* 52 numbers and a name of 15 bytes; handed out in one piece */
        _cleanup_close_ int fd = -EBADF;
        ssize_t n;

        fd = openat(directory_fd, "stat", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        return parse_stat(text, ret);
}

/* A kernel thread and a zombie have none, and neither has an exiting process, whose state does not show it. */
static bool stat_has_memory(const Stat *stat) {
        return stat->size > 0;
}

static int open_number(int directory_fd, pid_t pid) {
        char name[32];
        int fd;

        snprintf(name, sizeof(name), "%d", (int) pid);
        fd = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

/* A thread that has not exited takes the place of a first one that has. Returns 1 where there is one. */
static int open_thread(int proc_fd, Process *p, pid_t tid) {
        _cleanup_close_ int fd = -EBADF;
        char member[32];
        Stat stat;
        int r;

        /* Not task/TID: that has no map_files. /proc/TID is there for every thread, though it is not listed. */
        fd = open_number(proc_fd, tid);
        if (fd < 0)
                return fd == -ESRCH ? 0 : fd;
        r = read_stat(fd, &stat);
        if (r < 0)
                return r == -ESRCH ? 0 : r;
        /* The number may have been given to another process by now. */
        snprintf(member, sizeof(member), "task/%d", (int) p->pid);
        if (!stat_has_memory(&stat) || faccessat(fd, member, F_OK, 0) < 0)
                return 0;
        p->thread_start_time = stat.start_time;
        fd_close(p->fd);
        p->fd = TAKE_FD(fd);
        return 1;
}

static int open_any_thread(int proc_fd, Process *p) {
        _cleanup_(closedirp) DIR *directory = NULL;
        pid_t tid = 0;
        int r;

        r = open_directory(p->fd, "task", &directory);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        while ((r = next_number(directory, &tid)) > 0) {
                r = tid != p->pid ? open_thread(proc_fd, p, tid) : 0;
                if (r != 0)
                        return r;
        }
        return r;
}

int process_open_maps(const Process *p) {
        int fd = openat(p->fd, "maps", O_RDONLY | O_CLOEXEC);

        return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

int process_open_directory(int proc_fd, pid_t pid, Process *ret) {
        int fd = open_number(proc_fd, pid);

        if (fd < 0)
                return fd;
        *ret = (Process){ .pid = pid, .fd = fd, .maps_fd = -EBADF };
        return 0;
}

int process_identify(int proc_fd, Process *p) {
        Stat stat;
        int r;

        if (p->start_time != 0)
                return 0;
        r = read_stat(p->fd, &stat);
        if (r < 0)
                return r;
        p->start_time = p->thread_start_time = stat.start_time;
        memcpy(p->comm, stat.comm, sizeof(p->comm));
        p->parent = stat.parent;
        p->start_code = stat.start_code;
        p->start_stack = stat.start_stack;
        p->has_memory = stat_has_memory(&stat);
        if (stat.state == 'Z' && stat.threads > 1) {
                r = open_any_thread(proc_fd, p);
                if (r < 0)
                        return r;
                p->has_memory = r > 0;
        }
        return 0;
}

int process_open(int proc_fd, pid_t pid, Process *ret) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        int r;

        r = process_open_directory(proc_fd, pid, &p);
        if (r >= 0)
                r = process_identify(proc_fd, &p);
        if (r < 0)
                return r;
        *ret = p;
        p.fd = -EBADF;
        return 0;
}

bool process_alive(const Process *p) {
        char c;
        Stat stat;

        /* The directory is this process's alone: what has an executable has a memory. A third of the calls that stat needs. */
        if (readlinkat(p->fd, "exe", &c, 1) > 0)
                return true;
        return read_stat(p->fd, &stat) >= 0 && stat.start_time == p->thread_start_time && stat_has_memory(&stat);
}

static bool is_hex(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!isxdigit((unsigned char) s[i]))
                        return false;
        return true;
}

/* "docker-<64 hex>.scope" and the like: which engine runs it, and its short id as the engine's own tools show it. */
static char *container_from_component(const char *c, size_t n) {
        static const struct {
                const char *prefix, *engine;
        } scopes[] = {
                { "docker-", "docker" },
                { "libpod-", "podman" },
                { "cri-containerd-", "k8s" },
                { "crio-", "k8s" },
        };
        char *result;

        for (size_t i = 0; i < ELEMENTSOF(scopes); i++) {
                size_t p = strlen(scopes[i].prefix);

                if (n >= p + 64 && strncmp(c, scopes[i].prefix, p) == 0 && is_hex(c + p, 64) &&
                    (n == p + 64 || c[p + 64] == '.'))
                        return asprintf(&result, "%s:%.12s", scopes[i].engine, c + p) < 0 ? NULL : result;
        }
        if (n > 12 && strncmp(c, "lxc.payload.", 12) == 0)
                return asprintf(&result, "lxc:%.*s", (int) (n - 12), c + 12) < 0 ? NULL : result;
        return NULL;
}

char *process_container_from_cgroup(const char *text) {
        const char *previous = "";
        size_t previous_n = 0;

        /* "0::/a/b" (cgroup2), or a line for each hierarchy: the first with a path serves. */
        text = strchr(text, '/');
        while (text && *text == '/') {
                const char *c = text + 1;
                size_t n = strcspn(c, "/\n");
                char *found;

                /* Below a user's own manager, the user names the groups. */
                if (strncmp(c, "user@", 5) == 0 || strncmp(c, "user.slice", 10) == 0)
                        return NULL;
                found = container_from_component(c, n);
                if (found)
                        return found;
                if (previous_n == 6 && strncmp(previous, "docker", 6) == 0 && n == 64 && is_hex(c, 64))
                        return asprintf(&found, "docker:%.12s", c) < 0 ? NULL : found;
                previous = c;
                previous_n = n;
                text = c + n;
        }
        return NULL;
}

void process_facts_done(ProcessFacts *f) {
        free(f->unit);
        free(f->user_unit);
        free(f->machine);
        *f = (ProcessFacts){};
}

/* The libraries say "-" or "?" or the like where systemd has no answer. */
static const char *or_null(const char *s) {
        return s && (isalnum((unsigned char) s[0]) || (s[0] != '\0' && s[1] != '\0')) ? s : NULL;
}

void process_group_done(ProcessGroup *g) {
        free(g->cgroup);
        free(g->unit);
        free(g->user_unit);
        free(g->container);
        *g = (ProcessGroup){};
}

static int make_group(char **cgroup, const ProcessFacts *facts, ProcessGroup *ret) {
        ProcessGroup g = {};

        if (!strdup_to(&g.unit, or_null(facts->unit)) || !strdup_to(&g.user_unit, or_null(facts->user_unit)) ||
            !strdup_to(&g.container, or_null(facts->machine))) {
                process_group_done(&g);
                return -ENOMEM;
        }
        if (!g.container && *cgroup)
                g.container = process_container_from_cgroup(*cgroup);
        g.cgroup = TAKE_PTR(*cgroup);
        process_group_done(ret);
        *ret = g;
        return 0;
}

static int read_group(const Process *p, char **cgroup, ProcessGroup *ret) {
        _cleanup_(process_facts_done) ProcessFacts facts = {};
        int r;

        r = process_library_describe(p->pid, &facts);
        if (r < 0)
                return r;
        /* The library went by the number: if our process still lives, the number was its own all the time. */
        return process_alive(p) ? make_group(cgroup, &facts, ret) : -ESRCH;
}

/*
 * Name and user are at hand: the name in what it was identified by, the user as the owner of its directory, which is
 * the effective one even of a process that may not be dumped (task_dump_owner() of Linux, fs/proc/base.c).
 */
int process_describe(const Process *p, ProcessGroup *group, Finding *f) {
        _cleanup_free_ char *cgroup = NULL;
        struct stat st;
        int r;

        r = process_read_file(p, "cgroup", 16384, &cgroup, NULL);
        if (r == -ENOMEM)
                return r;
        if (!cgroup || !group->cgroup || !streq(cgroup, group->cgroup)) {
                r = read_group(p, &cgroup, group);
                if (r < 0)
                        return r;
        }
        if (fstat(p->fd, &st) < 0)
                return -errno;
        f->uid = st.st_uid;
        return strdup_to(&f->comm, p->comm) && strdup_to(&f->unit, group->unit) &&
                strdup_to(&f->user_unit, group->user_unit) && strdup_to(&f->container, group->container) ? 0 : -ENOMEM;
}
