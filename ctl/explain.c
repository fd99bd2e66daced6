/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>

#include "option-parser.h"
#include "client.h"
#include "command.h"
#include "explanation.h"
#include "findings.h"
#include "local-sweep.h"
#include "output.h"
#include "pager.h"
#include "proc/mapping.h"
#include "proc/process.h"
#include "text-wrap.h"
#include "unknown.h"
#include "util/escape.h"
#include "util/timespan.h"
#include "watchdog.h"

/* Is this what the user calls it: the path, raw or as it is shown, another name of the file, or its last component? */
static bool is_called(const char *bytes, const char *name) {
        _cleanup_free_ char *shown = NULL;
        const char *slash;

        if (!bytes)
                return false;
        if (streq(bytes, name))
                return true;
        slash = strrchr(bytes, '/');
        if (!strchr(name, '/') && slash && streq(slash + 1, name))
                return true;
        shown = escape(bytes);
        return shown && streq(shown, name);
}

static bool is_meant(const Finding *f, const char *name) {
        return !name || is_called(f->path, name) || is_called(f->loader_name, name) || is_called(f->successor, name);
}

/* Does the process map a file that is called so? What cannot be read is no reason to deny it. */
static bool maps_any(pid_t pid, const char *name) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_(mapping_list_done) MappingList l = {};
        SweepOptions guarded = {};
        int r;

        if (proc_fd < 0 || process_open(proc_fd, pid, &p) < 0)
                return true;
        watchdog_set_options(&guarded);
        if (guarded.beacon)
                *guarded.beacon = (SweepBeacon){ .pid = pid, .start_time = p.start_time };
        r = mapping_list_read(&p, /* by_text= */ false, &l);
        if (guarded.beacon)
                *guarded.beacon = (SweepBeacon){};
        if (r < 0 || l.cut)
                return true;
        for (size_t i = 0; i < l.n_mappings; i++)
                if (is_called(l.mappings[i].name, name))
                        return true;
        return false;
}

/* 0; -ESRCH: no such process; 1: it has no memory, and that is the answer. */
static int read_process(pid_t pid, char **ret_comm) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(process_done) Process p = PROCESS_NULL;
        _cleanup_free_ char *comm = NULL;
        int r;

        if (proc_fd < 0)
                return -errno;
        r = process_open(proc_fd, pid, &p);
        if (r < 0)
                return r;
        if (process_read_file(&p, "comm", 256, &comm, NULL) >= 0)
                comm[strcspn(comm, "\n")] = '\0';
        *ret_comm = escape(comm ?: "?");
        return *ret_comm ? !p.has_memory : -ENOMEM;
}

/* Of all that the daemon could not judge, what is of this process. */
static int add_unknown_of(const Snapshot *all, pid_t pid, Snapshot *s) {
        Counts *c = &s->counts;

        for (size_t i = 0; i < all->n_unknown; i++) {
                const UnknownMapping *u = &all->unknown[i];
                int r;

                if (u->pid != pid || !u->path)
                        continue;
                r = snapshot_add_unknown(s, u);
                if (r < 0)
                        return r;
                c->unknown++;
                c->unknown_by[u->reason]++;
        }
        return 0;
}

/* Into an inventory that is the daemon's alone. Returns 0, -ENOMEM, -errno. */
static int ask_daemon(pid_t pid, Inventory *ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new(), *all = snapshot_new();
        _cleanup_(inventory_done) Inventory a = { .from_daemon = true, .selected = 1 };
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        r = s && all ? client_open(/* activate= */ false, &bus) : -ENOMEM;
        if (r >= 0)
                r = client_explain(bus, pid, &error, s);
        if (r >= 0)
                r = client_unknown(bus, &error, all);
        if (r == -EOPNOTSUPP)
                r = strdup_to(&a.trouble, "The daemon does not say which files it could not judge.") ? 0 : -ENOMEM;
        if (r >= 0)
                r = add_unknown_of(all, pid, s);
        if (r < 0)
                return r;
        snapshot_freeze(s);
        a.snapshot = TAKE_PTR(s);
        *ret = a;
        a = (Inventory){};
        return 0;
}

static int sweep_locally(const Options *o, pid_t pid, Inventory *ret) {
        Selection selection = { .pids = &pid, .n_pids = 1 }; /* borrowed */
        _cleanup_(scan_freep) Scan *scan = scan_new();

        return scan ? local_sweep(scan, o, &selection, &(LocalSweepOptions){ .once = true }, ret) : -ENOMEM;
}

/*
 * Where the daemon has findings, they are added: it has seen the files before they were written to. Where not all could
 * be judged here, its inventory is taken whole: it may read more than we may.
 */
