/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A request of the daemon to a scanner, and its form on the wire: the argument of
 * org.stalelib1.Scanner.Sweep(), a dictionary.
 */

#include <systemd/sd-bus.h>

#include "strv.h"
#include "sweep/sweep.h"

#define SCANNER_PATH "/org/stalelib1/scanner"
#define SCANNER_INTERFACE "org.stalelib1.Scanner"

/* The daemon never sends more. */
#define REQUEST_SKIP_MAX 1024

/*
 * Findings that the daemon may have, listed or not. Findings of an owner that were listed once are kept while others get
 * shares of the list, so that k owners have no more than 1 + 1/2 + … + 1/k times FINDINGS_MAX: less than ten times for as
 * many as there are places.
 */
#define KNOWN_MAX 100000

/* Of a finding in Request.previous. */
typedef struct PreviousState {
        size_t text_length; /* of finding_to_text() */
        bool listed;
} PreviousState;

typedef struct Request {
        char **ignore_paths, **ignore_exes, **ignore_units;
        bool remote_file_systems;
        bool watch; /* keep watches on the directories, and send Changed */
        SweepProcess *skip_processes;
        size_t n_skip_processes;
        SweepDevice *skip_devices;
        size_t n_skip_devices;
        bool owners; /* publish the owner of a process in the beacon, and skip these */
        uint64_t *skip_owners;
        size_t n_skip_owners;
        /*
         * What the daemon knows, for a scanner that has just begun; or NULL. When sent, listed and standing findings; when
         * received, all of them are in `findings`, without texts (message is NULL), but with their flags and uid; the
         * states have the rest.
         */
        Snapshot *previous;
        PreviousState *previous_states; /* owned; when received, one for each of its findings */
} Request;

void request_done(Request *r);

/* Returns 0 or -errno of sd-bus. */
int request_append(sd_bus_message *m, const Request *request);
/* Unknown keys are left out. Returns 0, -ENOMEM, or -EBADMSG. */
int request_read(sd_bus_message *m, Request *ret);

/*
 * What finding_compare() goes by, of findings in a list: process, start time, device
 * and inode, and where that is 0, the escaped path. Used by both directions.
 */
#define KEY_SIGNATURE "(utuuts)"
/* Of a request's Previous: flags, uid, length of the text, and whether it was listed. */
#define PREVIOUS_SIGNATURE "(" KEY_SIGNATURE "uuub)"
int keys_append(sd_bus_message *m, Finding *const *findings, size_t n);
/* `take` is called with each and may empty it; what it returns below 0 ends it. Returns 0, -ENOMEM or -EBADMSG. */
int keys_read(sd_bus_message *m, size_t max, int (*take)(void *userdata, Finding *key), void *userdata);
