/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sweeps as the scanner does, one after the other with what the last one left behind:
 *   sweeper [text] [full] [once] [findings] [without-LAYER] ROUNDS
 * prints a line for each sweep: CPU and wall time in µs, processes, findings; then the
 * findings of the last: pid, state, path.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sweep/sweep.h"
#include "util/escape.h"

static uint64_t now_usec(clockid_t clock) {
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void print_findings(const Snapshot *s) {
        for (size_t i = 0; i < s->n_findings; i++) {
                const Finding *f = s->findings[i];
                _cleanup_free_ char *path = escape(f->path);

                printf("%d\t%s\t%s\n", (int) f->pid, state_to_string(f->state), path ? path : "");
        }
}

static unsigned layer_of(const char *word) {
        return streq(word, "without-fast-path") ? SWEEP_LAYER_FAST_PATH :
                streq(word, "without-siblings") ? SWEEP_LAYER_SIBLINGS :
                streq(word, "without-exec-times") ? SWEEP_LAYER_EXEC_TIMES :
                streq(word, "without-lookups") ? SWEEP_LAYER_LOOKUPS : 0;
}

int main(int argc, char *argv[]) {
        _cleanup_(scan_freep) Scan *scan = scan_new();
        _cleanup_(snapshot_freep) Snapshot *last = NULL;
        SweepOptions options = {};
        bool findings = false;
        int rounds = 1;

        for (int i = 1; i < argc; i++) {
                options.text_maps |= streq(argv[i], "text");
                options.full |= streq(argv[i], "full");
                options.once |= streq(argv[i], "once");
                options.without |= layer_of(argv[i]);
                findings |= streq(argv[i], "findings");
                if (atoi(argv[i]) > 0)
                        rounds = atoi(argv[i]);
        }
        for (int i = 0; scan && i < rounds; i++) {
                uint64_t cpu = now_usec(CLOCK_PROCESS_CPUTIME_ID), wall = now_usec(CLOCK_MONOTONIC);
                Snapshot *snapshot = NULL;
                int r;

                options.previous = last;
                r = sweep_run(scan, &options, &snapshot);
                if (r < 0) {
                        fprintf(stderr, "sweep: %s\n", strerror(-r));
                        return EXIT_FAILURE;
                }
                printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%zu\n", now_usec(CLOCK_PROCESS_CPUTIME_ID) - cpu,
                       now_usec(CLOCK_MONOTONIC) - wall, snapshot->counts.processes, snapshot->n_findings);
                snapshot_free(last);
                last = snapshot;
        }
        if (findings && last)
                print_findings(last);
        return scan ? EXIT_SUCCESS : EXIT_FAILURE;
}
