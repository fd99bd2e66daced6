/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a mapped file is, compared with what is on disk now: pure, from what was
 * observed to a state. The kernel's " (deleted)" is a mark on a name, not on a file,
 * and its absence proves nothing: what counts is whether two lookups lead to the same
 * (st_dev, st_ino), and what a reload by the loader's own name would open.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/snapshot.h"

/* How a lookup ended. */
typedef enum Lookup {
        LOOKUP_NONE,     /* not made: there is no name to look up */
        LOOKUP_FOUND,
        LOOKUP_ABSENT,   /* ENOENT, ENOTDIR */
        LOOKUP_TOO_LONG, /* ENAMETOOLONG, or the kernel gave only a part of the name */
        LOOKUP_REMOTE,   /* left out: it would touch a network or userspace file system */
        LOOKUP_HUNG,     /* skipped: an earlier one did not return */
        LOOKUP_DENIED,   /* EPERM, EACCES */
        LOOKUP_UNSUPPORTED, /* ENOSYS: the kernel has no openat2(2) */
        LOOKUP_FAILED,   /* any other errno */
} Lookup;

/* The errno of open(2) or statx(2), positive; 0: FOUND. EREMOTE: skipped, on a remote file system. */
Lookup lookup_from_errno(int error);

/* The result of statx(2) on one file. Valid with LOOKUP_FOUND only, but for mount_id. */
typedef struct VerdictFile {
        Lookup lookup;
        uint32_t dev_major, dev_minor; /* of st_dev */
        uint64_t inode;
        uint32_t nlink;
        bool regular;      /* S_ISREG */
        uint64_t mount_id; /* STATX_MNT_ID, 0: not known. Of a name that was not found: of the mount that covers it */
} VerdictFile;

/* Is the mount of the mapped file (STATX_MNT_ID of map_files) still one that somebody can walk to? */
typedef enum VerdictMount {
        MOUNT_UNKNOWN,
        MOUNT_PRESENT,   /* in /proc/PID/mountinfo of the process */
        MOUNT_ELSEWHERE, /* not there, but in the reader's own: the process has left its namespace since */
        MOUNT_GONE,      /* in neither: detached, umount(2) MNT_DETACH */
} VerdictMount;

typedef enum Evidence {
        EVIDENCE_NONE, /* not compared, or it could not be */
        EVIDENCE_AGREES,
        EVIDENCE_DIFFERS,
} Evidence;

typedef struct VerdictFacts {
        const char *path;   /* raw, without the kernel's mark */
        bool marked;        /* the kernel put " (deleted)" behind the name: see verdict_marked() */
        bool internal;      /* on the kernel's own shm mount: st_dev is that of a memfd */
        bool remote;        /* on a network or userspace file system */

        VerdictFile mapped; /* through map_files */
        uint32_t printed_dev_major, printed_dev_minor; /* as maps prints them; used where map_files is not allowed */
        uint64_t printed_inode;
        VerdictMount mount;
        bool mount_root_deleted; /* mountinfo's root of that mount ends in "//deleted" */

        /*
         * The path: in the process's root where it lies beneath that; else (the process
         * went into a chroot after it had mapped the file) in the reader's, and `loader` is
         * then NONE, since no name of before the chroot means the same behind it.
         */
        VerdictFile disk;
        VerdictFile loader; /* the loader's name in the process's root, links followed; NONE: not in its list, or not verdict_name_resolvable() */

        /* Of the file that the path leads to, where it is the mapped one. */
        bool written;         /* it may have been written to since it was mapped: its ctime is newer than the memory */
        Evidence memory;      /* pages that the process has not written to against the file: they differ after a copy-up of overlayfs */
        Evidence relocations; /* DIFFERS: words that the loader had relocated are as in the file again, or lie behind its end */
        bool relocated;       /* the loader has recorded that it relocated the words: a difference is no dlopen(3) in progress */
        Evidence layout;      /* the mapped VMAs and dynamic section against those of the file: could they come from it? */
        Evidence loader_copy; /* what the loader noted of the file (hash header, phnum, entry) against the file */
        Evidence baseline;    /* the content when it was first seen against now. A newer mtime or ctime alone is no difference */

        /* Of what took its place: build-id or all bytes against the mapped file's. */
        Evidence disk_content, loader_content;

        bool last_try; /* what may have been a race is reported now */
} VerdictFacts;

/* Which of the lookups found what took its place. */
typedef enum Successor {
        SUCCESSOR_NONE,
        SUCCESSOR_DISK,   /* it has the same path: Finding.disk */
        SUCCESSOR_LOADER, /* another path: Finding.successor */
} Successor;

typedef struct Verdict {
        State state;
        uint32_t flags;        /* FLAG_SAME_CONTENT, FLAG_CRASH_RISK, FLAG_FILE_BIND_MOUNT */
        Successor successor;   /* compare its content, and judge again with the result: same-content */
        bool race_suspected;   /* read maps, files and memory again after a short delay, and judge with `last_try` at last */
        UnknownReason unknown; /* with STATE_UNKNOWN */
} Verdict;

Verdict verdict_judge(const VerdictFacts *facts);

/*
 * A name that ends in " (deleted)" may have been marked by the kernel, or really be
 * called so, or both. verdict_cut_mark() gives its length without that ending, or all
 * of its length where it has none. Where it has: look the name up as it stands, and
 * verdict_marked() decides, from that lookup, whether the ending is the kernel's mark.
 * Then (and only then) the path is the shorter name.
 */
size_t verdict_cut_mark(const char *name);
bool verdict_marked(const VerdictFacts *facts, const VerdictFile *as_it_stands);

/* Does l_name still mean what it meant to the loader? Not if it is relative, nor below /proc or /dev/fd (a descriptor of the process). */
bool verdict_name_resolvable(const char *l_name);
