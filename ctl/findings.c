/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "findings.h"
#include "output.h"
#include "report/report-json.h"
#include "text-wrap.h"
#include "unknown.h"
#include "util/escape.h"
#include "util/timespan.h"

/* Names of processes that could not be read. */
#define UNREADABLE_SHOWN 5

enum { COLUMN_PID, COLUMN_COMMAND, COLUMN_STATE, COLUMN_WHY, COLUMN_ACTION, COLUMN_FILE, COLUMN_MAX };

/* So that STATE with a flag fits 80 columns. */
static const Column columns[COLUMN_MAX] = {
        [COLUMN_PID] = { "PID", .right = true },
        [COLUMN_COMMAND] = { "COMMAND", .minimum = 7 },
        [COLUMN_STATE] = { "STATE", .minimum = 8, .spared = true },
        [COLUMN_WHY] = { "WHY", .minimum = 10 },
        [COLUMN_ACTION] = { "ACTION" },
        [COLUMN_FILE] = { "FILE", .minimum = 16, .front = true },
};

char *findings_process(const Finding *f) {
        _cleanup_free_ char *comm = escape(f->comm ?: "?");
        char *text;

        return !comm || asprintf(&text, "%s (%d)", comm, (int) f->pid) < 0 ? NULL : text;
}

char *findings_place(const Finding *f) {
        _cleanup_free_ char *unit = escape(f->unit ?: ""), *user_unit = escape(f->user_unit ?: ""),
                            *container = escape(f->container ?: "");
        char *text;
        int n;

        if (!unit || !user_unit || !container)
                return NULL;
        if (*user_unit && *unit)
                n = asprintf(&text, "%s of %s", user_unit, unit);
        else if (*container && *unit)
                n = asprintf(&text, "%s in %s", container, unit);
        else
                n = asprintf(&text, "%s", *user_unit ? user_unit : *unit ? unit : *container ? container : "no unit");
        return n < 0 ? NULL : text;
}

/* "modified, crash-risk, both-generations": what comes last is cut first. */
static char *state_cell(const Finding *f) {
        char *text = NULL;
        size_t size;
        FILE *m = open_memstream(&text, &size);

        if (!m)
                return NULL;
        fputs(state_to_string(f->state), m);
        for (uint32_t bit = (FLAG_ALL + 1) >> 1; bit > 0; bit >>= 1)
                if (f->flags & bit)
                        fprintf(m, ", %s", flag_to_string(bit));
        return fclose(m) == 0 ? text : NULL;
}

/* "nodelete, holder (go)": each reason once, then the runtimes. */
static char *why_cell(const Finding *f) {
        char *text = NULL;
        size_t size;
        uint32_t seen = 0;
        const char *before = "";
        FILE *m = open_memstream(&text, &size);

        if (!m)
                return NULL;
        for (size_t i = 0; i < f->n_pins; i++) {
                uint32_t bit = 1u << f->pins[i].reason;

                if (!(seen & bit)) {
                        fprintf(m, "%s%s", before, pin_reason_to_string(f->pins[i].reason));
                        before = ", ";
                }
                seen |= bit;
        }
        before = *before ? " (" : "(";
        for (uint32_t bit = 1; bit < RUNTIME_ALL; bit <<= 1)
                if (f->runtimes & bit) {
                        fprintf(m, "%s%s", before, runtime_to_string(bit));
                        before = ", ";
                }
        if (f->runtimes & RUNTIME_ALL)
                fputc(')', m);
        return fclose(m) == 0 ? text : NULL;
}

static Style state_style(const Finding *f) {
        return f->flags & FLAG_CRASH_RISK ? STYLE_RED : f->flags & FLAG_SAME_CONTENT ? STYLE_DIM : STYLE_YELLOW;
}

static int add_row(Table *t, const Finding *f) {
        _cleanup_free_ char *comm = escape(f->comm ?: "?"), *state = state_cell(f), *why = why_cell(f),
                            *path = escape(f->path);
        const Style styles[COLUMN_MAX] = {
                [COLUMN_STATE] = state_style(f),
                [COLUMN_ACTION] = f->action == ACTION_RESTART_NOW ? STYLE_RED : STYLE_PLAIN,
        };
        char pid[16];

        if (!comm || !state || !why || !path)
                return -ENOMEM;
        snprintf(pid, sizeof(pid), "%d", (int) f->pid);
        return table_add(t, (const char *const[COLUMN_MAX]){
                [COLUMN_PID] = pid, [COLUMN_COMMAND] = comm, [COLUMN_STATE] = state,
                [COLUMN_WHY] = why, [COLUMN_ACTION] = action_to_string(f->action), [COLUMN_FILE] = path,
        }, styles);
}

/* Does the table have it? */
static bool is_shown(const Options *o, const Finding *f) {
        return o->all || finding_urgency(f) != URGENCY_NONE;
}

