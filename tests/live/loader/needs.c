/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library that needs another one (DT_NEEDED). */

int dep(void);
int needs(void);

int needs(void) {
        return dep();
}
