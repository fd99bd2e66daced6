/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "output.h"
#include "util/timespan.h"

static void print_field(const char *label, const char *text) {
        printf("%12s: %s\n", label, text);
}

static void print_styled(const Options *o, Style style, const char *text) {
        printf("%s%s%s", style_begin(style, o->colour), text, style_end(style, o->colour));
}

static void print_times(json_object *p) {
        uint64_t interval = json_number(p, "SweepInterval");
        char a[TIMESPAN_TEXT_MAX], b[TIMESPAN_TEXT_MAX];

        print_field("Interval", interval == 0 || interval == TIMESPAN_INFINITY ? "none, only when something changes" :
                    timespan_format(interval, a));
        if (json_number(p, "LastSweep") == 0)
                print_field("Last sweep", "none yet");
        else
                printf("%12s: %s ago, took %s\n", "Last sweep", timespan_format(client_sweep_age(p), a),
                       timespan_format(json_number(p, "LastSweepDuration"), b));
}

static void print_stale(const Options *o, json_object *p) {
        uint64_t processes = json_number(p, "StaleProcesses"), libraries = json_number(p, "StaleLibraries"),
                 urgent = json_number(p, "UrgentProcesses"), same = json_number(p, "SameContentProcesses");
        Style style = urgent > 0 ? STYLE_RED : processes > 0 ? STYLE_YELLOW : STYLE_GREEN;
        json_object *units = json_member(p, "StaleUnits", json_type_array);

        printf("%12s: %s%" PRIu64 " process%s%s with %" PRIu64 " stale file%s", "Stale", style_begin(style, o->colour),
               processes, PLURAL_ES(processes), style_end(style, o->colour), libraries, PLURAL(libraries));
        if (urgent > 0)
                printf(", %" PRIu64 " may crash", urgent);
        putchar('\n');
        if (same > 0)
                printf("%12s  %" PRIu64 " more process%s with the same content as on disk\n", "", same, PLURAL_ES(same));
        for (size_t i = 0; units && i < json_object_array_length(units); i++)
                printf("%12s  %s\n", "", json_object_get_string(json_object_array_get_idx(units, i)));
}

static void print_unknown(json_object *p) {
        uint64_t n = client_unknown_mappings(p);

        if (n > 0)
                printf("%12s: %" PRIu64 " mapping%s could not be judged: \"stalelibctl list --unknown\" shows %s\n", "Unknown", n,
                       PLURAL(n), n == 1 ? "it" : "them");
}

static void show(const Options *o, json_object *p) {
        bool degraded = json_boolean(p, "Degraded");
        Style style = degraded ? STYLE_RED : STYLE_GREEN;

        print_styled(o, style, o->utf8 ? "\xe2\x97\x8f" : "*");
        printf(" stalelibd %s\n", json_text(p, "Version"));
        print_field("State", json_text(p, "State"));
        if (degraded) {
                printf("%12s: ", "Degraded");
                print_styled(o, style, json_text(p, "DegradedReason"));
                putchar('\n');
        }
        print_times(p);
        printf("%12s: %" PRIu64 " examined, %" PRIu64 " could not be read\n", "Processes",
               json_number(p, "ProcessesChecked"), json_number(p, "ProcessesUnreadable"));
        print_stale(o, p);
        print_unknown(p);
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
        /* The last sweep counts as long as the daemon works. */
        return command_check_status(o, json_number(p, "StaleProcesses") > 0,
                                    json_boolean(p, "Degraded") || json_number(p, "LastSweep") == 0 || client_sweep_is_overdue(p),
                                    client_unknown_mappings(p) > 0 || json_number(p, "ProcessesUnreadable") > 0);
}