/* One finding and the name of its group. */
typedef struct FindingRow {
        const Finding *finding;
        char *place;
} FindingRow;

static int compare_entries(const void *a, const void *b) {
        const FindingRow *x = a, *y = b;

        return strcmp(x->place, y->place) ?: finding_compare(x->finding, y->finding);
}

/* The heading of a group: what ends the worst of its findings, as the actions stand in order. */
static int add_group_heading(Table *t, const FindingRow *entries, size_t n) {
        const Finding *worst = entries[0].finding;
        _cleanup_free_ char *text = NULL;

        for (size_t i = 1; i < n && streq(entries[i].place, entries[0].place); i++)
                if (entries[i].finding->action > worst->action)
                        worst = entries[i].finding;
        if (asprintf(&text, "%s: %s", entries[0].place, worst->advice ?: "") < 0)
                return -ENOMEM;
        return table_add_heading(t, text);
}

/* The findings that are shown, by unit. Returns how many, or -ENOMEM. */
static ssize_t collect_entries(const Options *o, const Snapshot *s, FindingRow *entries) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_findings; i++) {
                if (!is_shown(o, s->findings[i]))
                        continue;
                entries[n].finding = s->findings[i];
                entries[n].place = findings_place(s->findings[i]);
                if (!entries[n].place)
                        return -ENOMEM;
                n++;
        }
        if (n > 0)
                qsort(entries, n, sizeof(*entries), compare_entries);
        return (ssize_t) n;
}

static int fill_by_unit(const Options *o, Table *t, const Snapshot *s) {
        FindingRow *entries = calloc(s->n_findings + 1, sizeof(*entries));
        ssize_t n = entries ? collect_entries(o, s, entries) : -ENOMEM;
        int r = n < 0 ? (int) n : 0;

        for (ssize_t i = 0; r >= 0 && i < n; i++) {
                if (i == 0 || !streq(entries[i - 1].place, entries[i].place))
                        r = add_group_heading(t, entries + i, (size_t) (n - i));
                if (r >= 0)
                        r = add_row(t, entries[i].finding);
        }
        for (size_t i = 0; entries && i < s->n_findings; i++)
                free(entries[i].place);
        free(entries);
        return r;
}

static int fill(const Options *o, Table *t, const Snapshot *s) {
        int r = 0;

        for (size_t i = 0; i < s->n_findings && r >= 0; i++)
                if (is_shown(o, s->findings[i]))
                        r = add_row(t, s->findings[i]);
        return r;
}

/* By reason, and where to see which they are. */
static void show_unknown(const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        const char *before = " (";

        printf("%" PRIu64 " mapping%s could not be judged", c->unknown, PLURAL(c->unknown));
        for (UnknownReason i = 0; i < UNKNOWN_REASON_MAX; i++)
                if (c->unknown_by[i] > 0) {
                        printf("%s%s: %" PRIu64, before, unknown_reason_to_string(i), c->unknown_by[i]);
                        before = ", ";
                }
        if (streq(before, ", "))
                putchar(')');
        if (a->unattributed)
                puts("; that is of all processes, the daemon does not say which of the selected it concerns.");
        else
                printf(": \"stalelibctl %s --unknown\" shows %s.\n", a->from_daemon ? "list" : "scan",
                       c->unknown == 1 ? "it" : "them");
}

/* "nginx (121)", or the number alone where not even the name can be had. */
static bool put_process(FILE *f, pid_t pid) {
        _cleanup_free_ char *shown = NULL;
        char path[64], comm[64] = "";
        FILE *file;
        size_t n;

        snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
        file = fopen(path, "re");
        if (file) {
                n = fread(comm, 1, sizeof(comm) - 1, file);
                comm[n > 0 ? n - 1 : 0] = '\0'; /* a newline of the kernel's */
                fclose(file);
        }
        if (!*comm)
                return fprintf(f, "%d", (int) pid) > 0;
        shown = escape(comm);
        return shown && fprintf(f, "%s (%d)", shown, (int) pid) > 0;
}

/* Which they are; with --full all of them. */
static int list_unreadable(FILE *f, const Options *o, const Snapshot *s) {
        uint64_t n = 0;

        for (size_t i = 0; i < s->n_looked; i++) {
                if (s->looked[i].look != LOOK_FAILED || (++n > UNREADABLE_SHOWN && !o->full))
                        continue;
                fputs(n == 1 ? ": " : ", ", f);
                if (!put_process(f, s->looked[i].pid))
                        return -ENOMEM;
        }
        if (n > UNREADABLE_SHOWN && !o->full)
                fprintf(f, " and %" PRIu64 " more, all with --full", n - UNREADABLE_SHOWN);
        return 0;
}

