/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A library to hold: small, with a relocation, so that writing over it in place is seen, and with data that no file holds:
 * six mappings, as most libraries have.
 */

int plugin_count(void);
void *plugin_room(void);

static char room[8192];

static int counter;
static int *pointer = &counter;

int plugin_count(void) {
        return ++*pointer;
}

void *plugin_room(void) {
        return room;
}
