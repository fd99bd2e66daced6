/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program that loads what it is told to, step by step, and stays in that state
 * until its standard input ends. A command is a row of NUL-terminated words with an
 * empty word behind; each is answered by one line, "ok NUMBER" or "error TEXT", once
 * its effect is there. So whoever drives it never has to wait for anything else.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef HOST_STATIC
#include <dlfcn.h>
#endif
#if defined(__GLIBC__) && !defined(HOST_STATIC)
#include <execinfo.h>
#include <nss.h>
#include <pwd.h>
#endif

#include "host.h"

#ifdef GENERATION
const int host_generation = GENERATION; /* two generations are two files */
#endif

#define WORDS_MAX 8
#define HANDLES_MAX 256
#define THREADS_MAX 8

typedef int Symbol(void);

typedef struct Thread {
        pthread_t id;
        Symbol *symbol;
        sem_t called, end;
} Thread;

static void *handles[HANDLES_MAX];
static int n_handles;
static Thread threads[THREADS_MAX];
static int n_threads;
static char failure[512];

int host_fail(const char *what, const char *why) {
        snprintf(failure, sizeof(failure), "%s: %s", what, why ? why : strerror(errno));
        return -1;
}

#ifndef HOST_STATIC
static int flags_from_words(const char *s) {
        int flags = 0;

        if (strstr(s, "now"))
                flags |= RTLD_NOW;
        if (strstr(s, "lazy"))
                flags |= RTLD_LAZY;
        if (strstr(s, "global"))
                flags |= RTLD_GLOBAL;
#ifdef RTLD_NODELETE
        if (strstr(s, "nodelete"))
                flags |= RTLD_NODELETE;
#endif
        return flags;
}

/* open FLAGS PATH, or `new` PATH in a namespace of its own: the number of the handle. */
static int do_open(char **words) {
        void *handle;

        if (n_handles == HANDLES_MAX)
                return host_fail("open", "too many handles");

#ifdef LM_ID_NEWLM
        if (strcmp(words[0], "new") == 0)
                handle = dlmopen(LM_ID_NEWLM, words[1], RTLD_NOW);
        else
#endif
                handle = dlopen(words[2], flags_from_words(words[1]));
        if (!handle)
                return host_fail("open", dlerror());

        handles[n_handles] = handle;
        return n_handles++;
}

static int do_close(char **words) {
        return dlclose(handles[atoi(words[1])]) == 0 ? 0 : host_fail("close", dlerror());
}

/* again HANDLE PATH: closed, and opened in its place. */
static int do_again(char **words) {
        void **handle = &handles[atoi(words[1])];

        if (dlclose(*handle) != 0)
                return host_fail("again", dlerror());
        *handle = dlopen(words[2], RTLD_NOW);
        return *handle ? 0 : host_fail("again", dlerror());
}

static Symbol *symbol_find(char **words) {
        Symbol *symbol;

        *(void **) &symbol = dlsym(strcmp(words[1], "-") == 0 ? RTLD_DEFAULT : handles[atoi(words[1])], words[2]);
        if (!symbol)
                host_fail("symbol", dlerror());
        return symbol;
}

/* call HANDLE SYMBOL: what int SYMBOL(void) returns. HANDLE `-`: of the program and what it was started with. */
static int do_call(char **words) {
        Symbol *symbol = symbol_find(words);

        return symbol ? symbol() : -1;
}

static void *thread_run(void *userdata) {
        Thread *t = userdata;

        t->symbol();
        sem_post(&t->called);
        while (sem_wait(&t->end) < 0)
                ;
        return NULL;
}

/* thread HANDLE SYMBOL: the same in a thread that stays. */
static int do_thread(char **words) {
        Thread *t = threads + n_threads;

        if (n_threads == THREADS_MAX)
                return host_fail("thread", "too many threads");
        t->symbol = symbol_find(words);
        if (!t->symbol)
                return -1;
        sem_init(&t->called, 0, 0);
        sem_init(&t->end, 0, 0);
        errno = pthread_create(&t->id, NULL, thread_run, t);
        if (errno)
                return host_fail("thread", NULL);
        while (sem_wait(&t->called) < 0)
                ;
        return n_threads++;
}

/* end: all those threads. */
static int do_end(char **words) {
        (void) words;
        for (int i = 0; i < n_threads; i++) {
                sem_post(&threads[i].end);
                pthread_join(threads[i].id, NULL);
        }
        n_threads = 0;
        return 0;
}

