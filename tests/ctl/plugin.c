/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The smallest library: linked plainly it would unload, linked -z nodelete it would not. */

int plugin_answer(void);

int plugin_answer(void) {
        return 42;
}
