/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "health.h"
#include "proc/process-owner.h"
#include "proc/requirements.h"

uint32_t health_problems(const Health *h) {
        return (h->scanner ? PROBLEM_SCANNER : 0u) |
               (h->processes > 0 || h->devices > 0 ? PROBLEM_SKIPPED : 0u) |
               (h->unreadable > 0 ? PROBLEM_UNREADABLE : 0u) |
               (h->unlisted > 0 ? PROBLEM_UNLISTED : 0u) |
               (h->owners > 0 ? PROBLEM_OWNERS : 0u) |
               (h->missing ? PROBLEM_MISSING : 0u);
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

static const char *plural_es(uint64_t n) {
        return n == 1 ? "" : "es";
}

static void describe_owners(const Health *h, FILE *f) {
        fputs("The processes of ", f);
        if (h->owners > 1)
                fprintf(f, "%zu users", h->owners);
        else if (h->owner < PROCESS_OWNER_NAMESPACE)
                fprintf(f, "user %" PRIu64, h->owner);
        else
                fprintf(f, "user namespace %" PRIu64, h->owner - PROCESS_OWNER_NAMESPACE);
        fputs(" are left out", f);
        if (h->owners_processes > 0)
                fprintf(f, " (%" PRIu64 " more)", h->owners_processes);
        fputs(", since scanners hung or died at too many of them. ", f);
}

static void describe_missing(const Health *h, FILE *f) {
        const char *separator = "The scanner cannot judge all: ";

        for (uint32_t bit = 1; bit <= REQUIREMENT_ALL; bit <<= 1)
                if (h->missing & bit) {
                        fprintf(f, "%s%s", separator, requirement_describe(bit));
                        separator = "; ";
                }
        fputs(". ", f);
}

char *health_describe(const Health *h) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        if (h->scanner)
                fprintf(f, "The scanner failed: %s. ", h->scanner);
        if (h->missing)
                describe_missing(h, f);
        if (h->processes > 0)
                fprintf(f, "%zu process%s left out, where a scanner hung or died. ", h->processes,
                        h->processes == 1 ? " is" : "es are");
        if (h->devices > 0)
                fprintf(f, "The files of %zu device%s are left out, where a scanner hung. ", h->devices, plural(h->devices));
        if (h->owners > 0)
                describe_owners(h, f);
        if (h->unreadable > 0)
                fprintf(f, "%" PRIu64 " process%s cannot be read. ", h->unreadable, plural_es(h->unreadable));
        if (h->unlisted > 0)
                fprintf(f, "%" PRIu64 " of %" PRIu64 " findings %s counted, and not listed. ", h->unlisted, h->findings,
                        h->unlisted == 1 ? "is" : "are");
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        if (size > 0)
                text[size - 1] = '\0';
        return text;
}
