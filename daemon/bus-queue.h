/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the bus has not taken yet. sd-bus keeps what is sent for as long as the bus does not
 * read, and dbus-daemon reads nothing more of a sender whose messages lie at clients that do
 * not read theirs. So calls are refused while a few answers wait already, and a bus that
 * takes nothing for a while is to be left for a new connection. Who asks for whole lists
 * without end is refused as well: others wait behind that.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "util/base.h"

/* Messages that may wait until a call gets an error, and until one for a whole list does. */
#define BUS_QUEUE_MAX 128
#define BUS_QUEUE_LARGE_MAX 8
#define BUS_QUEUE_STUCK_SEC 10
/* Whole lists that one client gets in a second. */
#define BUS_QUEUE_LISTS_MAX 4

typedef struct BusQueue BusQueue;

/* Refuses calls with the error `busy`; on_stuck may free the queue. Returns 0 or -errno. */
int bus_queue_new(sd_bus *bus, sd_event *event, int64_t priority, const char *busy,
                  void (*on_stuck)(void *userdata), void *userdata, BusQueue **ret);
BusQueue *bus_queue_free(BusQueue *q);

/* Too long for another whole list? */
bool bus_queue_is_long(const BusQueue *q);

/* To be called where a message was sent that is no reply. */
void bus_queue_look(BusQueue *q);
