/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The result of examining a process, and the record of it that is kept for the next sweep. */

#include "report/snapshot.h"
#include "util/base.h"

/* A mapping whose file was modified in place: it stays stale, whatever the file holds later. */
typedef struct ModifiedMapping {
        uint32_t path;
        uint64_t start;
} ModifiedMapping;

/* The part of a result that is empty for most processes. */
typedef struct ProcessIssues {
        Finding **findings;     /* shared; the array is owned, as those below */
        size_t n_findings;
        ModifiedMapping *modified;
        size_t n_modified;
        Finding *recovered;     /* keys only. Of this sweep alone */
        size_t n_recovered;
        uint32_t unknown_by[UNKNOWN_REASON_MAX];
        UnknownMapping *unknown; /* the first of those that are counted */
        size_t n_unknown;
} ProcessIssues;

void process_issues_done(ProcessIssues *t);
void process_issues_forget_recovered(ProcessIssues *t);
/* Is there a mapping that could not be judged, and may be when next examined? */
bool process_issues_have_unknown(const ProcessIssues *t);

/* The result of examining a process. */
typedef struct ProcessResult {
        uint32_t mappings, ignored;
        uint32_t set;           /* of names that the verdicts depend on */
        bool misprinted;        /* maps prints a file under other numbers than its own, which it may share with another file */
        bool unexecuted;        /* a mapping counts that has no executable VMA: the loader lists it */
        ProcessIssues *issues;  /* owned; NULL: none */
} ProcessResult;

void process_result_done(ProcessResult *s);
/* Never NULL. */
const ProcessIssues *process_result_issues(const ProcessResult *s);

/* A process as it was when last examined. */
typedef struct ProcessRecord {
        pid_t pid;
        uint32_t view;          /* serial number */
        uint32_t examined;      /* number of the sweep */
        uint64_t start_time;
        uint64_t cpu_nsec;      /* its CPU time before it was examined; 0: not known */
        uint32_t due_sec;       /* CLOCK_BOOTTIME: when it is to be examined again, changed or not */
        ProcessResult result;
        bool memoryless;        /* a kernel thread or a zombie: nothing to examine */
} ProcessRecord;

ProcessRecord *process_record_new(pid_t pid);
ProcessRecord *process_record_free(ProcessRecord *r); /* NULL is accepted, and returned */
DEFINE_CLEANUP(ProcessRecord *, process_record_free)
