/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Copies, shares, orders and compares findings. */

#include "report/finding-data.h"

/* Frees the contents; the struct may be zeroed or half built. */
void finding_done(Finding *f);

/* Deep copy. Returns 0 or -ENOMEM; on failure *ret is untouched. */
int finding_copy(const Finding *f, Finding *ret);

/*
 * A shared finding, counted by references: caches, snapshots and announcements hold the same one, and none of them
 * changes it. finding_new() moves the contents of f there, with one reference; NULL, f untouched: no memory. The last
 * finding_unref() frees; it accepts NULL and returns NULL. finding_ref() returns f.
 */
Finding *finding_new(Finding *f);
Finding *finding_ref(Finding *f);
Finding *finding_unref(Finding *f);

/*
 * Orders by process, then by mapped file: pid, start_time, device, inode (the path where there is no inode number).
 * What compares equal is one finding.
 */
int finding_compare(const Finding *a, const Finding *b);

/* By mapped file alone, whichever process it is in. */
int finding_compare_file(const Finding *a, const Finding *b);

/* True where a member differs that has FIELD_COMPARED (report/field.h): a change that is worth an announcement. */
bool finding_differs(const Finding *a, const Finding *b);

/* True where no member of the report differs. */
bool finding_is_same(const Finding *a, const Finding *b);

void pin_done(Pin *p);
