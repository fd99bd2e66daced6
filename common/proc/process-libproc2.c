/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libproc2 returns stacks of items. From 4.0.5 on PIDS_VAL() takes no `info` any more. */

#include <libproc2/pids.h>

#include "proc/process-library.h"
#include "util/base.h"

#ifdef HAVE_PIDS_VAL_WITHOUT_INFO
#define VALUE(item, type, stack, info) PIDS_VAL(item, type, stack)
#else
#define VALUE(item, type, stack, info) PIDS_VAL(item, type, stack, info)
#endif

static void pids_info_unrefp(struct pids_info **info) {
        if (*info)
                procps_pids_unref(info);
}

enum { DESCRIBE_UNIT, DESCRIBE_USER_UNIT, DESCRIBE_MACHINE };
static enum pids_item describe_items[] = {
        [DESCRIBE_UNIT] = PIDS_SD_UNIT,
        [DESCRIBE_USER_UNIT] = PIDS_SD_UUNIT,
        [DESCRIBE_MACHINE] = PIDS_SD_MACH,
};

int process_library_describe(pid_t pid, ProcessFacts *ret) {
        _cleanup_(pids_info_unrefp) struct pids_info *info = NULL;
        _cleanup_(process_facts_done) ProcessFacts facts = {};
        unsigned number = (unsigned) pid;
        const struct pids_fetch *fetch;
        struct pids_stack *stack;
        int r;

        r = procps_pids_new(&info, describe_items, ELEMENTSOF(describe_items));
        if (r < 0)
                return r;
        fetch = procps_pids_select(info, &number, 1, PIDS_SELECT_PID);
        if (!fetch || fetch->counts->total < 1)
                return -ESRCH;
        stack = fetch->stacks[0];
        if (!strdup_to(&facts.unit, VALUE(DESCRIBE_UNIT, str, stack, info)) ||
            !strdup_to(&facts.user_unit, VALUE(DESCRIBE_USER_UNIT, str, stack, info)) ||
            !strdup_to(&facts.machine, VALUE(DESCRIBE_MACHINE, str, stack, info)))
                return -ENOMEM;
        *ret = facts;
        facts = (ProcessFacts){};
        return 0;
}
