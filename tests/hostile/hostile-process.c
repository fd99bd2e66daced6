/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A process as odd as it is told to be: its arguments are carried out in order.
 *
 *         open PATH       dlopen(3)
 *         map PATH        all of it, readable and executable, private; no byte of it is touched
 *         data PATH       the same, not executable
 *         maps N PATH     N vmas of its first page, executable, with holes between
 *         maplist PATH    the first page of each file that a line of this one names
 *         chroot PATH     and to its root
 *         unshare         user and mount namespace of its own, root within
 *         churn PATH N    dlopen(3) and dlclose(3), N times, 0: for ever
 *         blink PATH      map and unmap for ever
 *         reexec          executes itself with the same arguments
 *         storm           processes that end at once, for ever, at most 64 at a time
 *         links KIND PATH a loader's list of its own making: see forge()
 *         cover PATH      its first page lies where the loader's first entry was, untouched
 *         worker          forks; the worker carries out what follows, up to `ready`
 *         ready           says so; the rest is carried out when a line comes in
 *         touch           reads a byte of the last page of what was mapped last
 *         lock PATH       maps it in another thread: see the test that needs this
 *
 * Then it waits for the end of its input.
 */

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/base.h"

static volatile char *mapped;
static size_t mapped_size;

static _Noreturn void fail(const char *what) {
        perror(what);
        exit(errno == EPERM || errno == EACCES ? 77 : EXIT_FAILURE);
}

static void do_open(const char *path) {
        if (!dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
                fprintf(stderr, "%s\n", dlerror());
                exit(EXIT_FAILURE);
        }
}

static void do_map(const char *path, int protection) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                fail(path);
        mapped_size = (size_t) st.st_size ?: 1;
        mapped = mmap(NULL, mapped_size, protection, MAP_PRIVATE, fd, 0);
        if (mapped == MAP_FAILED)
                fail(path);
        close(fd);
}

/* Every other page of a reserved range: neighbours of one file would become one range. */
static void do_maps(size_t n, const char *path) {
        char *base = mmap(NULL, n * 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (base == MAP_FAILED || fd < 0)
                fail(path);
        /* Without the range itself, the holes do not count towards the limit. */
        munmap(base, n * 2 * 4096);
        for (size_t i = 0; i < n; i++)
                if (mmap(base + i * 2 * 4096, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
                        fail("mmap");
        close(fd);
}

static void do_maplist(const char *path) {
        FILE *f = fopen(path, "re");
        char line[4096];

        if (!f)
                fail(path);
        while (fgets(line, sizeof(line), f)) {
                int fd;

                line[strcspn(line, "\n")] = '\0';
                fd = open(line, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
                        fail(line);
                close(fd);
        }
        fclose(f);
}

static void write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                fail(path);
        close(fd);
}

static void do_unshare(void) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                fail("unshare");
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "0 0 1");
        write_file("/proc/self/gid_map", "0 0 1");
}

static void do_churn(const char *path, long n) {
        for (long i = 0; n == 0 || i < n; i++) {
                void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

                if (handle)
                        dlclose(handle);
        }
}

static _Noreturn void do_blink(const char *path) {
        for (;;) {
                do_map(path, PROT_READ | PROT_EXEC);
                munmap((void *) mapped, mapped_size);
        }
}

static _Noreturn void do_storm(void) {
        int n = 0;

        for (;;) {
                pid_t pid = fork();

                if (pid == 0)
                        _exit(0);
                n += pid > 0;
                while (n > 0 && waitpid(-1, NULL, n < 64 && pid > 0 ? WNOHANG : 0) > 0)
                        n--;
        }
}

/* --- a loader's list of its own making --- */

/* r_debug with r_next, as glibc 2.35 has it. */
typedef struct Debug {
        struct r_debug base;
        struct Debug *next;
} Debug;

static Debug debug;
static struct r_debug *real;
static struct link_map *forged;

static void *change_for_ever(_unused_ void *userdata) {
        for (unsigned i = 0;; i++) {
                forged[i % 1000].l_next = i & 1 ? NULL : &forged[(i * 7919) % 1000];
                forged[i % 1000].l_name = (char *) (uintptr_t) (i & 2 ? 0x10 : (uintptr_t) "/changing");
                debug.base.r_state = real->r_state = i & 4 ? RT_ADD : RT_CONSISTENT;
        }
        return NULL;
}

static void lengthen(struct link_map *last) {
        const size_t n = 16000;
        struct link_map *more = calloc(n, sizeof(*more));

        if (!more)
                fail("calloc");
        while (last->l_next)
                last = last->l_next;
        for (size_t i = 0; i < n; i++) {
                more[i].l_name = (char *) "";
                more[i].l_prev = last;
                last->l_next = &more[i];
                last = last->l_next;
        }
}

/* The loader's own says the same as where DT_DEBUG leads: who looks may go by either. */
static void tell(struct link_map *map) {
        debug.base.r_map = map;
        real->r_map = map;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
        if (debug.next) {
                real->r_version = 2;
                ((Debug *) real)->next = debug.next;
        }
#endif
}

/*
 * KIND: loop, self, cross, nowhere, endless, names, namespaces, changing, wild, mapped
 * (in the pages of what was mapped last, none of which has been touched), named (a real
 * entry's name is there), long (the real list, and nameless entries behind it).
 */
static void forge(const char *kind, const char *path) {
        const size_t n = streq(kind, "endless") ? 200000 : 1000;
        char *long_name;

        for (ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++)
                if (d->d_tag == DT_DEBUG) {
                        real = (struct r_debug *) d->d_un.d_ptr;
                        debug.base = *real;
                        d->d_un.d_ptr = (ElfW(Addr)) &debug;
                }
        if (!real)
                return;
        if (streq(kind, "wild")) {
                tell((struct link_map *) 0x4242424242424240u);
                return;
        }
        if (streq(kind, "mapped")) {
                tell((struct link_map *) (uintptr_t) mapped);
                return;
        }
        if (streq(kind, "named")) {
                real->r_map->l_next->l_next->l_name = (char *) (uintptr_t) mapped;
                return;
        }
        if (streq(kind, "long")) {
                lengthen(real->r_map);
                return;
        }
        debug.base.r_version = 2;
        forged = calloc(n, sizeof(*forged));
        long_name = malloc(1 << 20);
        if (!forged || !long_name)
                fail("malloc");
        memset(long_name, 'a', 1 << 20); /* no end in sight */
        for (size_t i = 0; i < n; i++)
                forged[i] = (struct link_map){
                        .l_addr = i * 4096,
                        .l_name = (char *) path,
                        .l_ld = (void *) (i * 4096 + 64),
                        .l_next = i + 1 < n ? &forged[i + 1] : NULL,
                        .l_prev = i > 0 ? &forged[i - 1] : NULL,
                };
        if (streq(kind, "loop")) {
                forged[n - 1].l_next = &forged[0];
                forged[0].l_prev = &forged[n - 1];
        } else if (streq(kind, "self")) {
                forged[0].l_next = &forged[0];
                forged[0].l_prev = &forged[0];
        } else if (streq(kind, "cross")) {
                forged[1].l_next = &forged[0];
                forged[0].l_prev = &forged[1];
        } else if (streq(kind, "nowhere"))
                forged[1].l_next = (void *) UINTPTR_MAX;
        else if (streq(kind, "names"))
                for (size_t i = 0; i < n; i++)
                        forged[i].l_name = i & 1 ? long_name : (char *) (UINTPTR_MAX - 3);
        else if (streq(kind, "namespaces"))
                debug.next = &debug;
        tell(forged);
        if (streq(kind, "changing")) {
                pthread_t thread;

                pthread_create(&thread, NULL, change_for_ever, NULL);
        }
}

/* Writable and private, as what was there: so that it is as large as it was in every way that statm tells. */
static void cover(const char *path) {
        const uintptr_t page = (uintptr_t) _r_debug.r_map / 4096 * 4096;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || mmap((void *) page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
                fail(path);
        close(fd);
}

/* Of a worker: to say that it has carried out its part. */
static int worker_done = -EBADF;

/* The master goes on behind what the worker carries out, once that is done. */
static char *const *do_worker(char *const *words) {
        int ends[2];
        pid_t pid;
        char c;

        if (pipe(ends) < 0 || (pid = fork()) < 0)
                fail("fork");
        close(ends[pid == 0 ? 0 : 1]);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                worker_done = ends[1];
                return words;
        }
        if (read(ends[0], &c, 1) != 1)
                fail("worker");
        while (*words && !streq(*words, "ready"))
                words++;
        return words;
}

static _Noreturn void rest(void) {
        if (write(worker_done, "", 1) != 1)
                fail("write");
        for (;;)
                pause();
}

/* A fault that never ends must not keep the rest of the process from ending. */
static void *touch(_unused_ void *userdata) {
        char c = mapped[(mapped_size - 1) / 4096 * 4096];

        return (void *) (intptr_t) c;
}

static void do_touch(void) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, touch, NULL) != 0)
                fail("pthread_create");
}

