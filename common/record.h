/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a look at a process found, and what is kept of it for the sweep after. */

#include "finding.h"
#include "process.h"
#include "sweep.h"

typedef struct KnownView KnownView;

/* A mapping that was seen to be written to: a file's content is compared at the time, a process's fate lasts. */
typedef struct Rewritten {
        uint32_t path;
        uint64_t start;
} Rewritten;

/* Where a finding's mapping is, to ask the kernel whether it is still there. */
typedef struct Anchor {
        uint64_t address, inode;
        uint32_t dev_major, dev_minor;
} Anchor;

/* What a look found of all that most processes have nothing of. */
typedef struct Trouble {
        Finding **findings;     /* shared; the array is owned, as those below */
        Anchor *anchors;        /* one each */
        size_t n_findings;
        Rewritten *rewritten;
        size_t n_rewritten;
        Finding *recovered;     /* keys only. Of this sweep alone */
        size_t n_recovered;
        uint32_t unknown_by[UNKNOWN_REASON_MAX];
        UnknownMapping *unknown; /* the first of those that are counted */
        size_t n_unknown;
} Trouble;

void trouble_done(Trouble *t);
void trouble_forget_recovered(Trouble *t);
/* Is there anything that could not be known, and may be known of the next look? */
bool trouble_has_unknown(const Trouble *t);

/* What a look at a process found. */
typedef struct Sight {
        uint32_t mappings, ignored;
        uint32_t set;           /* what the verdicts hang on */
        bool misprinted;        /* maps prints a file under other numbers than its own, which it may share with another file */
        bool guessed;           /* not all that is looked at was: glance.h */
        uint64_t ranges;        /* a hash of all executable ranges and of the view; 0: not known, or not enough to tell its files by */
        Trouble *trouble;       /* owned; NULL: none */
} Sight;

void sight_done(Sight *s);
/* Never NULL. */
const Trouble *sight_trouble(const Sight *s);

/* A process as it was last looked at. */
typedef struct Record {
        pid_t pid;
        int directory_fd, statm_fd; /* owned, one of them; of use no more once the process is gone, though its pid be used again */
        int maps_fd;            /* owned, of a process with findings; dies with the memory it was opened for, as on execve(2) */
        uint32_t view;          /* serial number */
        uint32_t examined;      /* number of the sweep */
        uint64_t start_time;
        uint64_t cpu_nsec;      /* what it has run in all; 0: it is not asked for that */
        uint64_t vm_size, vm_data; /* of statm, pages */
        uint32_t look_sec, examine_sec; /* CLOCK_BOOTTIME: when it is to be looked at anew, and examined, whatever is seen of a change */
        Sight sight;
        bool memoryless;        /* a kernel thread or a zombie: nothing to see, and nothing seen */
} Record;

Record *record_new(pid_t pid);
Record *record_free(Record *r); /* NULL is accepted, and returned */
DEFINE_CLEANUP(Record *, record_free)

/*
 * Reads what the next sweep will see a change by: the size of the memory, and what it has run, if the clock is to be
 * asked for that. Returns 0 or -errno.
 */
int record_begin(Record *r, const Process *p, bool clock);
/* Nothing that the next sweep sees is to count: it looks anew. */
void record_never_holds(Record *r);

/* How many of its pages are neither data nor stack: code, and what is only read. UINT64_MAX: not known. */
uint64_t record_static_pages(const Record *r);

/* Says when to look again. before: of the same pid, or r itself, or NULL. examined: else it was settled at a glance. */
void record_schedule(Record *r, const Record *before, bool examined, uint32_t now_sec);

/* Has the process never run since it was looked at? false: it has, or that is not known. */
bool record_is_asleep(const Record *r);

/*
 * Opens the process, whose memory must just have been seen to be there: the number is still its own. Returns whether
 * that went well, and *ret_view is what the record was seen in.
 */
bool record_open(Scan *scan, const Record *r, Process *ret, KnownView **ret_view);

/* Would a look at the process say what the last one said? Looks up the names that its verdicts hang on. */
bool record_holds(Scan *scan, const SweepOptions *options, Record *r);
