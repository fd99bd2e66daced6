/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verdict on one mapping of a process under examination: observes what
 * verdict.h judges by.
 */

#include "judge/examination.h"

/*
 * Settles what can be settled by lookups alone: the path, and the loader's name, lead
 * to the device and inode that the kernel prints. On file systems where those are not
 * the same numbers (btrfs, overlayfs), nothing is ever settled so. Returns 1: settled,
 * 0: not, -ENOMEM.
 */
int observe_by_lookups(Examination *x, size_t mapping);

/* Judges what is left. Returns 0 or -ENOMEM. Sets x->race_suspected where a race is suspected. */
int observe_closely(Examination *x, size_t mapping);

/*
 * Reads maps and link_map entries of modified files once more: where they have changed, the verdict becomes unknown
 * (UNKNOWN_RACE). Returns 0, or as mapping_list_read(). Sets x->race_suspected likewise.
 */
int observe_confirm_modified(Examination *x);
