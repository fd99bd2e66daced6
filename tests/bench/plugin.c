/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library to hold: small, with a relocation, so that writing over it in place is seen. */

int plugin_count(void);

static int counter;
static int *pointer = &counter;

int plugin_count(void) {
        return ++*pointer;
}
