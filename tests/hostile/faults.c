/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every allocation, and every system call, of a sweep failing in turn: each must end as
 * an error or as something counted, and leave nothing behind. The process looked at has
 * one library that was replaced: a sweep that says that all is well, and neither tells
 * that nor counts what it could not look at, has lied.
 *
 * The functions of libc that lead into the kernel are put before libc's own, here in the
 * program, so that those of the libraries below fail as well.
 */

/* Both names of each function are defined below. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sweep/sweep.h"

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

typedef enum What { NOTHING, ALLOCATION, OUR_ALLOCATION, CALL } What;

static What failing;        /* what is counted, and fails when it is its turn */
static long turn, counted;  /* turn < 0: never */
static int with;            /* errno */
static long blocks;         /* allocated and not yet freed, while `failing` is set or was */
static bool counting;

static bool fails(What what) {
        if (failing != what || counted++ != turn)
                return false;
        errno = with;
        return true;
}

/* --- allocations --- */

extern char __executable_start[], etext[];

/* Ours: made by this program, in which all of common/ is. Libraries may keep what they had when memory ran out. */
static bool allocation_fails(const void *caller) {
        bool ours = (const char *) caller >= __executable_start && (const char *) caller < etext;

        return fails(ALLOCATION) || (ours && fails(OUR_ALLOCATION));
}

static void *allocate(size_t n, const void *caller) {
        void *p = allocation_fails(caller) ? NULL : __libc_malloc(n);

        blocks += counting && p;
        return p;
}

void *malloc(size_t n) {
        return allocate(n, __builtin_return_address(0));
}

void *calloc(size_t n, size_t size) {
        void *p = allocation_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);

        blocks += counting && p;
        return p;
}

void *realloc(void *old, size_t n) {
        void *p = allocation_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, n);

        blocks += counting && p && !old;
        return p;
}

void *reallocarray(void *old, size_t n, size_t size) {
        if (__builtin_mul_overflow(n, size, &n)) {
                errno = ENOMEM;
                return NULL;
        }
        return realloc(old, n);
}

char *strdup(const char *text) {
        size_t n = strlen(text) + 1;
        char *p = allocate(n, __builtin_return_address(0));

        return p ? memcpy(p, text, n) : NULL;
}

char *strndup(const char *text, size_t max) {
        size_t n = strnlen(text, max);
        char *p = allocate(n + 1, __builtin_return_address(0));

        if (!p)
                return NULL;
        p[n] = '\0';
        return memcpy(p, text, n);
}

int asprintf(char **ret, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        *ret = n >= 0 ? allocate((size_t) n + 1, __builtin_return_address(0)) : NULL;
        if (!*ret)
                return -1;
        va_start(ap, format);
        n = vsnprintf(*ret, (size_t) n + 1, format, ap);
        va_end(ap);
        return n;
}

void free(void *p) {
        blocks -= counting && p;
        __libc_free(p);
}

/* --- system calls --- */

static void *next(const char *name) {
        void *f = dlsym(RTLD_NEXT, name);

        if (!f)
                abort();
        return f;
}

#define NEXT(type, name)              \
        static __typeof__(type) f;    \
        if (!f)                       \
                f = (__typeof__(type)) next(name)

typedef int (*OpenAt)(int fd, const char *path, int flags, mode_t mode);