static int find_more(pid_t pid, Inventory *a) {
        _cleanup_(inventory_done) Inventory told = {};
        int r;

        r = ask_daemon(pid, &told);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (told.snapshot->n_findings == 0)
                return 0;
        if (inventory_is_complete(a))
                return inventory_add_findings(a, told.snapshot);
        inventory_done(a);
        *a = told;
        told = (Inventory){};
        return 0;
}

/*
 * If the caller may examine the process, that needs no daemon and is always up to date. The
 * daemon is asked by those who may not; and where nothing is found, since it may know
 * more. Returns 0, -errno.
 */
static int find(const Options *o, pid_t pid, Inventory *ret) {
        _cleanup_(inventory_done) Inventory a = {};
        int r;

        r = sweep_locally(o, pid, &a);
        if (r >= 0 && a.snapshot->n_findings == 0)
                r = find_more(pid, &a);
        if (r < 0)
                return r;
        *ret = a;
        a = (Inventory){};
        return 0;
}

static int print_heading(const Options *o, const Finding *f) {
        _cleanup_free_ char *process = findings_process(f), *place = findings_place(f), *exe = escape(f->exe), *rest = NULL;

        if (!process || !place || (f->exe && !exe) ||
            asprintf(&rest, "%s, user %u%s%s", place, (unsigned) f->uid, exe ? ", " : "", exe ?: "") < 0)
                return -ENOMEM;
        printf("%s%s%s, ", style_begin(STYLE_BOLD, o->colour), process, style_end(STYLE_BOLD, o->colour));
        text_wrap_on(stdout, rest, text_width(process) + 2, /* indent= */ 2, output_text_width(o));
        return 0;
}

static size_t count_meant(const Snapshot *s, const char *name) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++)
                n += is_meant(s->findings[i], name);
        return n;
}

/* Is it a file, and the one that is meant? */
static bool is_meant_unknown(const UnknownMapping *u, const char *name) {
        return u->path && (!name || is_called(u->path, name));
}

static size_t count_meant_unknown(const Snapshot *s, const char *name) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_unknown; i++)
                n += is_meant_unknown(&s->unknown[i], name);
        return n;
}

/* The files that could not be judged, each with the reason. */
static int print_unknown(const Options *o, const Snapshot *s, const char *name) {
        for (size_t i = 0; i < s->n_unknown; i++) {
                const UnknownMapping *u = &s->unknown[i];
                _cleanup_free_ char *path = NULL, *item = NULL;

                if (!is_meant_unknown(u, name))
                        continue;
                path = escape(u->path);
                if (!path || asprintf(&item, "- %s (%s): %s", path, unknown_reason_to_string(u->reason),
                                      unknown_reason_describe(u->reason)) < 0)
                        return -ENOMEM;
                text_wrap(stdout, item, /* first= */ 2, /* indent= */ 4, output_text_width(o));
        }
        if (!name && s->counts.unknown > count_meant_unknown(s, NULL))
                printf("  - and %llu more, which are not listed\n",
                       (unsigned long long) (s->counts.unknown - count_meant_unknown(s, NULL)));
        return 0;
}

static int print_findings(const Options *o, const Inventory *a, const char *name) {
        const Snapshot *s = a->snapshot;
        bool first = true;
        int r = 0;

        pager_open(o);
        for (size_t i = 0; i < s->n_findings && r >= 0; i++) {
                const Finding *f = s->findings[i];

                if (!is_meant(f, name))
                        continue;
                if (first)
                        r = print_heading(o, f);
                first = false;
                putchar('\n');
                if (r >= 0)
                        r = explanation_show(o, f);
        }
        if (r >= 0 && a->trouble)
                printf("\n%s\n", a->trouble);
        if (r < 0 || name || s->counts.unknown == 0)
                return r;
        printf("\n%llu of its files could not be judged, and may be stale as well:\n", (unsigned long long) s->counts.unknown);
        return print_unknown(o, s, NULL);
}

/* Of a process without findings: no more than was judged. */
static int print_none(const Options *o, const char *process, const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        unsigned long long ignored = c->ignored, unknown = c->unknown, n = c->mappings;

        if (unknown > 0)
                n = n > ignored + unknown ? n - ignored : unknown; /* of maps that were cut, what was left out counts one */
        if (inventory_is_void(a)) {
                printf("Whether %s runs anything stale is not known: none of the %llu file%s that count%s could be judged:\n",
                       process, n, PLURAL(n), n == 1 ? "s" : "");
                return print_unknown(o, a->snapshot, NULL);
        }
        if (unknown > 0) {
                printf("Of the %llu file%s that %s maps, %llu could not be judged, and may be stale; no other one is:\n",
                       n, PLURAL(n), process, unknown);
                return print_unknown(o, a->snapshot, NULL);
        }
        printf("%s runs nothing stale: what it maps is what is on disk (%llu file%s examined", process, n, PLURAL(n));
        if (ignored > 0)
                printf(", of which %llu %s no librar%s and do%s not count", ignored, ignored == 1 ? "is" : "are",
                       ignored == 1 ? "y" : "ies", ignored == 1 ? "es" : "");
        puts(").");
        return 0;
}

