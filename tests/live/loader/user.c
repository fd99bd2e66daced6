/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library that uses plain(), without saying which library that is of. */

int plain(void);
int user(void);

int user(void) {
        return plain();
}
