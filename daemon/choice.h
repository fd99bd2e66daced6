/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which findings are told where there are more than a front takes: one process, or
 * one user with many, must not be able to crowd out the findings of others. Pure.
 */

#include "snapshot.h"

/*
 * Gives the places of the chosen findings in the snapshot, ascending: at most
 * `per_process` of one process, and at most `max` in all, an equal share for each
 * user who has more than that. Returns 0 or -ENOMEM; the caller frees *ret.
 */
int choice_make(const Snapshot *s, size_t max, size_t per_process, uint32_t **ret, size_t *ret_n);