/* Of one file that is not among the findings. */
static int print_not_found(const Options *o, const char *process, const Inventory *a, const char *name) {
        const Snapshot *s = a->snapshot;
        _cleanup_free_ char *shown = escape(name);

        if (!shown)
                return -ENOMEM;
        if (count_meant_unknown(s, name) > 0) {
                printf("Whether the %s that %s maps is stale could not be judged:\n", shown, process);
                return print_unknown(o, s, name);
        }
        if (s->counts.unknown > 0)
                printf("%s runs no %s that is known to be stale", process, shown);
        else
                printf("%s runs no stale %s", process, shown);
        if (s->n_findings > 0)
                printf("; of other stale files it runs %zu", s->n_findings);
        if (s->counts.unknown > 0)
                printf("; %llu of its files could not be judged", (unsigned long long) s->counts.unknown);
        puts(".");
        return 0;
}

static int print_nothing(const Options *o, const char *comm, pid_t pid, const Inventory *a, const char *name) {
        _cleanup_free_ char *process = NULL;

        if (asprintf(&process, "%s (%d)", comm, (int) pid) < 0) {
                process = NULL;
                return -ENOMEM;
        }
        return name ? print_not_found(o, process, a, name) : print_none(o, process, a);
}

/* With --check: of what is meant alone. */
static int status_of(const Options *o, const Inventory *a, const char *name) {
        const Snapshot *s = a->snapshot;

        if (!name)
                return inventory_status(o, a);
        for (size_t i = 0; i < s->n_findings; i++)
                if (is_meant(s->findings[i], name) && finding_urgency(s->findings[i]) != URGENCY_NONE)
                        return STATUS_STALE;
        if (a->blind || a->trouble)
                return STATUS_UNKNOWN;
        /* What is not listed may be the one. */
        return !o->allow_unknown && (count_meant_unknown(s, name) > 0 || s->counts.unknown > count_meant_unknown(s, NULL)) ?
                STATUS_UNKNOWN : STATUS_ANSWERED;
}

static int say_not_mapped(const char *comm, pid_t pid, const char *name) {
        _cleanup_free_ char *shown = escape(name);

        return print_error(STATUS_UNKNOWN, "%s (%d) maps no file that is called %s: see /proc/%d/maps", comm, (int) pid, shown ?: "so", (int) pid);
}

static int explain(const Options *o, pid_t pid, const char *comm, const char *name) {
        Selection selection = { .pids = &pid, .n_pids = 1 }; /* borrowed */
        _cleanup_(inventory_done) Inventory a = {};
        int r, verdict;

        r = find(o, pid, &a);
        if (r < 0)
                return print_errno(r, "Cannot explain");
        if (name && a.snapshot->counts.unreadable == 0 && count_meant(a.snapshot, name) == 0 &&
            count_meant_unknown(a.snapshot, name) == 0 && !maps_any(pid, name))
                return say_not_mapped(comm, pid, name);
        verdict = a.snapshot->n_findings == 0 ? local_sweep_verdict(o, &selection, &a) : STATUS_ANSWERED;
        if (o->json != JSON_OFF || o->quiet)
                r = findings_show(o, &a, GROUPING_NONE);
        else if (count_meant(a.snapshot, name) > 0)
                r = print_findings(o, &a, name);
        else if (a.snapshot->counts.unreadable == 0)
                r = print_nothing(o, comm, pid, &a, name);
        if (r < 0)
                return print_errno(r, "Cannot explain");
        return verdict == STATUS_ANSWERED && o->check ? status_of(o, &a, name) : verdict;
}

int command_explain(const Options *o) {
        _cleanup_free_ char *comm = NULL;
        pid_t pid;
        int r;

        if (options_parse_pid(o, o->arguments[0], &pid) < 0)
                return STATUS_USAGE;
        r = read_process(pid, &comm);
        if (r == -ESRCH)
                return print_error(STATUS_UNKNOWN, "There is no process %d: it has ended, or never was", (int) pid);
        if (r < 0)
                return print_errno(r, "Cannot examine the process");
        if (r > 0 && o->json == JSON_OFF) {
                if (!o->quiet)
                        printf("%s (%d) is a kernel thread or a zombie: it has no memory, and maps no library.\n",
                               comm, (int) pid);
                return STATUS_ANSWERED;
        }
        return explain(o, pid, comm, o->arguments[1]);
}
