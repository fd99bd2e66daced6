/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The answers to ListFindings() and ListUnknown(), built a little at a time so that no other client waits for
 * them: one after the other, each of what was shown when it was begun.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus-process.h"
#include "bus-queue.h"

/* Calls that may wait for theirs. */
#define BUS_LIST_WAITING_MAX 64

typedef struct BusList BusList;

typedef enum ListKind {
        LIST_FINDINGS,
        LIST_UNKNOWN,
} ListKind;

/* queue, view: borrowed. Returns 0 or -errno. */
int bus_list_new(sd_event *event, int64_t priority, const BusQueue *queue, const ProcessView *view, BusList **ret);
BusList *bus_list_free(BusList *l);

/* To be answered. Returns 1, as the handler of a method does, or -EBUSY: too many wait. */
int bus_list_add(BusList *l, ListKind kind, sd_bus_message *call);
