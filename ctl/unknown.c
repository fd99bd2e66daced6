/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "output.h"
#include "unknown.h"
#include "util/escape.h"

static const Column columns[] = {
        { "PID", .right = true },
        { "COMM", .minimum = 7 },
        { "REASON" },
        { "PATH", .minimum = 16, .front = true },
};

static const char *const descriptions[] = {
        [UNKNOWN_PERMISSION] = "it may not be read",
        [UNKNOWN_REMOTE] = "it is on a network or userspace file system, which is not touched",
        [UNKNOWN_NAME] = "its name is longer than the kernel gives",
        [UNKNOWN_RACE] = "it changed while it was read, repeatedly",
        [UNKNOWN_HUNG] = "an earlier read did not return",
        [UNKNOWN_ROOT] = "it lies outside of the process's root directory, and no process that sees it could be used",
        [UNKNOWN_KERNEL] = "the kernel lacks a system call that is needed, or a filter denies it",
        [UNKNOWN_CONTENT] = "memory or file could not be read, so that it may have been written to",
        [UNKNOWN_OTHER] = "it could not be read",
};
_Static_assert(ELEMENTSOF(descriptions) == UNKNOWN_REASON_MAX, "unknown reasons");

const char *unknown_reason_describe(UnknownReason reason) {
        return descriptions[(unsigned) reason < UNKNOWN_REASON_MAX ? reason : UNKNOWN_OTHER];
}

static int add_row(Table *t, const UnknownMapping *u) {
        _cleanup_free_ char *comm = escape(u->comm ?: "?"), *path = escape(u->path ?: "");
        char pid[16];

        if (!comm || !path)
                return -ENOMEM;
        snprintf(pid, sizeof(pid), "%d", (int) u->pid);
        return table_add(t, (const char *const[]){ pid, comm, unknown_reason_to_string(u->reason), path }, NULL);
}

static void show_sums(const Inventory *a, uint64_t listed) {
        const Counts *c = &a->snapshot->counts;
        uint64_t processes = a->selected > 0 ? a->selected : c->processes, rest = c->unknown - listed;

        if (c->unknown == 0 && c->unreadable == 0 && !a->blind && !a->trouble) {
                printf("All mappings could be judged; %" PRIu64 " process%s examined.\n", processes, PLURAL_ES(processes));
                return;
        }
        printf("%s%" PRIu64 " mapping%s could not be judged, %" PRIu64 " process%s could not be read.\n",
               a->snapshot->n_unknown > 0 ? "\n" : "", c->unknown, PLURAL(c->unknown),
               c->unreadable, PLURAL_ES(c->unreadable));
        if (a->unattributed)
                puts("Of the mappings, the daemon does not say which are of the selected processes.");
        else if (c->unknown > listed)
                printf("%" PRIu64 " of the mappings %s not listed.\n", rest, rest == 1 ? "is" : "are");
        if (a->trouble)
                puts(a->trouble);
}

int unknown_show(const Options *o, const Inventory *a) {
        _cleanup_table_ Table *t = table_new(columns, ELEMENTSOF(columns));
        const Snapshot *s = a->snapshot;
        uint64_t listed = 0;
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; i < s->n_unknown && r >= 0; i++) {
                r = add_row(t, &s->unknown[i]);
                listed += s->unknown[i].path != NULL;
        }
        if (r >= 0)
                r = output_table(o, t, 0);
        if (r >= 0 && !o->no_legend)
                show_sums(a, listed);
        return r;
}
