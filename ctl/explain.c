/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "client.h"
#include "escape.h"
#include "explanation.h"
#include "findings.h"
#include "look.h"
#include "output.h"
#include "pager.h"
#include "process.h"
#include "seconds.h"
#include "text.h"
#include "verbs.h"

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

/* 0; -ESRCH: no such process; 1: it has no memory, and that is the answer. */
static int look_at_process(pid_t pid, char **ret_comm) {
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

static int ask_daemon(pid_t pid, Snapshot **ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        r = s ? client_open(/* activate= */ false, &bus) : -ENOMEM;
        if (r >= 0)
                r = client_explain(bus, pid, &error, s);
        if (r >= 0)
                *ret = TAKE_PTR(s);
        return r;
}

static int look_here(const Options *o, pid_t pid, Snapshot **ret) {
        Selection selection = { .pids = &pid, .n_pids = 1 }; /* borrowed */
        _cleanup_(scan_freep) Scan *scan = scan_new();

        return scan ? look(scan, o, &selection, /* once= */ true, NULL, ret) : -ENOMEM;
}

/*
 * Whoever may look himself does, which needs no daemon and is never out of date. The
 * daemon is asked by those who may not; and where nothing is found, since it may know
 * more: it has seen the files before they were written to. Returns 0, -errno.
 */
static int find(const Options *o, pid_t pid, Snapshot **ret) {
        _cleanup_(snapshot_freep) Snapshot *here = NULL;
        int r;

        r = look_here(o, pid, &here);
        if (r < 0)
                return r;
        if (here->n_findings == 0) {
                Snapshot *told = NULL;

                r = ask_daemon(pid, &told);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0) {
                        told->counts = here->counts;
                        if (told->n_findings > 0)
                                told->counts.unreadable = 0;
                        snapshot_free(here);
                        here = told;
                }
        }
        *ret = TAKE_PTR(here);
        return 0;
}

static int tell_heading(const Options *o, const Finding *f) {
        _cleanup_free_ char *process = findings_process(f), *place = findings_place(f), *exe = escape(f->exe), *rest = NULL;

        if (!process || !place || (f->exe && !exe) ||
            asprintf(&rest, "%s, user %u%s%s", place, (unsigned) f->uid, exe ? ", " : "", exe ?: "") < 0)
                return -ENOMEM;
        printf("%s%s%s, ", style_begin(STYLE_BOLD, o->colour), process, style_end(STYLE_BOLD, o->colour));
        text_wrap_on(stdout, rest, text_width(process) + 2, /* indent= */ 2, output_text_width(o));
        return 0;
}

static int tell(const Options *o, const Snapshot *s, const char *name) {
        bool first = true;
        int r = 0;

        pager_open(o);
        for (size_t i = 0; i < s->n_findings && r >= 0; i++) {
                const Finding *f = s->findings[i];

                if (!is_meant(f, name))
                        continue;
                if (first)
                        r = tell_heading(o, f);
                first = false;
                putchar('\n');
                if (r >= 0)
                        r = explanation_show(o, f);
        }
        return r;
}

static size_t count_meant(const Snapshot *s, const char *name) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++)
                n += is_meant(s->findings[i], name);
        return n;
}

static void tell_nothing(const char *comm, pid_t pid, const Snapshot *s, const char *name) {
        const Counts *c = &s->counts;

        if (name && s->n_findings > 0) {
                _cleanup_free_ char *shown = escape(name);

                printf("%s (%d) runs no stale %s; of other stale files it runs %zu: see stalelibctl explain %d\n",
                       comm, (int) pid, shown ?: "", s->n_findings, (int) pid);
        } else
                printf("%s (%d) runs nothing stale: what it maps is what is on disk (%llu file%s looked at).\n",
                       comm, (int) pid, (unsigned long long) c->mappings, PLURAL(c->mappings));
        if (c->unknown > 0)
                printf("%llu of its files could not be judged: \"stalelibctl scan --pid=%d\" tells why.\n",
                       (unsigned long long) c->unknown, (int) pid);
}

static int explain(const Options *o, pid_t pid, const char *comm, const char *name) {
        Selection selection = { .pids = &pid, .n_pids = 1 }; /* borrowed */
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        int r;

        r = find(o, pid, &s);
        if (r < 0)
                return say_errno(r, "Cannot explain");
        if (s->n_findings == 0 && look_verdict(&selection, s) != STATUS_ANSWERED)
                return STATUS_UNREADABLE;
        if (o->json != JSON_OFF || o->quiet)
                r = findings_show(o, s, GROUPING_NONE);
        else if (count_meant(s, name) > 0)
                r = tell(o, s, name);
        else
                tell_nothing(comm, pid, s, name);
        if (r < 0)
                return say_errno(r, "Cannot explain");
        return o->check && count_meant(s, name) > 0 ? STATUS_STALE : STATUS_ANSWERED;
}

int verb_explain(const Options *o, char *arguments[]) {
        _cleanup_free_ char *comm = NULL;
        uint64_t pid;
        int r;

        if (number_parse(arguments[0], INT_MAX, &pid) < 0 || pid == 0)
                return say(STATUS_USAGE, "\"%s\" is no process id: give a number, as in \"stalelibctl explain 1\"", arguments[0]);
        r = look_at_process((pid_t) pid, &comm);
        if (r == -ESRCH)
                return say(STATUS_UNREADABLE, "There is no process %d: it has ended, or never was", (int) pid);
        if (r < 0)
                return say_errno(r, "Cannot look at the process");
        if (r > 0 && o->json == JSON_OFF) {
                if (!o->quiet)
                        printf("%s (%d) is a kernel thread or a zombie: it has no memory, and maps no library.\n",
                               comm, (int) pid);
                return STATUS_ANSWERED;
        }
        return explain(o, (pid_t) pid, comm, arguments[1]);
}
