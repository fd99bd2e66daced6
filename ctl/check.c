/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "daemon-inventory.h"
#include "inventory-source.h"
#include "nagios.h"
#include "output.h"
#include "proc/requirements.h"
#include "util/clock.h"
#include "util/escape.h"

/* The facts, and what they borrow text from. */
typedef struct Check {
        NagiosFacts facts;
        json_object *properties; /* owned; of the daemon, or NULL */
        char **units;            /* owned; NULL-terminated */
        size_t n_units, allocated_units;
} Check;

static void check_done(Check *c) {
        for (size_t i = 0; i < c->n_units; i++)
                free(c->units[i]);
        free(c->units);
        json_putp(&c->properties);
}

/* Takes over the name. */
static int take_unit(Check *c, char *name) {
        if (!name || !GROW(c->units, c->allocated_units, c->n_units + 2)) {
                free(name);
                return -ENOMEM;
        }
        c->units[c->n_units++] = name;
        c->units[c->n_units] = NULL;
        return 0;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Each once, in order. */
static void show_units(Check *c) {
        size_t n = 0;

        if (c->n_units == 0)
                return;
        qsort(c->units, c->n_units, sizeof(*c->units), compare_names);
        for (size_t i = 0; i < c->n_units; i++)
                if (n > 0 && streq(c->units[n - 1], c->units[i]))
                        free(c->units[i]);
                else
                        c->units[n++] = c->units[i];
        c->units[n] = NULL;
        c->n_units = n;
        c->facts.units = c->units;
}

static int take_inventory(Check *c, const Inventory *a) {
        const Counts *counts = &a->snapshot->counts;
        NagiosFacts *f = &c->facts;
        int r = 0;

        f->processes = a->snapshot->listed.processes;
        f->files = a->snapshot->listed.libraries;
        f->crash_risk = a->snapshot->listed.urgent_processes;
        f->same_content = a->snapshot->listed.same_content_processes;
        f->checked = a->selected > 0 ? a->selected : counts->processes;
        f->unreadable = counts->unreadable;
        f->unknown = counts->unknown;
        f->not_listed = a->not_listed;
        f->blind = a->blind ? requirement_describe(REQUIREMENT_OPENAT2) : NULL;
        for (size_t i = 0; i < a->snapshot->n_findings && r >= 0; i++) {
                const Finding *finding = a->snapshot->findings[i];
                const char *unit = finding->unit ?: finding->user_unit;

                if (unit && finding_urgency(finding) != URGENCY_NONE)
                        r = take_unit(c, escape(unit));
        }
        show_units(c);
        return r;
}

/* How well the daemon is, which the counts are worth as much as. */
static void take_health(Check *c) {
        uint64_t at = json_number(c->properties, "LastSweepMonotonic"), now = clock_now();
        NagiosFacts *f = &c->facts;

        f->interval_usec = json_number(c->properties, "SweepInterval");
        f->degraded = json_boolean(c->properties, "Degraded");
        f->degraded_reason = json_text(c->properties, "DegradedReason");
        f->never = json_number(c->properties, "LastSweep") == 0;
        f->age_usec = now > at ? now - at : 0;
}

static int take_stale_units(Check *c) {
        json_object *units;
        int r = 0;

        if (!json_object_object_get_ex(c->properties, "StaleUnits", &units) || !json_object_is_type(units, json_type_array))
                return 0;
        for (size_t i = 0; i < json_object_array_length(units) && r >= 0; i++)
                r = take_unit(c, strdup(json_object_get_string(json_object_array_get_idx(units, i)) ?: ""));
        show_units(c);
        return r;
}

/* The counts are for everybody to read; which findings they are is not. */
static int take_counts(Check *c) {
        NagiosFacts *f = &c->facts;
        json_object *summary;

        f->processes = json_number(c->properties, "StaleProcesses");
        f->files = json_number(c->properties, "StaleLibraries");
        f->crash_risk = json_number(c->properties, "UrgentProcesses");
        f->same_content = json_number(c->properties, "SameContentProcesses");
        f->checked = json_number(c->properties, "ProcessesChecked");
        f->unreadable = json_number(c->properties, "ProcessesUnreadable");
        if (json_has(c->properties, "UnknownMappings"))
                f->unknown = json_number(c->properties, "UnknownMappings");
        else if (json_object_object_get_ex(c->properties, "LastSweepSummary", &summary))
                f->unknown = json_number(summary, "unknown");
        return take_stale_units(c);
}

/* A daemon of an earlier version counts findings of all urgencies: those who may ask for them count anew. */
static int ask_for_all(Check *c, const Options *o, InventorySource *source) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(inventory_done) Inventory a = {};
        int r = -EOPNOTSUPP;

        take_health(c);
        if (!c->facts.never && !json_has(c->properties, "UrgentProcesses"))
                r = daemon_inventory_read(source->bus, o, /* selection= */ NULL, /* sweep= */ false, &error, &a);
        if (r >= 0)
                return take_inventory(c, &a);
        return r == -ENOMEM ? r : take_counts(c);
}

static int ask(Check *c, const Options *o, const Selection *selection, InventorySource *source) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(inventory_done) Inventory a = {};
        int r;

        if (source->bus && client_properties(source->bus, &error, &c->properties) < 0)
                source->bus = sd_bus_flush_close_unref(source->bus);
        if (source->bus && !options_select(o))
                return ask_for_all(c, o, source);
        r = inventory_source_read(source, o, selection, /* sweep= */ false, &a);
        if (r < 0)
                return r;
        if (a.from_daemon)
                take_health(c);
        return take_inventory(c, &a);
}

int command_check(const Options *o) {
        _cleanup_(check_done) Check c = {
                .facts = { .warning = o->warning, .critical = o->critical, .allow_unknown = o->allow_unknown },
        };
        _cleanup_(selection_done) Selection selection = {};
        _cleanup_(inventory_source_done) InventorySource source = {};
        _cleanup_free_ char *line = NULL;
        int r;

        r = selection_read(o, /* report= */ false, &selection);
        if (r == -ESRCH)
                return nagios_print_unknown("there is no such process, or the unit has none");
        if (r >= 0)
                r = inventory_source_init(&source);
        if (r >= 0)
                r = ask(&c, o, &selection, &source);
        if (r < 0)
                return nagios_print_unknown(strerror(-r));
        line = nagios_line(&c.facts);
        if (!line)
                return nagios_print_unknown(strerror(ENOMEM));
        if (!o->quiet)
                puts(line);
        return (int) nagios_state(&c.facts);
}
