/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What it costs a process to be looked at: `stall ROUNDS SWEEPER…` counts how often a
 * process with many mappings maps and unmaps a page, half a second with SWEEPER at work
 * there and half a second with another SWEEPER that looks at another such process, by
 * turns: so what a neighbour costs that is as busy in the kernel is no part of it. Each
 * pair has a pid and mount namespace of its own, which needs root. Prints pairs a second
 * of its processor's time, and of the clock, each with and without; then the medians of
 * both ratios.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RANGES 2000
#define WINDOW_NSEC 500000000
#define ROUNDS_MAX 1000

/* A process and who looks at it. Shared, and each field is written by one process. */
typedef struct Pair {
        volatile unsigned long pairs, cpu_nsec;
        volatile pid_t sweeper;
} Pair;

static unsigned long nsec(clockid_t clock) {
        struct timespec t;

        clock_gettime(clock, &t);
        return (unsigned long) t.tv_sec * 1000000000ul + (unsigned long) t.tv_nsec;
}

/* Every second page, so that each stays a range of its own, and each is looked at: it is of a file and executable. */
static void map_many(void) {
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        char *place = mmap(NULL, RANGES * 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        for (size_t i = 0; i < RANGES; i++)
                if (mmap(place + i * 8192, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
                        exit(EXIT_FAILURE);
}

typedef void Subject(Pair *);

static void map_and_unmap(Pair *p) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        map_many();
        for (;;) {
                for (int i = 0; i < 100; i++)
                        munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                p->cpu_nsec = nsec(CLOCK_THREAD_CPUTIME_ID);
                p->pairs += 100;
        }
}

static void map_and_rest(Pair *p) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        map_many();
        p->pairs = 1;
        for (;;)
                pause();
}

/* A child that ends meanwhile could not do its part. */
static void await(const Pair *p, bool with_sweeper) {
        int status;

        while (p->pairs == 0 || (with_sweeper && p->sweeper == 0)) {
                if (waitpid(-1, &status, WNOHANG) > 0)
                        exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 1000000 }, NULL);
        }
}

/* The first process of its namespace, which sees none but those of the pair. */
static _Noreturn void be_sweeper(Pair *p, Subject *subject, char *argv[]) {
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
                _exit(EXIT_FAILURE);
        if (fork() == 0)
                subject(p);
        await(p, false);
        dup2(null, 1);
        execvp(argv[0], argv);
        _exit(127);
}

static void start(Pair *p, Subject *subject, char *argv[]) {
        pid_t pid;

        if (fork() != 0)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0) {
                perror("unshare");
                _exit(errno == EPERM ? 77 : EXIT_FAILURE);
        }
        pid = fork();
        if (pid == 0)
                be_sweeper(p, subject, argv);
        p->sweeper = pid;
        waitpid(pid, NULL, 0);
        _exit(EXIT_FAILURE);
}

typedef struct Rate {
        double cpu, wall;
} Rate;

static Rate measure(const Pair *c) {
        unsigned long pairs = c->pairs, cpu = c->cpu_nsec, wall = nsec(CLOCK_MONOTONIC);
        Rate r;

        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = WINDOW_NSEC }, NULL);
        r.cpu = (double) (c->pairs - pairs) / (double) (c->cpu_nsec - cpu) * 1e9;
        r.wall = (double) (c->pairs - pairs) / (double) (nsec(CLOCK_MONOTONIC) - wall) * 1e9;
        return r;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

/* Lets one sweeper work and not the other. */
static Rate measure_beside(const Pair *busy, const Pair *stopped, const Pair *measured) {
        kill(stopped->sweeper, SIGSTOP);
        kill(busy->sweeper, SIGCONT);
        return measure(measured);
}

int main(int argc, char *argv[]) {
        Pair *pairs = mmap(NULL, 2 * sizeof(*pairs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        Pair *here = &pairs[0], *elsewhere = &pairs[1];
        int rounds = argc > 2 ? atoi(argv[1]) : 0;
        static double cpu[ROUNDS_MAX], wall[ROUNDS_MAX];

        if (rounds < 1 || rounds > ROUNDS_MAX || pairs == MAP_FAILED) {
                fprintf(stderr, "usage: stall ROUNDS SWEEPER…\n");
                return EXIT_FAILURE;
        }
        start(here, map_and_unmap, argv + 2);
        start(elsewhere, map_and_rest, argv + 2);
        await(here, true);
        await(elsewhere, true);
        for (int i = 0; i < rounds; i++) {
                Rate without = measure_beside(elsewhere, here, here), with = measure_beside(here, elsewhere, here);

                cpu[i] = with.cpu / without.cpu;
                wall[i] = with.wall / without.wall;
                printf("%.0f\t%.0f\t%.0f\t%.0f\n", with.cpu, without.cpu, with.wall, without.wall);
        }
        if (waitpid(-1, NULL, WNOHANG) != 0) {
                fprintf(stderr, "a sweeper has ended\n");
                return EXIT_FAILURE;
        }
        qsort(cpu, (size_t) rounds, sizeof(*cpu), compare);
        qsort(wall, (size_t) rounds, sizeof(*wall), compare);
        printf("speed while swept, of that while another process is swept: %.3f of processor time, %.3f of the clock\n",
               cpu[rounds / 2], wall[rounds / 2]);
        return EXIT_SUCCESS;
}
