/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tells what sweeps found, to the journal, the bus and the file of what was told; a
 * little at a time, so that a storm keeps nobody waiting.
 */

#include <systemd/sd-event.h>

#include "bus.h"
#include "debounce.h"
#include "state-file.h"

typedef struct Announcer Announcer;

/* bus, debounce: borrowed. state_file: NULL where none could be opened, else taken. Returns 0 or -errno. */
int announcer_new(sd_event *event, int64_t priority, Bus *bus, const Debounce *debounce, StateFile *state_file, Announcer **ret);
/* Tells what is left to tell first. */
Announcer *announcer_free(Announcer *t);
DEFINE_CLEANUP(Announcer *, announcer_free)

/* Takes on what a sweep has to tell. Returns 0 or -errno. */
int announcer_add(Announcer *t, const DebounceResult *result);