static void *lock(void *path) {
        do_map(path, PROT_READ | PROT_EXEC);
        return NULL;
}

static void do_lock(const char *path) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, lock, (void *) (uintptr_t) path) != 0)
                fail("pthread_create");
}

static void do_ready(void) {
        char line[16];

        printf("ready\n");
        fflush(stdout);
        if (!fgets(line, sizeof(line), stdin))
                exit(EXIT_SUCCESS);
}

int main(int argc, char *argv[]) {
        char *const *a = argv + 1;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (*a) {
                const char *word = *a++, *first = argc > 2 && *a ? *a : "";

                if (streq(word, "ready")) {
                        if (worker_done >= 0)
                                rest();
                        do_ready();
                } else if (streq(word, "worker"))
                        a = do_worker(a);
                else if (streq(word, "cover"))
                        cover(first), a++;
                else if (streq(word, "touch"))
                        do_touch();
                else if (streq(word, "unshare"))
                        do_unshare();
                else if (streq(word, "storm"))
                        do_storm();
                else if (streq(word, "reexec")) {
                        execv("/proc/self/exe", argv);
                        fail("execv");
                } else if (streq(word, "open"))
                        do_open(first), a++;
                else if (streq(word, "map"))
                        do_map(first, PROT_READ | PROT_EXEC), a++;
                else if (streq(word, "data"))
                        do_map(first, PROT_READ), a++;
                else if (streq(word, "lock"))
                        do_lock(first), a++;
                else if (streq(word, "blink"))
                        do_blink(first);
                else if (streq(word, "chroot")) {
                        if (chroot(first) < 0 || chdir("/") < 0)
                                fail(first);
                        a++;
                } else if (streq(word, "maps"))
                        do_maps(strtoul(first, NULL, 10), a[1]), a += 2;
                else if (streq(word, "maplist"))
                        do_maplist(first), a++;
                else if (streq(word, "churn"))
                        do_churn(first, strtol(a[1], NULL, 10)), a += 2;
                else if (streq(word, "links"))
                        forge(first, a[1]), a += 2;
                else
                        return 2;
        }
        for (;;)
                do_ready();
}
