/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "nagios.h"
#include "output.h"
#include "util/base.h"
#include "util/timespan.h"

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* Names of units in the line. */
#define UNITS_SHOWN 5

bool plugin_is_out_of_date(uint64_t age_usec, uint64_t interval_usec) {
        return interval_usec > 0 && interval_usec < UINT64_MAX / 3 && age_usec > 3 * interval_usec;
}

/* May there be more that is stale than what was found? */
static bool is_unknown(const NagiosFacts *f) {
        return f->blind || f->degraded || f->never || f->not_listed > 0 ||
               plugin_is_out_of_date(f->age_usec, f->interval_usec) ||
               (!f->allow_unknown && (f->unknown > 0 || f->unreadable > 0));
}

NagiosState nagios_state(const NagiosFacts *f) {
        if (f->crash_risk > 0 || (f->critical > 0 && f->processes >= f->critical))
                return NAGIOS_CRITICAL;
        if (f->warning > 0 && f->processes >= f->warning)
                return NAGIOS_WARNING;
        /* What could not be judged may hide more, but not take away what was seen. */
        return is_unknown(f) ? NAGIOS_UNKNOWN : NAGIOS_OK;
}

static void put_units(FILE *m, char *const *units) {
        size_t n = 0;

        for (; units && units[n]; n++)
                if (n < UNITS_SHOWN)
                        fprintf(m, "%s%s", n == 0 ? " (" : ", ", units[n]);
        if (n > UNITS_SHOWN)
                fprintf(m, " and %zu more", n - UNITS_SHOWN);
        if (n > 0)
                fputc(')', m);
}

static void put_stale(FILE *m, const NagiosFacts *f) {
        if (f->processes > 0)
                fprintf(m, "%" PRIu64 " process%s run%s %" PRIu64 " stale file%s", f->processes, PLURAL_ES(f->processes),
                        f->processes == 1 ? "s" : "", f->files, PLURAL(f->files));
        else
                fputs(is_unknown(f) || f->unknown > 0 || f->unreadable > 0 ? "nothing stale was found" : "nothing is stale", m);
        put_units(m, f->units);
        if (f->crash_risk > 0)
                fprintf(m, ", %" PRIu64 " may crash", f->crash_risk);
        if (f->same_content > 0)
                fprintf(m, ", %" PRIu64 " process%s of the same content", f->same_content, PLURAL_ES(f->same_content));
}

static void put_unknown(FILE *m, const NagiosFacts *f) {
        char age[TIMESPAN_TEXT_MAX];

        if (f->unknown > 0)
                fprintf(m, ", %" PRIu64 " mapping%s could not be judged", f->unknown, PLURAL(f->unknown));
        if (f->unreadable > 0)
                fprintf(m, ", %" PRIu64 " process%s could not be read", f->unreadable, PLURAL_ES(f->unreadable));
        if (f->not_listed > 0)
                fprintf(m, ", %" PRIu64 " finding%s not listed", f->not_listed, f->not_listed == 1 ? " is" : "s are");
        if (f->blind)
                fprintf(m, ", %s", f->blind);
        if (f->degraded)
                fprintf(m, ", degraded: %s", f->degraded_reason && *f->degraded_reason ? f->degraded_reason : "see stalelibctl status");
        if (f->never)
                fputs(", the daemon has not looked yet", m);
        else if (plugin_is_out_of_date(f->age_usec, f->interval_usec))
                fprintf(m, ", last looked %s ago", timespan_format(f->age_usec, age));
}

static void put_performance_data(FILE *m, const NagiosFacts *f) {
        fprintf(m, " | stale_processes=%" PRIu64 ";", f->processes);
        if (f->warning > 0)
                fprintf(m, "%" PRIu64, f->warning);
        fputc(';', m);
        if (f->critical > 0)
                fprintf(m, "%" PRIu64, f->critical);
        fprintf(m, ";0 stale_files=%" PRIu64 ";;;0 crash_risk=%" PRIu64 ";;1;0 same_content=%" PRIu64 ";;;0 unknown=%" PRIu64
                ";;;0 unreadable=%" PRIu64 ";;;0 processes=%" PRIu64 ";;;0",
                f->files, f->crash_risk, f->same_content, f->unknown, f->unreadable, f->checked);
}

/* Performance data begin at the first bar, and others control the names of units. */
static void hide_bars(char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (text[i] == '|')
                        text[i] = '/';
}

int nagios_print_unknown(const char *text) {
        printf("STALELIB UNKNOWN - %s\n", text);
        return NAGIOS_UNKNOWN;
}

char *nagios_line(const NagiosFacts *f) {
        char *text = NULL;
        size_t size;
        FILE *m = open_memstream(&text, &size);

        if (!m)
                return NULL;
        fprintf(m, "STALELIB %s - ", words[nagios_state(f)]);
        put_stale(m, f);
        put_unknown(m, f);
        if (fflush(m) == 0)
                hide_bars(text, size);
        put_performance_data(m, f);
        return fclose(m) == 0 ? text : NULL;
}
