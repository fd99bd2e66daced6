/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a scanner answers, and its form on the wire.
 *
 *         Sweep(a{sv} request) → counts, looked, recovered, standing, numbers of findings and of unknown mappings, and
 *                                what the scanner is missing
 *         Fetch(u first)       → as many findings as one answer holds, and where to go on: as JSON those that are new
 *                                or have changed, and the keys of those that are as this scanner's last answer had them
 *         FetchUnknown(u first) → likewise, mappings that could not be judged
 *         Beacon()             → h
 *         signal Changed
 *
 * A scanner has looked into hostile processes and may be in their hands: what comes
 * from it is read as hostile input. Findings come in pieces, so that the front never
 * spends more than a moment on one. Those that are neither fetched nor among the keys of what
 * stands, though the front knew them, are gone: what merely does not fit is never reported as gone.
 */

#include <systemd/sd-bus.h>

#include "report/snapshot.h"
#include "request.h"
#include "wire-limits.h"

typedef struct Answer {
        Snapshot *snapshot;  /* owned; counts, looked, recovered and standing; neither findings nor unknown mappings yet */
        uint32_t n_findings; /* that are to be fetched */
        uint32_t n_unknown;  /* mappings that could not be judged, to be fetched */
        uint32_t missing;    /* mask of Requirement */
} Answer;

void answer_done(Answer *a);

/* The signature of the answer, as sd_bus_message_get_signature() has it. */
#define ANSWER_SIGNATURE "ttttttttatatauatayaya" KEY_SIGNATURE "a" KEY_SIGNATURE "uuu"

/* Returns 0 or -errno of sd-bus. Announces n_findings, and the unknown mappings of s; standing: of its findings, keys
 * are sent. missing: mask of Requirement. */
int answer_append(sd_bus_message *m, const Snapshot *s, uint32_t n_findings, Finding *const *standing, size_t n_standing,
                  uint32_t missing);
/*
 * previous: what the front knows, or NULL: what stands is shared with that. Returns 0, -ENOMEM, or -EBADMSG where anything
 * is not as it should be.
 */
int answer_read(sd_bus_message *m, const Snapshot *previous, Answer *ret);

/* The signature of a piece. */
#define PIECE_SIGNATURE "asa" KEY_SIGNATURE "u"

/*
 * Takes the findings of one piece into s, and *text_left down by the length of their
 * texts; those that were kept are shared with the snapshot before (or NULL). Returns
 * how many, -ENOMEM or -EBADMSG.
 */
int piece_read(sd_bus_message *m, const Snapshot *previous, Snapshot *s, size_t *text_left, uint32_t *ret_next);

/* One unknown mapping: pid, start time, name, path (escaped; "": not known), device, inode, reason. */
#define UNKNOWN_SIGNATURE "(utssuutu)"
#define UNKNOWN_PIECE_SIGNATURE "a" UNKNOWN_SIGNATURE "u"

/* The piece of the unknown mappings that begins with the one at place `first`. Returns 0 or -errno of sd-bus. */
int unknown_append(sd_bus_message *m, const Snapshot *s, size_t first);
/* Takes a piece into s, and *text_left down. Returns how many there were, -ENOMEM or -EBADMSG. */
int unknown_read(sd_bus_message *m, Snapshot *s, size_t *text_left, uint32_t *ret_next);

/* Of a mapping's name and path as they are sent: no more than this; and exactly (SIZE_MAX: no memory). */
size_t unknown_text_bound(const UnknownMapping *u);
size_t unknown_text(const UnknownMapping *u);

/*
 * Checks a complete, frozen answer: it is about processes that were examined, has each finding once, and no more unknown
 * mappings of one process than a sweep lists.
 */
bool answer_is_sound(const Snapshot *s);

/*
 * The beacon's descriptor: checked to be memory of fixed size before anything reads
 * it, since reading anything else might hang. Returns 0 (*ret: a copy that the caller
 * closes), -EBADMSG, or -errno.
 */
int beacon_read_fd(sd_bus_message *m, int *ret);
/* Where the scanner is just now. Returns 0, or -EBADMSG. */
int beacon_read(int fd, SweepBeacon *ret);
