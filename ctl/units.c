/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "escape.h"
#include "output.h"
#include "pager.h"
#include "verbs.h"

static const Column columns[] = {
        { "UNIT", .minimum = 20 },
        { "PROCESSES", .right = true },
        { "FINDINGS", .right = true },
};

static int add_row(Table *t, const char *unit, uint32_t processes, uint32_t findings) {
        char p[16], f[16];

        snprintf(p, sizeof(p), "%" PRIu32, processes);
        snprintf(f, sizeof(f), "%" PRIu32, findings);
        return table_add(t, (const char *const[]){ *unit ? unit : "no unit", p, f }, NULL);
}

static int add_object(json_object *array, const char *unit, uint32_t processes, uint32_t findings) {
        json_object *o = json_object_new_object();

        if (!o || json_object_array_add(array, o) < 0) {
                json_object_put(o);
                return -ENOMEM;
        }
        if (json_object_object_add(o, "unit", *unit ? json_object_new_string(unit) : NULL) < 0 ||
            json_object_object_add(o, "processes", json_object_new_int64(processes)) < 0 ||
            json_object_object_add(o, "findings", json_object_new_int64(findings)) < 0)
                return -ENOMEM;
        return 0;
}

/* Returns how many units are shown, or -errno. */
static int read_units(const Options *o, sd_bus_message *reply, Table *t, json_object *array) {
        uint32_t processes, findings;
        const char *unit;
        int r, n = 0;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(suu)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "(suu)", &unit, &processes, &findings)) > 0) {
                if (!options_unit(o, unit))
                        continue;
                r = array ? add_object(array, unit, processes, findings) : add_row(t, unit, processes, findings);
                if (r < 0)
                        return r;
                n++;
        }
        return r < 0 ? r : n;
}

static int show(const Options *o, sd_bus_message *reply) {
        _cleanup_json_ json_object *array = o->json != JSON_OFF ? json_object_new_array() : NULL;
        _cleanup_table_ Table *t = table_new(columns, ELEMENTSOF(columns));
        int r, n;

        if (!t || (o->json != JSON_OFF && !array))
                return -ENOMEM;
        n = read_units(o, reply, t, array);
        if (n < 0)
                return n;
        if (array)
                output_json(o, array);
        else if (!o->quiet) {
                pager_open(o);
                r = output_table(o, t, 0);
                if (r < 0)
                        return r;
                if (!o->no_legend)
                        printf("%s%d unit%s with stale processes.\n", n > 0 ? "\n" : "", n, PLURAL(n));
        }
        return n;
}

int verb_units(const Options *o, _unused_ char *arguments[]) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r;

        r = client_open(/* activate= */ false, &bus);
        if (r >= 0)
                r = client_call(bus, "ListUnits", 0, &error, &reply, "");
        if (r >= 0)
                r = show(o, reply);
        if (r < 0)
                return client_say(r, &error);
        return o->check && r > 0 ? STATUS_STALE : STATUS_ANSWERED;
}
