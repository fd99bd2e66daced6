/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * org.stalelib1 on the bus: see org.stalelib1(5). Shows the last bus_publish(), and passes
 * requests for a sweep on. Nothing here blocks.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus-names.h"
#include "event-queue.h"
#include "report/snapshot.h"

typedef struct Bus Bus;

typedef struct BusCallbacks {
        /* Sweep() was called; the reply follows from bus_sweep_ended(). */
        void (*on_sweep_requested)(void *userdata);
        /* The bus name is owned. */
        void (*on_name_acquired)(void *userdata);
        /* The bus name cannot be owned. */
        void (*on_name_refused)(void *userdata, int error, const char *message);
        void (*on_disconnected)(void *userdata);
        void *userdata;
} BusCallbacks;

/* What is shown besides the snapshot. */
typedef struct BusState {
        const char *state;           /* "starting", "running", "degraded"; static */
        const char *degraded_reason; /* "": not degraded */
        uint64_t last_sweep;         /* µs of CLOCK_REALTIME; 0: none yet */
        uint64_t last_sweep_monotonic;
        uint64_t sweep_interval;
} BusState;

/* list_priority: of whole lists, which take long. */
int bus_new(sd_event *event, int64_t priority, int64_t list_priority, const BusCallbacks *callbacks, Bus **ret);
Bus *bus_free(Bus *b);
DEFINE_CLEANUP(Bus *, bus_free)

/*
 * Connects: to the address, or to the system bus where it is NULL. The name is asked
 * for by bus_acquire_name(), when there is something to show. Returns 0 or -errno.
 */
int bus_connect(Bus *b, const char *address);
bool bus_is_connected(const Bus *b);
int bus_acquire_name(Bus *b);

/*
 * Shows a new state, and tells with PropertiesChanged what is another now. snapshot:
 * borrowed until the next call, may be NULL before the first sweep. difference: of it and
 * the one before; NULL where that is the same, or was not shown. Returns 0 or -errno.
 */
int bus_publish(Bus *b, const BusState *state, const Snapshot *snapshot, const Difference *difference);

/* Emits what is left to tell of objects that came and went; at most one. True: there is more. */
bool bus_work(Bus *b);

/* FindingAdded, FindingRemoved. */
void bus_emit(Bus *b, const QueuedEvent *n);

/* Callers of Sweep() before this get the sweep that starts now. */
void bus_sweep_started(Bus *b);
/* Answers them, and emits SweepFinished; failure != NULL: with an error. */
void bus_sweep_ended(Bus *b, const char *failure);
