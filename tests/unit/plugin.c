/* SPDX-License-Identifier: LGPL-2.1-or-later */

int plugin_version(void);

int plugin_version(void) {
        return VERSION;
}

/* Some words for the loader to relocate. */
int (*const plugin_table[])(void) = { plugin_version, plugin_version, plugin_version, plugin_version };
