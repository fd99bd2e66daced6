/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One stale file in one process, with all that is known of it: what a sweep gives, and
 * what table, report, bus and journal show. Its members are described in field.c.
 *
 * Strings here are raw bytes as the kernel gave them, not yet escaped, with these
 * exceptions, which are composed by us and already safe to show: Pin.detail,
 * advice, message.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/vocabulary.h"
#include "util/base.h"

/* Build-ids are 8 to 20 bytes in practice (ld(1) --build-id); longer ones are cut. */
#define BUILD_ID_MAX 32

typedef struct FileId {
        uint32_t dev_major, dev_minor; /* of st_dev */
        uint64_t inode;
        bool known; /* false: could not be examined, or no such file */
        uint8_t build_id_length; /* 0: none, or not ELF */
        uint8_t build_id[BUILD_ID_MAX];
} FileId;

typedef struct Pin {
        PinReason reason;
        Certainty certainty;
        char *holder;         /* owned; path of the object at the end of the chain that holds it, or NULL */
        uint32_t holder_pins; /* mask of 1 << PinReason: why the holder itself stays, and who holds it in turn */
        char *detail;         /* owned; the evidence, one clause, no final full stop */
} Pin;

typedef struct Finding {
        pid_t pid;
        uint64_t start_time; /* clock ticks since boot, field 22 of proc_pid_stat(5) */
        char *comm;
        char *exe;           /* NULL: not known */
        uid_t uid;           /* effective */
        bool one_thread;     /* the process has no other thread. For the advice alone: not handed over */
        char *unit, *user_unit, *container; /* NULL: none */

        char *path;          /* where it was mapped from, as the kernel names it, without " (deleted)" */
        char *loader_name;   /* l_name: what a reload would open; NULL: not known */
        State state;
        uint32_t flags;      /* mask of Flag */
        bool data_only;      /* none of its VMAs is executable. For the advice alone: not handed over */
        FileId mapped, disk; /* disk.known == false: nothing is there */
        char *successor;     /* the file that took its place under another path, or NULL */

        Pin *pins;
        size_t n_pins;
        uint32_t runtimes;   /* mask of Runtime */

        Action action;
        char *advice;        /* a command or a sentence; never NULL in a finished finding */
        char *message;       /* the whole story in one sentence; never NULL in a finished finding */
} Finding;

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

/* From the flags alone. Pure. */
Urgency finding_urgency(const Finding *f);
/* Of urgency normal or urgent: what runs is not what would be loaded. */
bool finding_is_stale(const Finding *f);

void pin_done(Pin *p);

bool file_id_differs(const FileId *a, const FileId *b);

/* "253:0", as the report has it. `buffer` holds at least FILE_ID_DEVICE_MAX bytes. */
#define FILE_ID_DEVICE_MAX 24
const char *file_id_device(const FileId *id, char *buffer);

/* Lower case hex of the build-id, "" where there is none. At least 2 * BUILD_ID_MAX + 1 bytes. */
const char *file_id_build_id(const FileId *id, char *buffer);
