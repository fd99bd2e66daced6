/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kinds of journal entries. Each has its text in systemd/stalelib.catalog and
 * its place in stalelib-journal(7), and there is none there that is not here.
 */

#define MESSAGE_ID_FINDING_ADDED     "0ccceb29c7f74a278b084f8cbb6a1bb8"
#define MESSAGE_ID_FINDING_REMOVED   "6815417cc68748459cf4a22c6772bc57"
#define MESSAGE_ID_FINDINGS_ADDED    "9a9259ab9a5d475b80989a4b227f4d1a"
#define MESSAGE_ID_FINDINGS_REMOVED  "19754301f36d42239e867bc3bc7d973e"
#define MESSAGE_ID_DEGRADED          "205fcb8fc2f94b79aea147c95a8f22ea"
#define MESSAGE_ID_RECOVERED         "50cc619979aa4a71bad07f53ea09b9a9"
