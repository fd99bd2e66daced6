/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

int json_add(json_object *o, const char *key, json_object *value) {
        if (!value || json_object_object_add(o, key, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

int json_add_text(json_object *o, const char *key, const char *text) {
        if (text)
                return json_add(o, key, json_object_new_string(text));
        return json_object_object_add(o, key, NULL) < 0 ? -ENOMEM : 0;
}

int json_append(json_object *array, json_object *value) {
        if (!value || json_object_array_add(array, value) < 0) {
                json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

json_object *json_member(json_object *o, const char *key, json_type type) {
        json_object *value;

        return json_object_object_get_ex(o, key, &value) && json_object_is_type(value, type) ? value : NULL;
}

uint64_t json_number(json_object *o, const char *key) {
        return json_object_get_uint64(json_member(o, key, json_type_int));
}

const char *json_text(json_object *o, const char *key) {
        return json_object_get_string(json_member(o, key, json_type_string)) ?: "";
}

bool json_boolean(json_object *o, const char *key) {
        return json_object_get_boolean(json_member(o, key, json_type_boolean));
}

bool json_has(json_object *o, const char *key) {
        return json_object_object_get_ex(o, key, NULL);
}
