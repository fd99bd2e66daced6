/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reports events to the journal, the bus and the state file, a few at a time, so that a burst
 * does not block the event loop.
 */

#include <systemd/sd-event.h>

#include "bus.h"
#include "debounce.h"
#include "state-file.h"

typedef struct Announcer Announcer;

/* bus, debounce: borrowed. state_file: NULL where none could be opened, else taken. Returns 0 or -errno. */
int announcer_new(sd_event *event, int64_t priority, Bus *bus, const Debounce *debounce, StateFile *state_file, Announcer **ret);
/* Reports the remaining events first. */
Announcer *announcer_free(Announcer *t);
DEFINE_CLEANUP(Announcer *, announcer_free)

/* Queues what a sweep has to report. Returns 0 or -errno. */
int announcer_add(Announcer *t, const DebounceResult *result);
