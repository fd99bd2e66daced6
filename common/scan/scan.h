/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What outlives a sweep, for the rooms that make it: sweep.c, examine.c, explain.c.
 * Everybody else knows a Scan by sweep.h alone.
 */

#include "proc/exec-time.h"
#include "proc/mapping.h"
#include "proc/memory.h"
#include "proc/mount-view.h"
#include "proc/page-guard.h"
#include "rtld/link-map.h"
#include "scan/elf-cache.h"
#include "scan/lookup-cache.h"
#include "scan/process-cache.h"
#include "sweep/sweep.h"

typedef struct CachedView {
        MountView view;  /* its root is open during a sweep only: it keeps a mount busy */
        uint32_t serial; /* never used twice */
        uint32_t used;   /* number of the sweep that last opened it */
} CachedView;

typedef struct NamespaceMember {
        uint64_t namespace; /* of mounts: inode number */
        pid_t pid;
} NamespaceMember;

/* An executable range, as far as it tells one process from another. */
typedef struct FastPathRange {
        uint64_t start, end, inode;
        uint32_t dev_major, dev_minor;
} FastPathRange;

static inline MapsLine fast_path_range_line(const FastPathRange *r) {
        return (MapsLine){
                .start = r->start,
                .end = r->end,
                .inode = r->inode,
                .dev_major = r->dev_major,
                .dev_minor = r->dev_minor,
        };
}

typedef struct FastPathFile {
        uint64_t inode;
        uint32_t dev_major, dev_minor;
        uint32_t view;   /* serial number */
        uint32_t path;
        uint32_t next;
} FastPathFile;

/* What makes two processes alike, as far as it is seen from outside. */
typedef struct SiblingKey {
        uint64_t hash;       /* of its executable ranges and its view */
        uid_t uid;
        size_t n_ranges;     /* 0: none that could be compared */
} SiblingKey;

/* A process of this sweep, for its fork siblings: sibling-cache.h. */
typedef struct Sibling {
        SiblingKey key;
        bool settled;         /* by the fast path: nothing is stale; else it was examined */
        ProcessResult result; /* what it owns is borrowed here */
        int64_t newest;       /* settled: latest ctime of its files */
        int64_t started_nsec; /* examined: when its memory came to be */
        MemoryTrace trace;    /* what was read of its memory; owned */
        char *auxv;           /* owned; its auxiliary vector */
        size_t auxv_size;
        uint32_t next;
} Sibling;

typedef struct SiblingCache {
        Sibling *siblings;    /* owned */
        size_t n_siblings, allocated;
        uint32_t *buckets;    /* owned */
        uint32_t oldest;      /* replaced next, once there are SIBLINGS_MAX */
} SiblingCache;

/* What fast-path.c knows of one sweep. */
typedef struct FastPath {
        FastPathFile *files;
        size_t n_files, allocated_files;
        uint32_t *file_buckets;
        FastPathRange *ranges; /* of the process at hand; and what its verdict hangs on: first a path a range, PATH_NONE among them */
        size_t n_ranges, allocated_ranges;
        SiblingKey key;       /* of the process at hand */
        uint32_t *paths;
        size_t n_paths, allocated_paths;
        bool no_query;        /* the kernel has no PROCMAP_QUERY: ranges and their names are from the text, Scan.maps.text */
} FastPath;

