/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The data of a finding: one stale file in one process, with all that is known of it. Its
 * members are described in field.c; finding.h has what can be done with it.
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

/* A mapping that could not be judged, or, where path is NULL, a process that could not be read at all. */
typedef struct UnknownMapping {
        pid_t pid;
        uint64_t start_time; /* as in Finding; 0: could not be read */
        char *comm;          /* owned; raw; NULL: could not be read */
        char *path;          /* owned; raw, without the kernel's mark */
        uint32_t dev_major, dev_minor; /* of the mapped file: of st_dev where that could be read, else as maps prints it */
        uint64_t inode;
        UnknownReason reason;
} UnknownMapping;

/* From the flags alone. Pure. */
Urgency finding_urgency(const Finding *f);
/* Of urgency normal or urgent: what runs is not what would be loaded. */
bool finding_is_stale(const Finding *f);

bool file_id_differs(const FileId *a, const FileId *b);

/* "253:0", as the report has it. `buffer` holds at least FILE_ID_DEVICE_MAX bytes. */
#define FILE_ID_DEVICE_MAX 24
const char *file_id_device(const FileId *id, char *buffer);

/* Lower case hex of the build-id, "" where there is none. At least 2 * BUILD_ID_MAX + 1 bytes. */
const char *file_id_build_id(const FileId *id, char *buffer);
