/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A cache of fork siblings. Workers that were forked from one master have the same executable VMAs at the same addresses
 * and the same link_map chain; they are most of the processes of many hosts. What was found out about the first of them
 * holds for each other whose executable VMAs and auxiliary vector are the same, and whose memory holds the same bytes
 * wherever that of the first was read: all that the answer goes by. Only within one sweep, one mount view and one user: no
 * process speaks for another user's. Only where the kernel prints each file's own device and inode (two files of btrfs may
 * share them), and where every mapping that counts has an executable VMA.
 */

#include "rtld/loader.h"
#include "scan/scan.h"

void sibling_cache_done(SiblingCache *c);

/*
 * The process of this sweep with these executable VMAs, or NULL. uid: the owner of its directory (proc(5)). The pointer is
 * good until the next one is added.
 */
const Sibling *sibling_cache_find(const SiblingCache *c, const SiblingKey *key);

/*
 * Remembers a process whose memory was the last to be read: one that was settled by the fast path, with the latest ctime
 * of its files, or one that was examined; the findings of `result` must live as long as the sweep. Returns 0 or -ENOMEM.
 */
int sibling_cache_add_settled(Scan *scan, const SiblingKey *key, const Process *p, const Loader *loader,
                              const ProcessResult *result, int64_t newest);
int sibling_cache_add_examined(Scan *scan, const SiblingKey *key, const Process *p, const ProcessResult *result);

/*
 * Have the process and the sibling the same auxiliary vector, and the same memory wherever that of the sibling was read?
 * Returns 1, 0, -ENOMEM.
 */
int sibling_matches(Scan *scan, const SweepOptions *options, const CachedView *view, const Sibling *sibling,
                    const Process *p);

/*
 * Was a process like this one examined in this sweep? Then *ret is what was found there, told of this one. Returns 1, 0: it
 * has to be examined itself, -ENOMEM.
 */
int sibling_cache_share(Scan *scan, const SweepOptions *options, const CachedView *view, const SiblingKey *key,
                        const Process *p, ProcessResult *ret);