struct Scan {
        int proc_fd;
        uint32_t sweep;         /* number of the sweep that is on, or was last */
        int64_t boot_nsec;      /* CLOCK_REALTIME at boot, as of this sweep */
        int64_t first_nsec;     /* when PID 1 started: no process of its namespace is older (pid_namespaces(7)); or as boot_nsec */
        uint64_t ticks_per_sec;
        uint32_t shm_major, shm_minor; /* the kernel's own mount of memfd, SysV and MAP_SHARED memory */
        LookupCache lookups;
        ElfCache elfs;
        CachedView **views;     /* owned */
        size_t n_views, allocated_views;
        uint32_t next_serial;
        CachedView *host_view;  /* borrowed, of this sweep: PID 1's, or this process's own; NULL: could not be opened */
        NamespaceMember *members; /* owned, of this sweep: all processes by namespace, read when needed; by namespace, pid */
        size_t n_members, allocated_members;
        bool members_read;
        bool namespaces_read, namespaces_whole; /* a view of each namespace was opened; of all of them */
        size_t baselines_left;  /* how many files may still be read for their content in this sweep */
        ProcessRecord **records; /* owned; ascending by pid; NULL: taken by the sweep that is on */
        size_t n_records, allocated_records;
        ProcessGroup group;     /* of the process described last, in this sweep */
        MappingList maps;       /* memory used again for each process, */
        Memory *memory;         /* this as well; NULL: not needed yet */
        PageGuard page_guard;   /* around it */
        ExecTimeCache exec_times; /* of this sweep */
        LinkHint link_hint;
        uint64_t debug_offset;
        bool pids_are_ours;     /* /proc numbers processes as clock_gettime(2) does here */
        FastPath fast_path;
        SiblingCache siblings;
        char **watched;         /* directories whose components were told to SweepOptions.watch, ascending */
        size_t n_watched, allocated_watched;
};

/* The view of a process, opened. Returns 0, -ENOMEM, -ESRCH, -EACCES, -errno. */
int scan_view(Scan *scan, const Process *p, CachedView **ret);
/* The view with this number if it is open in this sweep. */
CachedView *scan_open_view(Scan *scan, uint32_t serial);
/* The mount with this id in the view, or in any other that is open; NULL: none. */
const Mount *scan_find_mount(const Scan *scan, const CachedView *view, uint64_t mount_id);
/*
 * Does a call on a file of this device (as maps prints it) come back, whatever any server does? A device that no open
 * view shows is believed to if it is a real one: users cannot mount those.
 */
bool scan_device_answers(const Scan *scan, const SweepOptions *options, const CachedView *view, uint32_t dev_major,
                         uint32_t dev_minor);
/*
 * A view of this namespace from its own root, through any process that has it, examined in this sweep or not; NULL: all of
 * its processes have left that root, or may not be read.
 */
CachedView *scan_whole_view(Scan *scan, uint64_t namespace);
/* Opens a view of each namespace with a process, once in a sweep. Returns whether it has been done now. */
bool scan_open_namespaces(Scan *scan);
/*
 * The view, of any namespace with a process, which lists this mount and in which `name` (of maps) has a path; `except`
 * left out. NULL: none, *ret_all says whether all namespaces were asked.
 */
CachedView *scan_view_with_mount(Scan *scan, uint64_t mount_id, const char *name, const CachedView *except, bool *ret_all);
void scan_close_views(Scan *scan);
/* Forgets, and gives back, what holds or is of use within one sweep alone: at the end of each. */
void scan_rest(Scan *scan);

/*
 * Looks a name (absolute, in the view) up, once a sweep. mapped: it is the path of a mapping, whose content may be
 * remembered. *ret is its number in scan->lookups. Returns 0 or -ENOMEM.
 */
int scan_look_up(Scan *scan, const SweepOptions *options, const CachedView *view, const char *name, bool mapped,
                 uint32_t *ret);
/* The same for a name that is known: looks it up if this sweep has not yet. */
void scan_refresh(Scan *scan, const SweepOptions *options, const CachedView *view, uint32_t path);

/* Clocks of files are coarse, and a start time is in ticks: what is this much older than a process is older. */
#define SCAN_SLACK_NSEC 1000000000
/*
 * When the memory of a process came to be (exec-time.h), CLOCK_REALTIME as it is now; it must have been identified.
 * Returns 0 or -ENOMEM.
 */
int scan_start_nsec(Scan *scan, const Process *p, int64_t *ret);

/* Makes sure that scan->memory is there, empty, behind a page guard for this process. Returns 0 or -ENOMEM. */
int scan_memory(Scan *scan, const SweepOptions *options, const CachedView *view, const Process *p);

/*
 * Tells whoever watches this sweep (SweepOptions.beacon). p NULL: nothing that could hang; m NULL: not on a file. A
 * file's device is only told where it may really be its fault: what is left out for a hang must not be what all others
 * have their libraries on.
 */
void scan_beacon(const Scan *scan, const SweepOptions *options, const Process *p, const Mapping *m);
