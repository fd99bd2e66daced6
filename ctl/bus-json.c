/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-json.h"
#include "json.h"
#include "util/base.h"

/* A report has four levels; the bus itself would allow 64. */
#define DEPTH_MAX 12

static int read_value(sd_bus_message *m, unsigned depth, json_object **ret);

static int read_basic(sd_bus_message *m, char type, json_object **ret) {
        union {
                uint8_t y;
                int b;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
        } v = {};
        int r;

        r = sd_bus_message_read_basic(m, type, &v);
        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_BYTE:
                *ret = json_object_new_int(v.y);
                break;
        case SD_BUS_TYPE_BOOLEAN:
                *ret = json_object_new_boolean(v.b);
                break;
        case SD_BUS_TYPE_INT16:
                *ret = json_object_new_int(v.n);
                break;
        case SD_BUS_TYPE_UINT16:
                *ret = json_object_new_int(v.q);
                break;
        case SD_BUS_TYPE_INT32:
                *ret = json_object_new_int(v.i);
                break;
        case SD_BUS_TYPE_UINT32:
                *ret = json_object_new_int64(v.u);
                break;
        case SD_BUS_TYPE_INT64:
                *ret = json_object_new_int64(v.x);
                break;
        case SD_BUS_TYPE_UINT64:
                *ret = json_object_new_uint64(v.t);
                break;
        case SD_BUS_TYPE_DOUBLE:
                *ret = json_object_new_double(v.d);
                break;
        case SD_BUS_TYPE_STRING:
        case SD_BUS_TYPE_OBJECT_PATH:
        case SD_BUS_TYPE_SIGNATURE:
                *ret = json_object_new_string(v.s);
                break;
        default:
                return -EBADMSG;
        }
        return *ret ? 0 : -ENOMEM;
}

/* Inside an array of dictionary entries. */
static int read_entries(sd_bus_message *m, const char *contents, unsigned depth, json_object *o) {
        _cleanup_free_ char *inner = strndup(contents + 1, strlen(contents) - 2); /* without the braces */
        int r;

        if (!inner)
                return -ENOMEM;
        if (*inner != SD_BUS_TYPE_STRING && *inner != SD_BUS_TYPE_OBJECT_PATH)
                return -EBADMSG;
        while ((r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, inner)) > 0) {
                json_object *value = NULL;
                const char *key;

                r = sd_bus_message_read_basic(m, *inner, &key);
                if (r >= 0)
                        r = read_value(m, depth, &value);
                if (r < 0)
                        return r;
                r = json_add(o, key, value);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

static int read_elements(sd_bus_message *m, unsigned depth, json_object *array) {
        for (;;) {
                json_object *value = NULL;
                int r;

                r = sd_bus_message_at_end(m, /* complete= */ false);
                if (r != 0)
                        return r < 0 ? r : 0;
                r = read_value(m, depth, &value);
                if (r >= 0)
                        r = json_append(array, value);
                if (r < 0)
                        return r;
        }
}

static int read_container(sd_bus_message *m, char type, const char *contents, unsigned depth, json_object **ret) {
        bool dictionary = type == SD_BUS_TYPE_ARRAY && *contents == SD_BUS_TYPE_DICT_ENTRY_BEGIN;
        _cleanup_json_ json_object *o = dictionary ? json_object_new_object() : json_object_new_array();
        int r;

        if (!o)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        r = dictionary ? read_entries(m, contents, depth, o) : read_elements(m, depth, o);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int read_value(sd_bus_message *m, unsigned depth, json_object **ret) {
        const char *contents;
        char type;
        int r;

        if (depth == 0)
                return -EBADMSG;
        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -ENXIO;
        if (type == SD_BUS_TYPE_VARIANT) {
                r = sd_bus_message_enter_container(m, type, contents);
                if (r >= 0)
                        r = read_value(m, depth - 1, ret);
                return r < 0 ? r : sd_bus_message_exit_container(m);
        }
        if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT)
                return read_container(m, type, contents, depth - 1, ret);
        return read_basic(m, type, ret);
}

int bus_json_read(sd_bus_message *m, json_object **ret) {
        json_object *o = NULL;
        int r;

        r = read_value(m, DEPTH_MAX, &o);
        if (r < 0) {
                json_object_put(o);
                return r;
        }
        *ret = o;
        return 0;
}
