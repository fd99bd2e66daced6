/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What it costs a process to be looked at: `stall ROUNDS SWEEPER…` counts how often a
 * process with many mappings maps and unmaps a page, half a second with SWEEPER at work
 * and half a second with a process that only counts, by turns: so what a busy neighbour
 * costs in any case is no part of it. To be run in a pid namespace of its own, so that
 * the sweeper looks at nothing else. Prints pairs a second of its processor's time, and
 * of the clock, each with and without; then the medians of both ratios.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RANGES 2000
#define WINDOW_NSEC 500000000
#define ROUNDS_MAX 1000

/* Of the process that is looked at; it alone writes. */
typedef struct Counter {
        volatile unsigned long pairs, cpu_nsec;
} Counter;

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

static void map_and_unmap(Counter *c) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        map_many();
        for (;;) {
                for (int i = 0; i < 100; i++)
                        munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
                c->cpu_nsec = nsec(CLOCK_THREAD_CPUTIME_ID);
                c->pairs += 100;
        }
}

/* Without a program, it counts. */
static pid_t start(char *argv[]) {
        pid_t pid = fork();

        if (pid == 0) {
                int null = open("/dev/null", O_RDWR);

                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (!argv)
                        for (volatile unsigned long n = 0;; n++)
                                ;
                dup2(null, 1);
                execvp(argv[0], argv);
                _exit(127);
        }
        return pid;
}

typedef struct Rate {
        double cpu, wall;
} Rate;

static Rate measure(const Counter *c) {
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

int main(int argc, char *argv[]) {
        Counter *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int rounds = argc > 2 ? atoi(argv[1]) : 0;
        static double cpu[ROUNDS_MAX], wall[ROUNDS_MAX];
        pid_t mapper, sweeper, other;

        if (rounds < 1 || rounds > ROUNDS_MAX || c == MAP_FAILED) {
                fprintf(stderr, "usage: stall ROUNDS SWEEPER…\n");
                return EXIT_FAILURE;
        }
        mapper = fork();
        if (mapper == 0)
                map_and_unmap(c);
        while (c->pairs == 0)
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 1000000 }, NULL);
        sweeper = start(argv + 2);
        other = start(NULL);
        if (mapper < 0 || sweeper < 0 || other < 0)
                return EXIT_FAILURE;
        for (int i = 0; i < rounds; i++) {
                Rate with, without;

                kill(sweeper, SIGSTOP);
                kill(other, SIGCONT);
                without = measure(c);
                kill(other, SIGSTOP);
                kill(sweeper, SIGCONT);
                with = measure(c);
                cpu[i] = with.cpu / without.cpu;
                wall[i] = with.wall / without.wall;
                printf("%.0f\t%.0f\t%.0f\t%.0f\n", with.cpu, without.cpu, with.wall, without.wall);
        }
        if (waitpid(sweeper, NULL, WNOHANG) != 0) {
                fprintf(stderr, "the sweeper has ended\n");
                return EXIT_FAILURE;
        }
        qsort(cpu, (size_t) rounds, sizeof(*cpu), compare);
        qsort(wall, (size_t) rounds, sizeof(*wall), compare);
        printf("speed while swept, of that beside a process that only counts: %.3f of processor time, %.3f of the clock\n", cpu[rounds / 2], wall[rounds / 2]);
        return EXIT_SUCCESS;
}
