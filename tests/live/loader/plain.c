/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library that nothing holds but those who open it. */

int plain(void);

int plain(void) {
        return 1;
}
