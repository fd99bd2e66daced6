/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A cache of fork siblings. Workers that were forked from one master have the same executable VMAs at the same addresses
 * and the same link_map chain; after an upgrade they are most of what a host has to examine. What the examination of the
 * first of them found holds for each other whose executable VMAs are the same and whose memory holds the same bytes
 * wherever that of the first was read: all that an examination goes by. Only within one sweep, one mount view and one
 * user: no process speaks for another user's. Only where the kernel prints each file's own device and inode (two files of
 * btrfs may share them), and where every mapping that counts has an executable VMA.
 */

#include "scan.h"

void twin_done(TwinTable *t);

/*
 * The examined process of this sweep with these executable VMAs, or NULL. uid: the owner of its directory (proc(5)). The
 * pointer is good until the next one is added.
 */
const Twin *twin_find(const TwinTable *t, const TwinKey *key);

/*
 * Remembers a process that was examined; the findings of `sight` must live as long as the sweep. Call it before the memory
 * of another process is read. Returns 0 or -ENOMEM.
 */
int twin_add(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight);

/*
 * Was a process like this one examined in this sweep, and does the memory of this one say the same wherever that of the
 * other was read? Then *ret is what was found there, told of this one. Returns 1, 0: it has to be examined itself, -ENOMEM.
 */
int twin_share(Scan *scan, const SweepOptions *options, const KnownView *view, const TwinKey *key, const Process *p,
               Sight *ret);
