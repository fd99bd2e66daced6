/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A cache of fork siblings. Workers that were forked from one master have the same executable VMAs at the same addresses
 * and the same link_map chain; they are most of the processes of many hosts. The result of the first of them holds for
 * each other whose executable VMAs and auxiliary vector are the same, and whose memory holds the same bytes wherever that
 * of the first was read: all that the result depends on. Only within one sweep, one mount view and one user: no process
 * may decide what is reported of another user's. Only where the kernel prints each file's own device and inode (two files
 * of btrfs may share them), and where every mapping that counts has an executable VMA.
 */

#include "rtld/loader.h"
#include "scan/sweep-context.h"

/* What fork siblings have in common, as far as it shows without reading their memory. */
typedef struct SiblingKey {
        uint64_t hash;        /* of the executable VMAs and the view */
        uid_t uid;            /* owner of the /proc/PID directory (proc(5)) */
        size_t n_vmas;        /* 0: not known */
} SiblingKey;

typedef struct Sibling {
        SiblingKey key;
        bool settled;         /* by the fast path: nothing is stale; else it was examined */
        ProcessResult result; /* what it owns is borrowed here */
        int64_t newest;       /* settled: latest ctime of its files */
        int64_t started_nsec; /* examined: when its memory came to be */
        MemoryTrace trace;    /* owned; what was read of its memory */
        char *auxv;           /* owned; its auxiliary vector */
        size_t auxv_size;
        uint32_t next;        /* in its bucket */
} Sibling;

/* Of one sweep. */
typedef struct SiblingCache {
        SweepContext *ctx;    /* borrowed */
        Sibling *siblings;    /* owned */
        size_t n_siblings, allocated;
        uint32_t *buckets;    /* owned */
        uint32_t oldest;      /* replaced next, once there are SIBLINGS_MAX */
} SiblingCache;

void sibling_cache_init(SiblingCache *c, SweepContext *ctx);
void sibling_cache_done(SiblingCache *c);

/* The process of this sweep with this key, or NULL. The pointer is valid until the next one is added. */
const Sibling *sibling_cache_find(const SiblingCache *c, const SiblingKey *key);

/*
 * Adds a process whose memory was the last to be read: one that the fast path settled, with the latest ctime of its files,
 * or one that was examined. The findings of `result` must live as long as the sweep. What cannot be compared with others is
 * not added. Returns 0 or -ENOMEM.
 */
int sibling_cache_add_settled(SiblingCache *c, const SiblingKey *key, const Process *p, const Loader *loader,
                              const ProcessResult *result, int64_t newest);
int sibling_cache_add_examined(SiblingCache *c, const SiblingKey *key, const Process *p, const ProcessResult *result);

/*
 * Does the result of `sibling` hold for this process of the same key? Then *ret is that, as of this process. For an
 * examined sibling the process must have been identified. Returns 1, 0, -ENOMEM, -ESRCH, -errno.
 */
int sibling_cache_share(SiblingCache *c, const Sibling *sibling, const CachedView *view, Process *p, ProcessResult *ret);
