/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sweeps with one Scan, as the scanner does, once for each line that comes in: of all
 * processes, or of those whose pids are in the line. Each sweep gives one line of JSON:
 * the report, and what it cost.
 *
 *         sweeper [OPTION…]       text: the text of maps; baseline; remote; full; owners;
 *                                 anew: each sweep is the first of a new Scan; once: and says so;
 *                                 plain: without the layers that make it faster
 */

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <dirent.h>

#include "report/report-json.h"
#include "sweep/sweep.h"

static long resident_kib(void) {
        FILE *f = fopen("/proc/self/statm", "re");
        long size, resident = -1;

        if (f) {
                if (fscanf(f, "%ld %ld", &size, &resident) != 2)
                        resident = -1;
                fclose(f);
        }
        return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int count_descriptors(void) {
        DIR *d = opendir("/proc/self/fd");
        int n = -3; /* ".", "..", and the directory itself */

        while (d && readdir(d))
                n++;
        if (d)
                closedir(d);
        return n;
}

static void add_cost(json_object *o, const Snapshot *s) {
        json_object *cost = json_object_new_object(), *unknown = json_object_new_object();
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        for (int i = 0; i < UNKNOWN_REASON_MAX; i++)
                json_object_object_add(unknown, unknown_reason_to_string((UnknownReason) i),
                                       json_object_new_int64((int64_t) s->counts.unknown_by[i]));
        json_object_object_add(cost, "unknown_by", unknown);
        json_object_object_add(cost, "peak_kib", json_object_new_int64(usage.ru_maxrss));
        json_object_object_add(cost, "resident_kib", json_object_new_int64(resident_kib()));
        json_object_object_add(cost, "cpu_usec", json_object_new_int64(
                (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
        json_object_object_add(cost, "descriptors", json_object_new_int(count_descriptors()));
        json_object_object_add(o, "cost", cost);
}

static int sweep(Scan *scan, const SweepOptions *options, Snapshot **last) {
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        SweepOptions o = *options;
        json_object *report;
        int r;

        o.previous = *last;
        r = sweep_run(scan, &o, &s);
        if (r < 0)
                return r;
        r = report_json_build(s, &report);
        if (r < 0)
                return r;
        add_cost(report, s);
        printf("%s\n", json_object_to_json_string_ext(report, JSON_C_TO_STRING_PLAIN));
        fflush(stdout);
        json_object_put(report);
        snapshot_free(*last);
        *last = TAKE_PTR(s);
        return 0;
}

static int sweep_anew(const SweepOptions *options) {
        _cleanup_(scan_freep) Scan *scan = scan_new();
        _cleanup_(snapshot_freep) Snapshot *last = NULL;

        return scan ? sweep(scan, options, &last) : -ENOMEM;
}

#define PIDS_MAX 64

/* Takes the pids out of a line. */
static size_t read_pids(const char *line, pid_t pids[static PIDS_MAX]) {
        size_t n = 0;
        char *end;

        for (; n < PIDS_MAX; n++) {
                pids[n] = (pid_t) strtol(line, &end, 10);
                if (end == line)
                        break;
                line = end;
        }
        return n;
}

int main(int argc, char *argv[]) {
        _cleanup_(scan_freep) Scan *scan = scan_new();
        _cleanup_(snapshot_freep) Snapshot *last = NULL;
        SweepOptions options = {};
        pid_t pids[PIDS_MAX];
        bool anew = false;
        char line[1024];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 1; i < argc; i++) {
                anew = anew || streq(argv[i], "anew") || streq(argv[i], "once");
                options.once = options.once || streq(argv[i], "once");
                options.text_maps = options.text_maps || streq(argv[i], "text");
                if (streq(argv[i], "baseline"))
                        options.baselines = 512;
                options.remote_file_systems = options.remote_file_systems || streq(argv[i], "remote");
                options.full = options.full || streq(argv[i], "full");
                options.owners = options.owners || streq(argv[i], "owners");
                if (streq(argv[i], "plain"))
                        options.without = SWEEP_LAYER_FAST_PATH | SWEEP_LAYER_SIBLINGS | SWEEP_LAYER_EXEC_TIMES | SWEEP_LAYER_LOOKUPS;
        }
        while (scan && fgets(line, sizeof(line), stdin)) {
                int r;

                options.n_pids = read_pids(line, pids);
                options.pids = options.n_pids > 0 ? pids : NULL;
                r = anew ? sweep_anew(&options) : sweep(scan, &options, &last);
                if (r < 0) {
                        fprintf(stderr, "sweep: %s\n", strerror(-r));
                        return EXIT_FAILURE;
                }
        }
        return scan ? EXIT_SUCCESS : EXIT_FAILURE;
}
