/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a look at a process found, and what is kept of it for the sweep after. */

#include "proc/process.h"
#include "report/finding.h"
#include "sweep/sweep.h"

typedef struct CachedView CachedView;

/* A mapping that was seen to be written to: a file's content is compared at the time, a process's fate lasts. */
typedef struct Rewritten {
        uint32_t path;
        uint64_t start;
} Rewritten;

/* What a look found of all that most processes have nothing of. */
typedef struct Trouble {
        Finding **findings;     /* shared; the array is owned, as those below */
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
        bool unexecuted;        /* a mapping counts that has no executable VMA: the loader lists it */
        Trouble *trouble;       /* owned; NULL: none */
} Sight;

void sight_done(Sight *s);
/* Never NULL. */
const Trouble *sight_trouble(const Sight *s);

/* A process as it was last looked at. */
typedef struct Record {
        pid_t pid;
        uint32_t view;          /* serial number */
        uint32_t examined;      /* number of the sweep */
        uint64_t start_time;
        uint64_t cpu_nsec;      /* what it had run in all before it was looked at; 0: not known */
        uint32_t look_sec;      /* CLOCK_BOOTTIME: when it is to be looked at anew, whatever is seen of a change */
        Sight sight;
        bool memoryless;        /* a kernel thread or a zombie: nothing to see, and nothing seen */
} Record;

Record *record_new(pid_t pid);
Record *record_free(Record *r); /* NULL is accepted, and returned */
DEFINE_CLEANUP(Record *, record_free)

/* Notes by what the next sweep will see that it has run. Call it before the process is looked at. */
void record_begin(Record *r);

/* Says when to look again. before: of the same pid, or NULL. */
void record_schedule(Record *r, const Record *before, uint32_t now_sec);

/* Would a look at the process say what the last one said? Looks up the names that its verdicts hang on. */
bool record_holds(Scan *scan, const SweepOptions *options, const Record *r, uint32_t now_sec);
