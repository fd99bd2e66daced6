/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "command.h"
#include "output.h"
#include "util/timespan.h"

static void show(json_object *summary) {
        uint64_t processes = json_number(summary, "processes"), unreadable = json_number(summary, "unreadable"),
                 unknown = json_number(summary, "unknown"), stale = json_number(summary, "stale_processes"),
                 libraries = json_number(summary, "stale_libraries"), same = json_number(summary, "same_content");
        char duration[TIMESPAN_TEXT_MAX];

        printf("%" PRIu64 " stale file%s in %" PRIu64 " process%s; %" PRIu64 " process%s examined in %s",
               libraries, PLURAL(libraries), stale, PLURAL_ES(stale), processes, PLURAL_ES(processes),
               timespan_format(json_number(summary, "duration_us"), duration));
        if (unreadable > 0)
                printf(", %" PRIu64 " of them could not be read", unreadable);
        if (unknown > 0)
                printf(", %" PRIu64 " mapping%s could not be judged", unknown, PLURAL(unknown));
        puts(".");
        if (same > 0)
                printf("%" PRIu64 " finding%s of the same content as on disk.\n", same, same == 1 ? " is" : "s are");
}

int command_sweep(const Options *o) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *summary = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        r = client_open(/* activate= */ true, &bus);
        if (r >= 0)
                r = client_sweep(bus, &error, &summary);
        if (r < 0)
                return client_print_error(r, &error);
        if (o->json != JSON_OFF)
                output_json(o, summary);
        else if (!o->quiet)
                show(summary);
        return command_check_status(o, json_number(summary, "stale_processes") > 0, /* unreliable= */ false,
                                    json_number(summary, "unknown") > 0 || json_number(summary, "unreadable") > 0);
}
