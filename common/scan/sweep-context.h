/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The state of a sweep: struct Scan is what outlives it, SweepContext what holds within one
 * alone. Only the code that makes a sweep includes this; all others know a Scan by scan.h.
 */

#include "proc/exec-time.h"
#include "proc/mapping.h"
#include "proc/memory.h"
#include "proc/page-guard.h"
#include "scan/elf-cache.h"
#include "scan/lookup-cache.h"
#include "scan/process-cache.h"
#include "scan/scan.h"
#include "scan/sweep-options.h"
#include "scan/view-cache.h"

struct Scan {
        int proc_fd;            /* owned */
        uint32_t sweep;         /* number of the current sweep, or of the last one */
        uint64_t ticks_per_sec;
        uint32_t shm_major, shm_minor; /* the kernel's own mount of memfd, SysV and MAP_SHARED memory */
        bool pids_are_ours;     /* /proc numbers processes as clock_gettime(2) does here */
        LookupCache lookups;
        ElfCache elfs;
        ViewCache views;
        ProcessRecord **records; /* owned; ascending by pid; NULL: taken by the current sweep */
        size_t n_records, allocated_records;
        char **watched;         /* owned; directories whose components were reported to SweepOptions.watch, ascending */
        size_t n_watched, allocated_watched;
};

typedef struct SweepContext SweepContext;

/* A page guard over a process that is examined in this sweep. Must stay where it is while it is used. */
typedef struct ProcessGuard {
        PageGuard guard;
        SweepContext *ctx;      /* these are borrowed */
        const CachedView *view;
        const Process *process;
} ProcessGuard;

typedef struct NamespaceMember {
        uint64_t namespace; /* of mounts: inode number */
        pid_t pid;
} NamespaceMember;

struct SweepContext {
        Scan *scan;             /* borrowed */
        SweepOptions options;   /* what they point to is borrowed */
        int64_t boot_nsec;      /* CLOCK_REALTIME at boot, as of this sweep */
        int64_t first_nsec;     /* start of PID 1: no process of its namespace is older (pid_namespaces(7)); or as boot_nsec */
        CachedView *host_view;  /* borrowed: PID 1's, or this process's own; NULL: could not be opened */
        NamespaceMember *members; /* owned; all processes, by namespace and pid; read on first need */
        size_t n_members, allocated_members;
        bool members_read;
        bool namespaces_read, namespaces_whole; /* a view of each namespace was opened; of all of them */
        size_t baselines_left;  /* number of files whose content may still be read for a baseline */
        bool no_query;          /* the kernel has no PROCMAP_QUERY (Linux 6.11) */
        ExecTimeCache exec_times;
        ProcessGroup group;     /* of the process described last */
        MappingList maps;       /* memory used again for each process, as the next two */
        Memory *memory;         /* NULL: not needed yet */
        ProcessGuard guard;     /* of `memory` */
};

/* options are copied, what they point to is borrowed until sweep_context_done(). */
void sweep_context_init(SweepContext *ctx, Scan *scan, const SweepOptions *options);
/* Closes and frees what holds within the sweep alone. */
void sweep_context_done(SweepContext *ctx);

/*
 * Publishes the position of the sweep (SweepOptions.beacon). p NULL: nothing that could hang; m NULL: not on a file. A
 * file's device is published only where it may cause a hang: a device that is skipped for one must not be the one that
 * all processes have their libraries on.
 */
void sweep_context_beacon(const SweepContext *ctx, const Process *p, const Mapping *m);

/*
 * Does a call on a file of this device (as maps prints it) return, whatever any server does? From the mounts of `view` and
 * of all other open views. A device that none of them shows is assumed to if it is a real one: users cannot mount those.
 */
bool sweep_context_is_local(const SweepContext *ctx, const CachedView *view, uint32_t dev_major, uint32_t dev_minor);
/* May files of this device be opened and read in this sweep: is it local, or are remote ones wanted, and is it not skipped? */
bool sweep_context_device_answers(const SweepContext *ctx, const CachedView *view, uint32_t dev_major, uint32_t dev_minor);
/* Is the device among SweepOptions.skip_devices? */
bool sweep_context_skips_device(const SweepContext *ctx, uint32_t dev_major, uint32_t dev_minor);

/* Clocks of files are coarse, and a start time is in ticks: what is this much older than a process is older. */
#define SWEEP_SLACK_NSEC 1000000000
/*
 * When the memory of a process came to be (exec-time.h), CLOCK_REALTIME as of this sweep; it must have been identified.
 * Returns 0 or -ENOMEM.
 */
int sweep_context_start_nsec(SweepContext *ctx, const Process *p, int64_t *ret);

/*
 * Are files with this latest ctime older than the memory of the process? That is read only where they are newer than the
 * first process. Returns 1, 0, -ENOMEM, or as process_identify().
 */
int sweep_context_is_older(SweepContext *ctx, Process *p, int64_t newest);

/* Initialises *ret, for a process whose maps were read to `text` where they were read as text. page_guard_done() ends ret->guard. */
void sweep_context_guard(SweepContext *ctx, const CachedView *view, const Process *p, const MapsText *text, ProcessGuard *ret);
/* Makes sure that ctx->memory is there, empty, behind a page guard for this process. Returns 0 or -ENOMEM. */
int sweep_context_memory(SweepContext *ctx, const CachedView *view, const Process *p);
