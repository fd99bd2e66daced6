/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "metrics.h"
#include "event-queue.h"
#include "util/escape.h"
#include "util/timespan.h"

static void family(FILE *f, const char *name, const char *type, const char *help) {
        fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *f, const char *name, const char *help, uint64_t value) {
        family(f, name, "gauge", help);
        fprintf(f, "%s %" PRIu64 "\n", name, value);
}

static void seconds(FILE *f, const char *name, const char *help, uint64_t usec) {
        family(f, name, "gauge", help);
        fprintf(f, "%s %" PRIu64 ".%06" PRIu64 "\n", name, usec / USEC_PER_SEC, usec % USEC_PER_SEC);
}

static void by_state(FILE *f, const Snapshot *s) {
        uint64_t n[STATE_MAX] = {};

        for (size_t i = 0; i < s->n_findings; i++)
                n[s->findings[i]->state] += finding_is_stale(s->findings[i]);
        family(f, "stalelib_findings", "gauge", "Stale libraries in processes, of those that are listed, by what became of the file.");
        for (State i = 0; i < STATE_MAX; i++)
                if (i != STATE_CURRENT && i != STATE_IGNORED && i != STATE_UNKNOWN)
                        fprintf(f, "stalelib_findings{state=\"%s\"} %" PRIu64 "\n", state_to_string(i), n[i]);
}

/* Each finding counts for its first and strongest reason, so that the sum is the number of findings. */
static void by_pin(FILE *f, const Snapshot *s) {
        uint64_t n[PIN_REASON_MAX] = {};

        for (size_t i = 0; i < s->n_findings; i++)
                n[s->findings[i]->n_pins > 0 ? s->findings[i]->pins[0].reason : PIN_UNKNOWN] += finding_is_stale(s->findings[i]);
        family(f, "stalelib_pinned_findings", "gauge", "The same, by the strongest reason why the loader keeps them.");
        for (PinReason i = 0; i < PIN_REASON_MAX; i++)
                fprintf(f, "stalelib_pinned_findings{pin=\"%s\"} %" PRIu64 "\n", pin_reason_to_string(i), n[i]);
}

/* A label's value: backslashes, quotes and line feeds are escaped (Prometheus's exposition formats). */
static void label(FILE *f, const char *raw) {
        _cleanup_free_ char *safe = escape(raw);

        for (const char *p = safe ? safe : "?"; *p; p++) {
                if (*p == '\\' || *p == '"')
                        fputc('\\', f);
                fputc(*p, f);
        }
}

typedef struct UnitAction {
        const char *unit; /* borrowed, raw */
        Action action;
} UnitAction;

static int compare_units(const void *a, const void *b) {
        const UnitAction *x = a, *y = b;
        int r = strcmp(x->unit, y->unit);

        return r != 0 ? r : (int) x->action - (int) y->action;
}

static void unit_line(FILE *f, const char *unit, const char *action, uint64_t n) {
        fprintf(f, "stalelib_unit_findings{unit=\"");
        label(f, unit);
        fprintf(f, "\",action=\"%s\"} %" PRIu64 "\n", action, n);
}

/* Of sorted ones: those that are the same as the first. */
static size_t count_same(const UnitAction *units, size_t n) {
        size_t same = 1;

        while (same < n && compare_units(units, units + same) == 0)
                same++;
        return same;
}

/* The units in their order, as many as are named. Returns how many findings are left. */
static size_t by_named_unit(FILE *f, const UnitAction *units, size_t n) {
        size_t n_named = 0, same;

        for (size_t i = 0; i < n; i += same) {
                n_named += i == 0 || !streq(units[i - 1].unit, units[i].unit);
                if (n_named > METRICS_UNITS_MAX)
                        return n - i;
                same = count_same(units + i, n - i);
                unit_line(f, units[i].unit, action_to_string(units[i].action), same);
        }
        return 0;
}