/* memfd PATH: a copy of the file, opened through its descriptor. */
static int do_memfd(char **words) {
        char buffer[65536], name[64];
        int from, to;
        ssize_t n;

        from = open(words[1], O_RDONLY | O_CLOEXEC);
        to = memfd_create("plugin.so", MFD_CLOEXEC);
        if (from < 0 || to < 0)
                return host_fail("memfd", NULL);
        while ((n = read(from, buffer, sizeof(buffer))) > 0)
                if (write(to, buffer, n) != n)
                        return host_fail("memfd", NULL);
        close(from);

        snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
        handles[n_handles] = dlopen(name, RTLD_NOW);
        if (!handles[n_handles])
                return host_fail("memfd", dlerror());
        return n_handles++;
}
#endif

static int map_fd(int fd, const char *protection, size_t size) {
        int prot = 0;

        for (const char *p = protection; *p; p++)
                prot |= *p == 'r' ? PROT_READ : *p == 'w' ? PROT_WRITE : *p == 'x' ? PROT_EXEC : 0;
        if (mmap(NULL, size, prot, strchr(protection, 's') ? MAP_SHARED : MAP_PRIVATE, fd, 0) == MAP_FAILED)
                return host_fail("map", NULL);
        return 0;
}

/* map PROTECTION PATH: the whole file, without the loader. */
static int do_map(char **words) {
        struct stat st;
        int fd, r;

        fd = open(words[2], (strchr(words[1], 'w') ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return host_fail("map", NULL);
        r = map_fd(fd, words[1], S_ISREG(st.st_mode) ? st.st_size : 4096);
        close(fd);
        return r;
}

/* anonymous: every kind of executable mapping with a file behind that is no file of anyone. */
static int do_anonymous(char **words) {
        void *p;
        int fd, id;

        p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return host_fail("shared", NULL);

        id = shmget(IPC_PRIVATE, 4096, 0700);
        if (id >= 0) {
                if (shmat(id, NULL, SHM_EXEC) == (void *) -1)
                        return host_fail("shmat", NULL);
                shmctl(id, IPC_RMID, NULL);
        }

        fd = open(words[1], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
        if (fd >= 0) {
                if (ftruncate(fd, 4096) < 0 || map_fd(fd, "rxs", 4096) < 0)
                        return host_fail("O_TMPFILE", NULL);
                close(fd);
        }

        fd = memfd_create("jit", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, 4096) < 0)
                return host_fail("memfd", NULL);
        return map_fd(fd, "rxs", 4096);
}

/* punch NAME: unmaps the executable range of the file whose path ends in NAME. */
static int do_punch(char **words) {
        char line[8192], permissions[8];
        unsigned long start, end;
        int r = -1;
        FILE *f;

        f = fopen("/proc/self/maps", "re");
        if (!f)
                return host_fail("punch", NULL);
        while (r < 0 && fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = 0;
                if (strlen(line) < strlen(words[1]) || strcmp(line + strlen(line) - strlen(words[1]), words[1]) != 0)
                        continue;
                if (sscanf(line, "%lx-%lx %7s", &start, &end, permissions) == 3 && permissions[2] == 'x')
                        r = munmap((void *) start, end - start);
        }
        fclose(f);
        return r < 0 ? host_fail("punch", "no such range") : 0;
}

static int stay(void *userdata) {
        (void) userdata;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
                pause();
        return 0;
}

/* fork, clone (a second process on the same memory), zombie: the pid. */
static int do_fork(char **words) {
        static char stack[65536] __attribute__((aligned(16)));
        siginfo_t info;
        pid_t pid;

        if (strcmp(words[0], "clone") == 0) {
                pid = clone(stay, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
                return pid < 0 ? host_fail("clone", NULL) : pid;
        }

        pid = fork();
        if (pid < 0)
                return host_fail("fork", NULL);
        if (pid == 0)
                _exit(strcmp(words[0], "zombie") == 0 ? 0 : stay(NULL));
        if (strcmp(words[0], "zombie") == 0 && waitid(P_PID, pid, &info, WEXITED | WNOWAIT) < 0)
                return host_fail("zombie", NULL);
        return pid;
}

static int do_chdir(char **words) {
        return chdir(words[1]) < 0 ? host_fail("chdir", NULL) : 0;
}

static int do_chroot(char **words) {
        return chroot(words[1]) < 0 || chdir("/") < 0 ? host_fail("chroot", NULL) : 0;
}

/* forget: writes over the environment, as programs do that set their title. */
static int do_forget(char **words) {
        extern char **environ;

        (void) words;
        for (char **e = environ; *e; e++)
                memset(*e, 0, strlen(*e));
        return 0;
}

#if defined(__GLIBC__) && !defined(HOST_STATIC)
/* user SERVICE: looks for a user in that name service; glibc opens its module (nss(5)). */
static int do_user(char **words) {
        __nss_configure_lookup("passwd", words[1]);
        return getpwnam("nobody at all") ? host_fail("user", "there is such a user") : 0;
}

/* backtrace: glibc opens libgcc_s for it. */
static int do_backtrace(char **words) {
        void *frames[8];

        (void) words;
        return backtrace(frames, 8);
}
#endif

static int do_hello(char **words) {
        (void) words;
        return 0;
}

static const HostCommand commands[] = {
        { "anonymous", 2, do_anonymous },
#ifndef HOST_STATIC
        { "again",     3, do_again     },
        { "call",      3, do_call      },
        { "close",     2, do_close     },
        { "end",       1, do_end       },
        { "memfd",     2, do_memfd     },
        { "new",       2, do_open      },
        { "open",      3, do_open      },
        { "thread",    3, do_thread    },
#endif
#if defined(__GLIBC__) && !defined(HOST_STATIC)
        { "backtrace", 1, do_backtrace },
        { "user",      2, do_user      },
#endif
        { "chdir",     2, do_chdir     },
        { "chroot",    2, do_chroot    },
        { "clone",     1, do_fork      },
        { "forget",    1, do_forget    },
        { "fork",      1, do_fork      },
        { "hello",     1, do_hello     },
        { "map",       3, do_map       },
        { "punch",     2, do_punch     },
        { "zombie",    1, do_fork      },
        { NULL,        0, NULL         },
};

static const HostCommand *command_find(const HostCommand *c, const char *name, int n) {
        while (c->name && (strcmp(c->name, name) != 0 || c->words != n))
                c++;
        return c->name ? c : NULL;
}

static int command_run(char **words, int n);

/* work COMMAND: forks a worker that does it, and stays; its pid. */
static int do_work(char **words, int n) {
        int ready[2];
        pid_t pid;
        char c;

        if (pipe2(ready, O_CLOEXEC) < 0)
                return host_fail("work", NULL);
        pid = fork();
        if (pid < 0)
                return host_fail("work", NULL);
        if (pid == 0) {
                if (command_run(words, n) < 0 || write(ready[1], "", 1) != 1)
                        _exit(1);
                close(ready[0]);
                close(ready[1]);
                _exit(stay(NULL));
        }
        close(ready[1]);
        n = (int) read(ready[0], &c, 1);
        close(ready[0]);
        return n == 1 ? pid : host_fail("work", "the worker could not");
}

static int command_run(char **words, int n) {
        const HostCommand *const tables[] = { commands, host_memory_commands, host_process_commands };

        if (strcmp(words[0], "work") == 0 && n > 1)
                return do_work(words + 1, n - 1);
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                const HostCommand *c = command_find(tables[i], words[0], n);

                if (c)
                        return c->run(words);
        }
        return host_fail(words[0], "no such command");
}

/* Reads one command. Returns its number of words, 0 at the end of input. */
static int command_read(char *words[static WORDS_MAX]) {
        static char *buffers[WORDS_MAX];
        static size_t sizes[WORDS_MAX];

        for (int n = 0; n < WORDS_MAX; n++) {
                if (getdelim(buffers + n, sizes + n, '\0', stdin) < 0)
                        return 0;
                if (!*buffers[n])
                        return n;
                words[n] = buffers[n];
        }
        return 0;
}

/* Where the last argument is "answer", it was executed by another host, and answers in its place. */
int main(int argc, char *argv[]) {
        char *words[WORDS_MAX];
        int n, r;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (argc > 1 && strcmp(argv[argc - 1], "answer") == 0) {
                printf("ok 0\n");
                fflush(stdout);
        }
        while ((n = command_read(words)) > 0) {
                r = command_run(words, n);
                if (r < 0)
                        printf("error %s\n", failure);
                else
                        printf("ok %d\n", r);
                fflush(stdout);
        }
        return 0;
}