/* own: by the caller's own rights. To name what is not his is of no use to most users. */
static int show_unreadable(const Options *o, const Snapshot *s, bool own) {
        _cleanup_free_ char *text = NULL;
        bool root = geteuid() == 0;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int r = 0;

        if (!f)
                return -ENOMEM;
        fprintf(f, "%" PRIu64 " process%s could not be read", s->counts.unreadable, PLURAL_ES(s->counts.unreadable));
        if (root || !own || o->full)
                r = list_unreadable(f, o, s);
        fputs(own && !root ? "; root sees more." : ".", f);
        if (fclose(f) != 0)
                return -ENOMEM;
        if (r >= 0)
                text_wrap(stdout, text, /* first= */ 0, /* indent= */ 0, o->width);
        return r;
}

/* What is claimed of all that was asked for: no more than was judged. */
static void describe(const Inventory *a, char *buffer, size_t size) {
        const StaleCounts *c = &a->snapshot->listed;

        if (inventory_is_stale(a))
                snprintf(buffer, size, "%" PRIu64 " stale file%s in %" PRIu64 " process%s", c->libraries, PLURAL(c->libraries),
                         c->processes, PLURAL_ES(c->processes));
        else
                snprintf(buffer, size, "%s", inventory_is_void(a) ? "Nothing could be judged" :
                         inventory_is_complete(a) ? "Nothing is stale" : "Nothing stale was found");
}

static void show_first_sum(const Options *o, const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        Style style = inventory_is_stale(a) ? STYLE_BOLD : inventory_is_complete(a) ? STYLE_GREEN : STYLE_YELLOW;
        char duration[TIMESPAN_TEXT_MAX], first[128], selected[64] = "", rest[256];

        describe(a, first, sizeof(first));
        if (a->from_daemon && a->selected > 0)
                snprintf(selected, sizeof(selected), ", of these %zu selected", a->selected);
        snprintf(rest, sizeof(rest), "%" PRIu64 " process%s with %" PRIu64 " file%s examined in %s%s.", c->processes,
                 PLURAL_ES(c->processes), c->files, PLURAL(c->files), timespan_format(c->duration_usec, duration), selected);
        printf("%s%s%s; ", style_begin(style, o->colour), first, style_end(style, o->colour));
        text_wrap_on(stdout, rest, strlen(first) + 2, /* indent= */ 0, o->width);
}

static void show_same_content(const Options *o, const Inventory *a) {
        uint64_t n = a->snapshot->listed.findings[URGENCY_NONE];

        if (o->all)
                printf("%" PRIu64 " of the findings %s of the same content as on disk.\n", n, n == 1 ? "is" : "are");
        else
                printf("%" PRIu64 " %srun%s the same content as on disk: --all shows %s.\n", n, inventory_is_stale(a) ? "more " : "",
                       n == 1 ? "s" : "", n == 1 ? "it" : "them");
}

int findings_show_limits(const Options *o, const Inventory *a) {
        const Counts *c = &a->snapshot->counts;
        int r = 0;

        if (c->unreadable > 0)
                r = show_unreadable(o, a->snapshot, /* own= */ !a->from_daemon);
        if (r < 0)
                return r;
        if (c->unknown > 0)
                show_unknown(a);
        if (a->not_listed > 0)
                printf("The daemon's list has no room for %" PRIu64 " more finding%s.\n", a->not_listed, PLURAL(a->not_listed));
        if (a->trouble)
                text_wrap(stdout, a->trouble, /* first= */ 0, /* indent= */ 0, o->width);
        return 0;
}

static int show_sums(const Options *o, const Inventory *a) {
        int r;

        if (inventory_is_stale(a) || (o->all && a->snapshot->listed.findings[URGENCY_NONE] > 0))
                putchar('\n');
        show_first_sum(o, a);
        r = findings_show_limits(o, a);
        if (r >= 0 && a->snapshot->listed.findings[URGENCY_NONE] > 0)
                show_same_content(o, a);
        return r;
}

static int show_table(const Options *o, const Inventory *a, Grouping grouping) {
        _cleanup_table_ Table *t = table_new(columns, COLUMN_MAX);
        int r;

        if (!t)
                return -ENOMEM;
        r = grouping == GROUPING_UNIT ? fill_by_unit(o, t, a->snapshot) : fill(o, t, a->snapshot);
        if (r >= 0)
                r = output_table(o, t, grouping == GROUPING_UNIT ? 2 : 0);
        if (r >= 0 && !o->no_legend)
                r = show_sums(o, a);
        return r;
}

int findings_show(const Options *o, const Inventory *a, Grouping grouping) {
        if (o->quiet)
                return 0;
        if (o->json != JSON_OFF)
                return report_json_print(a->snapshot, output_json_flags(o), stdout);
        return o->unknown ? unknown_show(o, a) : show_table(o, a, grouping);
}

bool findings_wanted(const Options *o, const Finding *f) {
        return (o->n_pids == 0 && o->n_units == 0) || (o->n_pids > 0 && options_pid(o, f->pid)) ||
               (o->n_units > 0 && (options_unit(o, f->unit) || options_unit(o, f->user_unit)));
}
