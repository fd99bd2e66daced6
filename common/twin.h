/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Workers that were forked from one master are alike to the address: the same ranges of
 * the same files, the same loader's list. What was found out about the
 * first of them holds for all, and they are most of what a host has to examine after an
 * upgrade. Only within one sweep, one view and one user: nobody speaks for another's
 * processes. And only where the kernel prints each file's own numbers: others may be two
 * files' at once (btrfs).
 */

#include "scan.h"

void twin_done(TwinTable *t);

/*
 * The process of this sweep with these ranges, or NULL. uid: the owner of its directory (proc(5)). The pointer is good
 * until the next one is added.
 */
const Twin *twin_find(const TwinTable *t, const TwinKey *key);

/*
 * The same without reading all ranges, which is most of what a look costs: the process must have as many pages that are
 * not data, and each range of one before it, at its address. What else it has mapped to be executed it can then only have
 * for as many pages less of what is mapped to be read, or shared. Before Linux 6.11, it must have the print of its
 * loader's list instead (link-print.h): what it has mapped without its loader it may also have exchanged for as much.
 * Whoever takes that risk looks again without it. Neither the key's hash nor its number of ranges counts. p->maps_fd is
 * open since Linux 6.11.
 */
const Twin *twin_guess(Scan *scan, const SweepOptions *options, const KnownView *view, const Process *p, const TwinKey *key);

/*
 * Has p, which is like it, its ranges from the same execve(2)? Addresses are random for each, but for a program alone,
 * for what setarch(8) -R runs, and hardly for 32 bits.
 */
bool twin_has_one_origin(Scan *scan, const Twin *twin, const Process *p);

/*
 * Remembers one that was settled at a glance, the last one whose ranges and print scan->glance took; the print is taken
 * over. newest: the latest ctime of its files. Returns 0 or -ENOMEM.
 */
int twin_add_settled(Scan *scan, const TwinKey *key, const Sight *sight, int64_t newest);

/*
 * The same of one that was examined; the findings of `sight` must live as long as the sweep. Call it before the memory of
 * another process is read. Returns 0 or -ENOMEM.
 */
int twin_add_examined(Scan *scan, const TwinKey *key, const Process *p, const Sight *sight);

/*
 * Was one like this process examined in this sweep, and does its memory say the same wherever that of the other was
 * read? Then *ret is what was found there, told of this one. Returns 1, 0: it has to be examined itself, -ENOMEM.
 */
int twin_share(Scan *scan, const SweepOptions *options, const KnownView *view, const TwinKey *key, const Process *p,
               Sight *ret);
