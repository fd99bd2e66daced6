/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a scanner sends to the daemon of a snapshot: the findings that fit into the list, as texts or, where the daemon has
 * the same text, as keys; and the keys of findings that the daemon has and that are valid, but not listed any more. What
 * was listed before has priority, so that the list does not change without a cause.
 */

#include <systemd/sd-bus.h>

#include "report/snapshot.h"
#include "request.h"

/* What the daemon has of a finding. */
typedef struct Handed {
        size_t length; /* of its text; 0: not known yet */
        bool known;    /* was listed once, and is valid since */
        bool listed;
        bool as_it_is; /* the daemon has the same text */
} Handed;

typedef struct Handover {
        Snapshot *snapshot; /* owned; with all findings; those without a message are known by their keys alone, see Request */
        Handed *handed;     /* owned; one for each of its findings */
        uint32_t *choice;   /* owned; places of those that are to be fetched, ascending */
        size_t n_choice;
        Finding **standing; /* owned array; borrowed from the snapshot */
        size_t n_standing;
} Handover;

/* The owner of a process (process-owner.h): called only where not everything fits. Returns 0, or -errno: not known. */
typedef int (*handover_owner_t)(void *userdata, pid_t pid, uint64_t start_time, uint64_t *ret);

/*
 * Chooses. Takes the frozen snapshot, also on failure, and leaves in it of what is recovered and unknown what is to be sent:
 * findings that the daemon knows, and mappings whose texts fit. before: the last handover, or NULL. Returns 0 or -ENOMEM.
 */
int handover_new(Snapshot *snapshot, const Handover *before, handover_owner_t owner, void *userdata, Handover **ret);
/* From the Previous of a request: takes the snapshot, also on failure; borrows the states. Returns 0 or -ENOMEM. */
int handover_new_from_request(Snapshot *previous, const PreviousState *states, Handover **ret);
Handover *handover_free(Handover *h);
DEFINE_CLEANUP(Handover *, handover_free)

/* Appends the piece that begins with the choice's place `first`. Returns 0 or -errno of sd-bus. */
int handover_append_piece(Handover *h, sd_bus_message *m, size_t first);