/* The sum over all of it is that of the stale findings, whether they are listed or not. */
static int by_unit(FILE *f, const Snapshot *s) {
        _cleanup_free_ UnitAction *units = calloc(s->n_findings + 1, sizeof(*units));
        uint64_t total = stale_counts_stale(&s->counts.stale), rest;
        size_t n = 0;

        if (!units)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_findings; i++)
                if (finding_is_stale(s->findings[i]))
                        units[n++] = (UnitAction){ finding_group(s->findings[i]), s->findings[i]->action };
        if (n > 0)
                qsort(units, n, sizeof(*units), compare_units);

        family(f, "stalelib_unit_findings", "gauge", "Stale libraries in the processes of a unit, by what ends them; of the "
               "units past the first 100, and of what is not listed, together.");
        rest = by_named_unit(f, units, n);
        unit_line(f, "", "", rest + (total > n ? total - n : 0));
        return 0;
}

static void of_findings(FILE *f, const Snapshot *s) {
        const StaleCounts *c = &s->counts.stale;
        uint64_t total = stale_counts_findings(c);

        gauge(f, "stalelib_stale_processes", "Processes that run stale libraries.", c->processes);
        gauge(f, "stalelib_stale_libraries", "Distinct stale files.", c->libraries);
        gauge(f, "stalelib_urgent_processes", "Stale processes whose next call into a library may crash.", c->urgent_processes);
        gauge(f, "stalelib_crash_risk_findings", "Libraries in them that were written to in place.", c->findings[URGENCY_URGENT]);
        gauge(f, "stalelib_same_content_processes", "Processes whose replaced files are all of the same content: nothing needs to be done.",
              c->same_content_processes);
        gauge(f, "stalelib_same_content_findings", "Replaced files of the same content in processes.", c->findings[URGENCY_NONE]);
        gauge(f, "stalelib_unlisted_findings", "Findings that are counted, and too many to be listed.",
              total > s->n_findings ? total - s->n_findings : 0);
}

static void of_sweep(FILE *f, const Counts *c) {
        gauge(f, "stalelib_processes", "Processes that were examined.", c->processes);
        gauge(f, "stalelib_unreadable_processes", "Processes that could not be read.", c->unreadable);
        gauge(f, "stalelib_mappings", "Mapped files that were judged, for each process.", c->mappings);
        gauge(f, "stalelib_files", "Distinct files among them.", c->files);
        gauge(f, "stalelib_ignored_mappings", "Mapped files that are no libraries.", c->ignored);
        family(f, "stalelib_unknown_mappings", "gauge", "Mapped files that could not be judged, by the reason.");
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++)
                fprintf(f, "stalelib_unknown_mappings{reason=\"%s\"} %" PRIu64 "\n", unknown_reason_to_string(i), c->unknown_by[i]);
        seconds(f, "stalelib_sweep_duration_seconds", "How long the last sweep took.", c->duration_usec);
}

int metrics_format(const MetricsFacts *facts, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int r = 0;

        if (!f)
                return -ENOMEM;

        gauge(f, "stalelib_degraded", "Whether something could not be examined.", facts->degraded);
        family(f, "stalelib_scanner_failures_total", "counter", "Scanners that hung, died or made no sense.");
        fprintf(f, "stalelib_scanner_failures_total %" PRIu64 "\n", facts->failures);
        seconds(f, "stalelib_last_sweep_timestamp_seconds", "When the last sweep ended well.", facts->last_success_usec);
        if (facts->snapshot) {
                const Snapshot *s = facts->snapshot;

                of_findings(f, s);
                by_state(f, s);
                by_pin(f, s);
                r = by_unit(f, s);
                of_sweep(f, &s->counts);
        }
        if (fclose(f) != 0 || r < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

static int text_write(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
        size_t n = strlen(text);

        if (fd < 0 || fchmod(fd, 0644) < 0)
                return -errno;
        while (n > 0) {
                ssize_t k = write(fd, text, n);

                if (k < 0)
                        return -errno;
                text += k;
                n -= (size_t) k;
        }
        return 0;
}

int metrics_write(const char *path, const char *text) {
        _cleanup_free_ char *new = NULL;
        int r;

        /* node_exporter reads *.prom only. */
        if (asprintf(&new, "%s.new", path) < 0)
                return -ENOMEM;

        r = text_write(new, text);
        if (r >= 0 && rename(new, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(new);
        return r;
}
