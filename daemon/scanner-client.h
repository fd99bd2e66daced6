/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemon's end of the connection to a scanner. Nothing here blocks: a scanner that
 * hangs, dies or sends an invalid reply ends as one call of on_failed(), with the connection
 * closed; the next sweep opens another, to a new scanner.
 */

#include <systemd/sd-event.h>

#include "request.h"

typedef struct ScannerClient ScannerClient;

typedef struct ScannerFailure {
        bool hung;         /* else: died, could not be reached, or sent an invalid reply */
        bool sweeping;     /* a call was pending */
        SweepBeacon where; /* its position; zero: not known */
        const char *text;  /* a clause for a message */
        int error;         /* errno, or 0 */
} ScannerFailure;

typedef struct ScannerClientCallbacks {
        /*
         * A sweep has ended: takes the frozen snapshot, whose counts are of all findings, listed or not. missing: mask of
         * Requirement, of the scanner.
         */
        void (*on_snapshot)(void *userdata, Snapshot *snapshot, uint32_t missing);
        void (*on_failed)(void *userdata, const ScannerFailure *failure);
        /* Something changed in a watched directory. */
        void (*on_changed)(void *userdata);
        void *userdata;
} ScannerClientCallbacks;

/* timeout: a scanner whose beacon does not change for this long (µs) hangs. Returns 0 or -errno. */
int scanner_client_new(sd_event *event, int64_t priority, const char *socket_path, uint64_t timeout_usec,
             const ScannerClientCallbacks *callbacks, ScannerClient **ret);
ScannerClient *scanner_client_free(ScannerClient *l);
DEFINE_CLEANUP(ScannerClient *, scanner_client_free)

void scanner_client_set_timeout(ScannerClient *l, uint64_t timeout_usec);

/* Closes the connection, unless a sweep is running. */
void scanner_client_reset(ScannerClient *l);

/* Is there a connection to a scanner that has the state of the sweep before? */
bool scanner_client_is_open(const ScannerClient *l);

/*
 * Starts a sweep, over a new connection where there is none. None may be running.
 * previous: the snapshot of the last sweep, or NULL; borrowed until the callback. Returns 0: a callback will follow, from the event loop; or -errno, with nothing changed.
 */
int scanner_client_sweep(ScannerClient *l, const Request *request, const Snapshot *previous);
