/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "util/timespan.h"
#include "watchdog.h"

#define CPU(msec) ((msec) * USEC_PER_MSEC)

/* Probes of one kind. */
typedef struct Run {
        unsigned n;
        pid_t pid;         /* the place; 0: none */
        bool on_file;
        char state;
        uint64_t cpu_usec; /* used between two probes */
} Run;

static const struct {
        const char *name;
        Run runs[4];
        bool hangs;
} rows[] = {
        { "blocked for 5 s", { { 21, 7, false, 'D', 0 } }, true },
        { "blocked for less", { { 20, 7, false, 'D', 0 } }, false },
        { "asleep in a remote file system", { { 21, 7, true, 'S', 0 } }, true },
        { "stopped", { { 21, 7, false, 'T', 0 } }, true },
        { "runnable without a CPU", { { 1000, 7, false, 'R', 0 } }, false },
        { "on the CPU for 5 s", { { 21, 7, false, 'R', CPU(250) } }, true },
        { "on the CPU for less", { { 20, 7, false, 'R', CPU(250) } }, false },
        { "5 s on a contended CPU", { { 101, 7, false, 'R', CPU(50) } }, true },
        { "less on a contended CPU", { { 100, 7, false, 'R', CPU(50) } }, false },
        { "blocked and on the CPU", { { 11, 7, false, 'D', 0 }, { 10, 7, false, 'R', CPU(250) } }, true },
        { "blocked between waits for a CPU", { { 11, 7, false, 'D', 0 }, { 99, 7, false, 'R', 0 }, { 9, 7, false, 'D', 0 } }, false },
        { "next process in between", { { 20, 7, false, 'D', 0 }, { 20, 8, false, 'D', 0 } }, false },
        { "a file of the same process", { { 20, 7, false, 'D', 0 }, { 20, 7, true, 'D', 0 } }, false },
        { "away and back", { { 20, 7, false, 'D', 0 }, { 1, 8, false, 'D', 0 }, { 20, 7, false, 'D', 0 } }, false },
        { "not at a process", { { 1000, 0, false, 'S', 0 } }, false },
        { "CPU time before the first probe", { { 1, 0, false, 'R', CPU(90000) }, { 1, 7, false, 'R', CPU(90000) }, { 1, 7, false, 'R', 0 } }, false },
};

START_TEST(count_probes_at_one_place) {
        WatchdogStall stall = {};
        uint64_t cpu_usec = 0;
        bool hangs = false;

        for (size_t i = 0; i < ELEMENTSOF(rows[_i].runs); i++)
                for (unsigned k = 0; k < rows[_i].runs[i].n; k++) {
                        const Run *run = &rows[_i].runs[i];
                        WatchdogProbe probe = {
                                .beacon = { .pid = run->pid, .start_time = 1, .on_file = run->on_file },
                                .state = run->state,
                                .cpu_usec = cpu_usec += run->cpu_usec,
                        };

                        hangs = watchdog_add_probe(&stall, &probe) || hangs;
                }
        ck_assert_msg(hangs == rows[_i].hangs, "%s", rows[_i].name);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("watchdog");
        TCase *tcase = tcase_create("watchdog");

        tcase_add_loop_test(tcase, count_probes_at_one_place, 0, ELEMENTSOF(rows));
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
