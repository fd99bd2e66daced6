/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The library that another one needs. */

int dep(void);

int dep(void) {
        return 2;
}
