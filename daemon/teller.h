/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tells what sweeps found, to the journal, the bus and the file of what was told; a
 * little at a time, so that a storm keeps nobody waiting.
 */

#include <systemd/sd-event.h>

#include "bus.h"
#include "settle.h"
#include "ledger.h"

typedef struct Teller Teller;

/* bus, settle: borrowed. ledger: NULL where none could be opened, else taken. Returns 0 or -errno. */
int teller_new(sd_event *event, int64_t priority, Bus *bus, const Settle *settle, Ledger *ledger, Teller **ret);
/* Tells what is left to tell first. */
Teller *teller_free(Teller *t);
DEFINE_CLEANUP(Teller *, teller_free)

/* Takes on what a sweep has to tell. Returns 0 or -errno. */
int teller_add(Teller *t, const Settlement *settlement);
