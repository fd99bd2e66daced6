/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libprocps of procps 3.3, as in Debian 11: readproc(3). */

#include <proc/readproc.h>

#include "proc/process-library.h"
#include "util/base.h"

static void closeprocp(PROCTAB **table) {
        if (*table)
                closeproc(*table);
}

static void freeprocp(proc_t **p) {
        if (*p)
                freeproc(*p);
}

int process_library_describe(pid_t pid, ProcessFacts *ret) {
        _cleanup_(process_facts_done) ProcessFacts facts = {};
        _cleanup_(closeprocp) PROCTAB *table = NULL;
        _cleanup_(freeprocp) proc_t *p = NULL;
        pid_t pids[] = { pid, 0 };

        errno = 0;
        table = openproc(PROC_PID | PROC_FILLSYSTEMD, pids);
        if (!table)
                return errno > 0 ? -errno : -EIO;
        p = readproc(table, NULL);
        if (!p)
                return -ESRCH;
        if (!strdup_to(&facts.unit, p->sd_unit) || !strdup_to(&facts.user_unit, p->sd_uunit) ||
            !strdup_to(&facts.machine, p->sd_mach))
                return -ENOMEM;
        *ret = facts;
        facts = (ProcessFacts){};
        return 0;
}