#define DEFINE_OPENAT(name)                                                     \
        int name(int fd, const char *path, int flags, ...) {                    \
                NEXT(OpenAt, #name);                                            \
                return fails(CALL) ? -1 : f(fd, path, flags, 0);                \
        }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

typedef ssize_t (*PRead)(int fd, void *buffer, size_t n, off_t offset);

#define DEFINE_PREAD(name)                                                      \
        ssize_t name(int fd, void *buffer, size_t n, off_t offset) {            \
                NEXT(PRead, #name);                                             \
                return fails(CALL) ? -1 : f(fd, buffer, n, offset);             \
        }
DEFINE_PREAD(pread)
DEFINE_PREAD(pread64)

ssize_t read(int fd, void *buffer, size_t n) {
        NEXT(ssize_t (*)(int, void *, size_t), "read");
        return fails(CALL) ? -1 : f(fd, buffer, n);
}

ssize_t readlinkat(int fd, const char *path, char *buffer, size_t n) {
        NEXT(ssize_t (*)(int, const char *, char *, size_t), "readlinkat");
        return fails(CALL) ? -1 : f(fd, path, buffer, n);
}

int statx(int fd, const char *path, int flags, unsigned mask, struct statx *ret) {
        NEXT(int (*)(int, const char *, int, unsigned, struct statx *), "statx");
        return fails(CALL) ? -1 : f(fd, path, flags, mask, ret);
}

int ioctl(int fd, unsigned long request, ...) {
        NEXT(int (*)(int, unsigned long, void *), "ioctl");
        va_list ap;
        void *argument;

        va_start(ap, request);
        argument = va_arg(ap, void *);
        va_end(ap);
        return fails(CALL) ? -1 : f(fd, request, argument);
}

/* openat2(2) */
long syscall(long number, ...) {
        NEXT(long (*)(long, long, long, long, long, long, long), "syscall");
        long a[6];
        va_list ap;

        va_start(ap, number);
        for (size_t i = 0; i < 6; i++)
                a[i] = va_arg(ap, long);
        va_end(ap);
        return fails(CALL) ? -1 : f(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- the process looked at --- */

static char directory[] = "/tmp/stalelib-faults-XXXXXX";
static char plugin[PATH_MAX];
static pid_t child;

static void copy(const char *from, const char *to) {
        char command[5 * PATH_MAX];

        snprintf(command, sizeof(command), "cp %s %s.new && mv %s.new %s", from, to, to, to);
        if (system(command) != 0)
                exit(EXIT_FAILURE);
}

static void start(const char *plugin_1, const char *plugin_2) {
        int fds[2];
        char c;

        if (!mkdtemp(directory) || pipe(fds) < 0)
                exit(EXIT_FAILURE);
        snprintf(plugin, sizeof(plugin), "%s/plugin.so", directory);
        copy(plugin_1, plugin);
        child = fork();
        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (!dlopen(plugin, RTLD_NOW) || write(fds[1], "", 1) != 1)
                        _exit(EXIT_FAILURE);
                for (;;)
                        pause();
        }
        if (read(fds[0], &c, 1) != 1)
                exit(EXIT_FAILURE);
        copy(plugin_2, plugin);
}

static void end(void) {
        char command[PATH_MAX + 16];

        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        snprintf(command, sizeof(command), "rm -rf %s", directory);
        if (system(command) != 0)
                exit(EXIT_FAILURE);
}

/* --- one sweep with one fault in it --- */

static int count_descriptors(void) {
        DIR *d = opendir("/proc/self/fd");
        int n = 0;

        while (d && readdir(d))
                n++;
        if (d)
                closedir(d);
        return n;
}

static bool tells(const Snapshot *s) {
        for (size_t i = 0; i < s->n_findings; i++)
                if (s->findings[i]->pid == child && s->findings[i]->state == STATE_REPLACED)
                        return true;
        return s->counts.unreadable > 0 || s->counts.unknown > 0;
}

/* Two sweeps, as the second has what the first has kept. Returns what is wrong, or NULL. */
static const char *try(What what, long which, int error) {
        SweepOptions options = { .pids = &child, .n_pids = 1, .baselines = 8 };
        long blocks_before = blocks;
        const char *wrong = NULL;
        Snapshot *s = NULL;
        Scan *scan;
        int r = -ENOMEM;

        failing = what;
        turn = which;
        with = error;
        counted = 0;
        counting = true;
        scan = scan_new();
        for (int i = 0; i < 2 && scan; i++) {
                s = snapshot_free(s);
                r = sweep_run(scan, &options, &s);
                if (r < 0)
                        break;
                if (!tells(s) && error != ESRCH) /* a process that is gone has no findings */
                        wrong = "a stale library is neither told nor counted";
        }
        snapshot_free(s);
        scan_free(scan);
        failing = NOTHING;
        counting = false;
        if (!wrong && r < 0 && r != -error && r != -ENOMEM)
                wrong = "another error than the one that there was";
        if (!wrong && what != ALLOCATION && blocks != blocks_before)
                wrong = "memory is left behind";
        blocks = blocks_before;
        return wrong;
}

static int test(unsigned number, What what, int error, const char *name) {
        int descriptors, failures = 0;
        long n;

        try(what, -1, error);
        n = counted;
        descriptors = count_descriptors();
        for (long i = 0; i < n; i++) {
                const char *wrong = try(what, i, error);

                if (!wrong && count_descriptors() != descriptors)
                        wrong = "a descriptor is left open";
                if (wrong && failures++ < 10)
                        printf("# %ld of %ld: %s\n", i, n, wrong);
        }
        printf("%s %u %s # %ld of them\n", failures > 0 || n == 0 ? "not ok" : "ok", number, name, n);
        fflush(stdout);
        return failures;
}

int main(int argc, char *argv[]) {
        int failures = 0;

        if (argc != 3)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
        alarm(300);
        start(argv[1], argv[2]);
        try(NOTHING, -1, 0); /* what libc and the libraries keep for themselves is there now */
        printf("1..7\n");
        failures += test(1, OUR_ALLOCATION, ENOMEM, "every allocation of ours fails");
        if (LIBRARIES_GO_ON)
                failures += test(2, ALLOCATION, ENOMEM, "every allocation fails, those of libraries too");
        else
                printf("ok 2 every allocation fails, those of libraries too # SKIP libprocps ends the program\n");
        failures += test(3, CALL, EACCES, "every call is refused");
        failures += test(4, CALL, EIO, "every call fails on its file");
        failures += test(5, CALL, ENOMEM, "every call lacks memory");
        failures += test(6, CALL, EMFILE, "every call lacks descriptors");
        failures += test(7, CALL, ESRCH, "the process seems gone at every call");
        end();
        return failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
