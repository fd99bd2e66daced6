/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "findings.h"
#include "look.h"
#include "output.h"
#include "plugin.h"
#include "verbs.h"

/* Per process: does any of its findings risk a crash, and are they all reinstalls? */
static void count_processes(const Snapshot *s, PluginFacts *facts) {
        bool same = true, crash = false;

        for (size_t i = 0; i < s->n_findings; i++) {
                const Finding *f = s->findings[i], *next = i + 1 < s->n_findings ? s->findings[i + 1] : NULL;

                same &= (f->flags & FLAG_SAME_CONTENT) != 0;
                crash |= (f->flags & FLAG_CRASH_RISK) != 0;
                if (next && next->pid == f->pid && next->start_time == f->start_time)
                        continue;
                facts->same_content += same;
                facts->crash_risk += crash;
                same = true;
                crash = false;
        }
        facts->processes = snapshot_stale_processes(s);
        facts->files = snapshot_stale_libraries(s);
}

/* The counts are for everybody to read; which findings they are is not: without them, none is known to be urgent. */
static int ask_daemon(const Options *o, PluginFacts *facts, json_object **ret_properties) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_json_ json_object *p = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        uint64_t at, now = clock_now();
        int r;

        r = s ? client_open(/* activate= */ false, &bus) : -ENOMEM;
        if (r >= 0)
                r = client_properties(bus, &error, &p);
        if (r < 0)
                return r;
        facts->processes = client_number(p, "StaleProcesses");
        facts->files = client_number(p, "StaleLibraries");
        facts->checked = client_number(p, "ProcessesChecked");
        facts->unreadable = client_number(p, "ProcessesUnreadable");
        facts->interval_usec = client_number(p, "SweepInterval");
        facts->degraded = client_boolean(p, "Degraded");
        facts->degraded_reason = client_text(p, "DegradedReason");
        at = client_number(p, "LastSweepMonotonic");
        facts->age_usec = now > at ? now - at : 0;
        r = client_findings(bus, &error, s);
        if (r >= 0) {
                findings_filter(o, s);
                count_processes(s, facts);
        } else if (o->n_units > 0 || o->n_pids > 0)
                return r; /* the counts are of all units */
        *ret_properties = TAKE_PTR(p);
        return 0;
}

static int look_here(const Options *o, const Selection *selection, PluginFacts *facts) {
        _cleanup_(snapshot_freep) Snapshot *s = NULL;
        _cleanup_(scan_freep) Scan *scan = scan_new();
        int r;

        r = scan ? look(scan, o, selection, /* once= */ true, NULL, &s) : -ENOMEM;
        if (r < 0)
                return r;
        count_processes(s, facts);
        facts->checked = s->counts.processes;
        facts->unreadable = s->counts.unreadable;
        return 0;
}

/* A plugin says what is wrong in its one line, on standard output. */
static int unknown(const char *why) {
        printf("STALELIB UNKNOWN - %s\n", why);
        return PLUGIN_UNKNOWN;
}

int verb_check(const Options *o, _unused_ char *arguments[]) {
        PluginFacts facts = { .warning = o->warning, .critical = o->critical };
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_json_ json_object *properties = NULL; /* facts borrow text of it */
        _cleanup_free_ char *line = NULL;
        int r;

        r = selection_read(o, /* tell= */ false, &selection);
        if (r == -ESRCH)
                return unknown("there is no such process, or the unit has none");
        if (r >= 0)
                r = ask_daemon(o, &facts, &properties);
        if (r < 0) {
                facts = (PluginFacts){ .warning = o->warning, .critical = o->critical };
                r = look_here(o, &selection, &facts);
        }
        if (r < 0)
                return unknown(strerror(-r));
        line = plugin_line(&facts);
        if (!line)
                return unknown(strerror(ENOMEM));
        if (!o->quiet)
                puts(line);
        return (int) plugin_judge(&facts);
}
