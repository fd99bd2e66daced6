/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "nagios.h"
#include "output.h"
#include "util/clock.h"
#include "util/timespan.h"

static void put(const char *label, const char *text) {
        printf("%12s: %s\n", label, text);
}

static void put_interval(json_object *p) {
        uint64_t usec = client_number(p, "SweepInterval");
        char buffer[TIMESPAN_TEXT_MAX];

        put("Interval", usec == 0 || usec == UINT64_MAX ? "none, only when something changes" : timespan_format(usec, buffer));
}

static void put_last_sweep(json_object *p) {
        uint64_t at = client_number(p, "LastSweepMonotonic"), now;
        char ago[TIMESPAN_TEXT_MAX], duration[TIMESPAN_TEXT_MAX];

        if (client_number(p, "LastSweep") == 0) {
                put("Last sweep", "none yet");
                return;
        }
        now = clock_now();
        printf("%12s: %s ago, took %s\n", "Last sweep", timespan_format(now > at ? now - at : 0, ago),
               timespan_format(client_number(p, "LastSweepDuration"), duration));
}

static void put_stale(const Options *o, json_object *p) {
        uint64_t processes = client_number(p, "StaleProcesses"), libraries = client_number(p, "StaleLibraries"),
                 urgent = client_number(p, "UrgentProcesses"), same = client_number(p, "SameContentProcesses");
        Style style = urgent > 0 ? STYLE_RED : processes > 0 ? STYLE_YELLOW : STYLE_GREEN;
        json_object *units;

        printf("%12s: %s%" PRIu64 " process%s%s with %" PRIu64 " stale file%s", "Stale", style_begin(style, o->colour),
               processes, PLURAL_ES(processes), style_end(style, o->colour), libraries, PLURAL(libraries));
        if (urgent > 0)
                printf(", %" PRIu64 " may crash", urgent);
        putchar('\n');
        if (same > 0)
                printf("%12s  %" PRIu64 " more process%s with the same content as on disk\n", "", same, PLURAL_ES(same));
        if (!json_object_object_get_ex(p, "StaleUnits", &units) || !json_object_is_type(units, json_type_array))
                return;
        for (size_t i = 0; i < json_object_array_length(units); i++)
                printf("%12s  %s\n", "", json_object_get_string(json_object_array_get_idx(units, i)));
}

/* Mappings that could not be judged. A daemon of an earlier version has them in the summary alone. */
static uint64_t unknown_of(json_object *p) {
        json_object *summary;

        if (client_has(p, "UnknownMappings") || !json_object_object_get_ex(p, "LastSweepSummary", &summary))
                return client_number(p, "UnknownMappings");
        return client_number(summary, "unknown");
}

static void put_unknown(json_object *p) {
        uint64_t n = unknown_of(p);

        if (n > 0)
                printf("%12s: %" PRIu64 " mapping%s could not be judged: \"stalelibctl list --unknown\" shows %s\n", "Unknown", n,
                       PLURAL(n), n == 1 ? "it" : "them");
}

static void show(const Options *o, json_object *p) {
        bool degraded = client_boolean(p, "Degraded");
        Style style = degraded ? STYLE_RED : STYLE_GREEN;

        printf("%s%s%s stalelibd %s\n", style_begin(style, o->colour), o->utf8 ? "\xe2\x97\x8f" : "*",
               style_end(style, o->colour), client_text(p, "Version"));
        put("State", client_text(p, "State"));
        if (degraded)
                printf("%12s: %s%s%s\n", "Degraded", style_begin(style, o->colour), client_text(p, "DegradedReason"),
                       style_end(style, o->colour));
        put_interval(p);
        put_last_sweep(p);
        printf("%12s: %" PRIu64 " looked at, %" PRIu64 " could not be read\n", "Processes",
               client_number(p, "ProcessesChecked"), client_number(p, "ProcessesUnreadable"));
        put_stale(o, p);
        put_unknown(p);
}

/* With --check: by the last sweep, which is as good as the daemon is well. */
static int status_of(const Options *o, json_object *p) {
        uint64_t at = client_number(p, "LastSweepMonotonic"), now = clock_now();

        if (client_number(p, "StaleProcesses") > 0)
                return STATUS_STALE;
        if (client_boolean(p, "Degraded") || client_number(p, "LastSweep") == 0 ||
            plugin_is_out_of_date(now > at ? now - at : 0, client_number(p, "SweepInterval")))
                return STATUS_UNKNOWN;
        return !o->allow_unknown && (unknown_of(p) > 0 || client_number(p, "ProcessesUnreadable") > 0) ?
                STATUS_UNKNOWN : STATUS_ANSWERED;
}

int command_status(const Options *o) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *p = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        r = client_open(/* activate= */ false, &bus);
        if (r >= 0)
                r = client_properties(bus, &error, &p);
        if (r < 0)
                return client_print_error(r, &error);
        if (o->json != JSON_OFF)
                output_json(o, p);
        else if (!o->quiet)
                show(o, p);
        return o->check ? status_of(o, p) : STATUS_ANSWERED;
}
