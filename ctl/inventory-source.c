/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon-inventory.h"
#include "inventory-source.h"
#include "local-sweep.h"

int inventory_source_init(InventorySource *source) {
        *source = (InventorySource){ .scan = scan_new() };
        if (!source->scan)
                return -ENOMEM;
        if (client_open(/* activate= */ false, &source->bus) < 0)
                source->bus = NULL;
        return 0;
}

void inventory_source_done(InventorySource *source) {
        source->bus = sd_bus_flush_close_unref(source->bus);
        source->scan = scan_free(source->scan);
}

static int sweep_locally(InventorySource *source, const Options *o, const Selection *selection, Inventory *ret) {
        return local_sweep(source->scan, o, selection, &(LocalSweepOptions){ .no_progress = true }, ret);
}

/* May something that was selected be stale or unknown without being in the daemon's lists? */
static bool is_cut(const Inventory *a) {
        return !inventory_is_stale(a) && (a->not_listed > 0 || a->unattributed);
}

/* What is found here and now, and what the daemon has seen besides. */
static int add_local_sweep(InventorySource *source, const Options *o, const Selection *selection, Inventory *a) {
        _cleanup_(inventory_done) Inventory here = {};
        int r;

        r = sweep_locally(source, o, selection, &here);
        if (r >= 0)
                r = inventory_add_findings(&here, a->snapshot);
        if (r < 0)
                return r;
        inventory_done(a);
        *a = here;
        here = (Inventory){};
        return 0;
}

static int ask_daemon(InventorySource *source, const Options *o, const Selection *selection, bool sweep, Inventory *ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(inventory_done) Inventory a = {};
        int r;

        r = daemon_inventory_read(source->bus, o, options_select(o) ? selection : NULL, sweep, &error, &a);
        if (r >= 0 && is_cut(&a) && geteuid() == 0)
                r = add_local_sweep(source, o, selection, &a);
        if (r < 0)
                return r;
        *ret = a;
        a = (Inventory){};
        return 0;
}

int inventory_source_read(InventorySource *source, const Options *o, const Selection *selection, bool sweep, Inventory *ret) {
        if (source->bus) {
                int r = ask_daemon(source, o, selection, sweep, ret);

                if (r >= 0 || r == -ENOMEM)
                        return r;
                source->bus = sd_bus_flush_close_unref(source->bus);
        }
        return sweep_locally(source, o, selection, ret);
}
