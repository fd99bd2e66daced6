/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Building and reading JSON objects. */

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/base.h"

static inline void json_putp(json_object **o) {
        json_object_put(*o);
}
#define _cleanup_json_ _cleanup_(json_putp)

/* Adds a member, and takes over the value; NULL is a lack of memory. Returns 0 or -ENOMEM. */
int json_add(json_object *o, const char *key, json_object *value);
/* The same for a copy of text. NULL is null. */
int json_add_text(json_object *o, const char *key, const char *text);
int json_append(json_object *array, json_object *value);

/* A member, borrowed. NULL: there is none, or it is of another type. o may be NULL. */
json_object *json_member(json_object *o, const char *key, json_type type);
/* 0 if there is no such number, "" if there is no such text, false if there is no such boolean. */
uint64_t json_number(json_object *o, const char *key);
const char *json_text(json_object *o, const char *key);
bool json_boolean(json_object *o, const char *key);
/* Is there a member of any type? Earlier versions of the daemon send fewer. */
bool json_has(json_object *o, const char *key);
