/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>

#include "options.h"

void options_done(Options *o) {
        for (size_t i = 0; i < o->n_units; i++)
                free(o->units[i]);
        free(o->units);
        free(o->pids);
        *o = (Options){};
}

bool options_unit(const Options *o, const char *unit) {
        if (o->n_units == 0)
                return true;
        for (size_t i = 0; unit && i < o->n_units; i++)
                if (fnmatch(o->units[i], unit, 0) == 0)
                        return true;
        return false;
}

bool options_pid(const Options *o, pid_t pid) {
        if (o->n_pids == 0)
                return true;
        for (size_t i = 0; i < o->n_pids; i++)
                if (o->pids[i] == pid)
                        return true;
        return false;
}
