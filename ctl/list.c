/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"
#include "daemon-inventory.h"
#include "findings.h"
#include "pager.h"

static int show(const Options *o, const Inventory *a) {
        pager_open(o);
        return findings_show(o, a, GROUPING_UNIT);
}

int command_list(const Options *o) {
        return daemon_inventory_show(o, show);
}
