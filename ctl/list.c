/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "findings.h"
#include "output.h"
#include "pager.h"

int command_list(const Options *o) {
        _cleanup_(inventory_done) Inventory inventory = {};
        int r, status;

        status = daemon_inventory_fetch(o, &inventory);
        if (!inventory.snapshot || (status != STATUS_ANSWERED && o->json == JSON_OFF))
                return status;
        pager_open(o);
        r = findings_show(o, &inventory, GROUPING_UNIT);
        if (r < 0)
                return print_errno(r, "Cannot list");
        return status == STATUS_ANSWERED && o->check ? inventory_status(o, &inventory) : status;
}
