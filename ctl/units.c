/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "daemon-inventory.h"
#include "findings.h"
#include "output.h"
#include "pager.h"
#include "util/escape.h"

static const Column columns[] = {
        { "UNIT", .minimum = 20 },
        { "PROCESSES", .right = true },
        { "FINDINGS", .right = true },
};

/* What of a unit is stale; of its findings, those of urgency normal and urgent, and their processes, are counted. */
typedef struct UnitRow {
        char *name; /* owned; safe to show; "": of no unit */
        size_t processes, findings, same_content;
        Urgency urgency; /* the strongest */
} UnitRow;

typedef struct UnitRows {
        UnitRow *rows; /* by name, when sorted */
        size_t n, allocated;
} UnitRows;

static void unit_rows_done(UnitRows *u) {
        for (size_t i = 0; i < u->n; i++)
                free(u->rows[i].name);
        free(u->rows);
}

static int compare_rows(const void *a, const void *b) {
        return strcmp(((const UnitRow *) a)->name, ((const UnitRow *) b)->name);
}

/* A row for each process, whose findings stand together. */
static int add_processes(const Snapshot *s, UnitRows *u) {
        for (size_t i = 0; i < s->n_findings; i++) {
                const Finding *f = s->findings[i];
                bool same = i > 0 && s->findings[i - 1]->pid == f->pid && s->findings[i - 1]->start_time == f->start_time;
                const char *name = f->unit ?: f->user_unit ?: "";
                Urgency urgency = finding_urgency(f);
                UnitRow *row;

                if (!same || u->n == 0) {
                        if (!GROW(u->rows, u->allocated, u->n + 1))
                                return -ENOMEM;
                        u->rows[u->n] = (UnitRow){ .name = escape(name) };
                        if (!u->rows[u->n].name)
                                return -ENOMEM;
                        u->n++;
                }
                row = &u->rows[u->n - 1];
                if (urgency == URGENCY_NONE)
                        row->same_content++;
                else {
                        row->findings++;
                        row->processes = 1;
                }
                row->urgency = urgency > row->urgency ? urgency : row->urgency;
        }
        return 0;
}

/* Rows of one unit become one. */
static void merge_rows(UnitRows *u) {
        size_t n = 0;

        if (u->n > 0)
                qsort(u->rows, u->n, sizeof(*u->rows), compare_rows);
        for (size_t i = 0; i < u->n; i++) {
                UnitRow *row = &u->rows[i], *last = n > 0 ? &u->rows[n - 1] : NULL;

                if (!last || !streq(last->name, row->name)) {
                        u->rows[n++] = *row;
                        continue;
                }
                last->processes += row->processes;
                last->findings += row->findings;
                last->same_content += row->same_content;
                last->urgency = row->urgency > last->urgency ? row->urgency : last->urgency;
                free(row->name);
        }
        u->n = n;
}

static int add_row(const Options *o, Table *t, const UnitRow *row) {
        char p[24], f[24];

        if (row->urgency == URGENCY_NONE && !o->all)
                return 0;
        snprintf(p, sizeof(p), "%zu", row->processes);
        snprintf(f, sizeof(f), "%zu", row->findings);
        return table_add(t, (const char *const[]){ *row->name ? row->name : "no unit", p, f }, NULL);
}

static int add_object(json_object *array, const UnitRow *row) {
        json_object *o = json_object_new_object();

        if (!o || json_object_array_add(array, o) < 0) {
                json_object_put(o);
                return -ENOMEM;
        }
        if (json_object_object_add(o, "unit", *row->name ? json_object_new_string(row->name) : NULL) < 0 ||
            json_object_object_add(o, "processes", json_object_new_uint64(row->processes)) < 0 ||
            json_object_object_add(o, "findings", json_object_new_uint64(row->findings)) < 0 ||
            json_object_object_add(o, "same_content", json_object_new_uint64(row->same_content)) < 0 ||
            json_object_object_add(o, "urgency", json_object_new_string(urgency_to_string(row->urgency))) < 0)
                return -ENOMEM;
        return 0;
}

static int show_json(const Options *o, const UnitRows *u) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < u->n && r >= 0; i++)
                r = add_object(array, &u->rows[i]);
        if (r >= 0)
                output_json(o, array);
        return r;
}

static int show_sums(const Options *o, const Inventory *a, const UnitRows *u) {
        size_t n = 0, same = 0, processes = 0;
        int r;

        for (size_t i = 0; i < u->n; i++)
                if (u->rows[i].urgency == URGENCY_NONE)
                        same++;
                else if (*u->rows[i].name)
                        n++;
                else
                        processes = u->rows[i].processes;
        printf("%s%zu unit%s with stale processes", n > 0 || processes > 0 || (same > 0 && o->all) ? "\n" : "", n, PLURAL(n));
        if (processes > 0)
                printf(", and %zu process%s of no unit", processes, PLURAL_ES(processes));
        puts(".");
        r = findings_show_limits(o, a);
        if (r >= 0 && same > 0 && !o->all)
                printf("%zu %srun%s the same content as on disk: --all shows %s.\n", same, n > 0 ? "more " : "",
                       same == 1 ? "s" : "", same == 1 ? "it" : "them");
        return r;
}

static int show_table(const Options *o, const Inventory *a, const UnitRows *u) {
        _cleanup_table_ Table *t = table_new(columns, ELEMENTSOF(columns));
        int r = t ? 0 : -ENOMEM;

        pager_open(o);
        for (size_t i = 0; i < u->n && r >= 0; i++)
                r = add_row(o, t, &u->rows[i]);
        if (r >= 0)
                r = output_table(o, t, 0);
        if (r >= 0 && !o->no_legend)
                r = show_sums(o, a, u);
        return r;
}

static int show(const Options *o, const Inventory *a) {
        _cleanup_(unit_rows_done) UnitRows u = {};
        int r;

        r = add_processes(a->snapshot, &u);
        if (r < 0)
                return r;
        merge_rows(&u);
        if (o->quiet)
                return 0;
        return o->json != JSON_OFF ? show_json(o, &u) : show_table(o, a, &u);
}

int command_units(const Options *o) {
        return daemon_inventory_show(o, show);
}
