/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A snapshot as JSON, the form in which scripts read it. stalelibctl(1) documents
 * the members; members may be added, none is ever removed. Also the form in which
 * the daemon keeps what it has announced over a restart of its own.
 */

#include <json-c/json_object.h>
#include <stdio.h>

#include "report/snapshot.h"

/* The whole report. Returns 0 or -ENOMEM; the caller puts the object with json_object_put(). */
int report_json_build(const Snapshot *s, json_object **ret);
/* Its text, with these flags of json-c, as if it had been built: but of the findings, there is only one at a time. Returns 0 or -ENOMEM. */
int report_json_print(const Snapshot *s, int flags, FILE *f);
/* One finding, as an element of "findings". */
int report_json_build_finding(const Finding *f, json_object **ret);

/*
 * Reads back one finding. All of the text is checked: types, lengths, the
 * vocabulary. Returns 0, -ENOMEM or -EBADMSG.
 */
int report_json_parse_finding(json_object *o, Finding *ret);
