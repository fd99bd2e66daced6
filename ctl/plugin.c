/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base.h"
#include "output.h"
#include "plugin.h"
#include "seconds.h"

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* Three intervals without a sweep: the daemon is alive but does not get to look. */
static bool is_out_of_date(const PluginFacts *f) {
        return f->interval_usec > 0 && f->interval_usec < UINT64_MAX / 3 && f->age_usec > 3 * f->interval_usec;
}

/* A reinstall of the same content is no reason to wake anybody. */
static uint64_t that_count(const PluginFacts *f) {
        return f->processes > f->same_content ? f->processes - f->same_content : 0;
}

PluginState plugin_judge(const PluginFacts *f) {
        uint64_t n = that_count(f);

        if (f->crash_risk > 0 || (f->critical > 0 && n >= f->critical))
                return PLUGIN_CRITICAL;
        if (f->warning > 0 && n >= f->warning)
                return PLUGIN_WARNING;
        /* What could not be looked at may hide more, but not take away what was seen. */
        if (f->degraded || is_out_of_date(f) || (f->checked > 0 && f->unreadable == f->checked))
                return PLUGIN_UNKNOWN;
        return PLUGIN_OK;
}

char *plugin_line(const PluginFacts *f) {
        char *text = NULL, age[SECONDS_MAX];
        size_t size;
        FILE *m = open_memstream(&text, &size);

        if (!m)
                return NULL;
        fprintf(m, "STALELIB %s - ", words[plugin_judge(f)]);
        if (f->processes == 0)
                fputs("nothing is stale", m);
        else
                fprintf(m, "%" PRIu64 " process%s run%s %" PRIu64 " stale file%s", f->processes, PLURAL_ES(f->processes),
                        f->processes == 1 ? "s" : "", f->files, PLURAL(f->files));
        if (f->crash_risk > 0)
                fprintf(m, ", %" PRIu64 " may crash", f->crash_risk);
        if (f->same_content > 0)
                fprintf(m, ", %" PRIu64 " of the same content", f->same_content);
        if (f->unreadable > 0)
                fprintf(m, ", %" PRIu64 " could not be read", f->unreadable);
        if (f->degraded)
                fprintf(m, ", degraded: %s", f->degraded_reason ?: "see stalelibctl status");
        if (is_out_of_date(f))
                fprintf(m, ", last looked %s ago", seconds_format(f->age_usec, age));
        fprintf(m, " | stale_processes=%" PRIu64 ";", f->processes);
        if (f->warning > 0)
                fprintf(m, "%" PRIu64, f->warning);
        fputc(';', m);
        if (f->critical > 0)
                fprintf(m, "%" PRIu64, f->critical);
        fprintf(m, ";0 stale_files=%" PRIu64 ";;;0 crash_risk=%" PRIu64 ";;1;0 unreadable=%" PRIu64 ";;;0 processes=%" PRIu64 ";;;0",
                f->files, f->crash_risk, f->unreadable, f->checked);
        return fclose(m) == 0 ? text : NULL;
}
