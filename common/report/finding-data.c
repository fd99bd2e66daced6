/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "report/finding-data.h"

Urgency finding_urgency(const Finding *f) {
        if (f->flags & FLAG_CRASH_RISK)
                return URGENCY_URGENT;
        return f->flags & FLAG_SAME_CONTENT ? URGENCY_NONE : URGENCY_NORMAL;
}

bool finding_is_stale(const Finding *f) {
        return finding_urgency(f) != URGENCY_NONE;
}

static size_t build_id_length(const FileId *id) {
        return id->build_id_length < BUILD_ID_MAX ? id->build_id_length : BUILD_ID_MAX;
}

bool file_id_differs(const FileId *a, const FileId *b) {
        return a->known != b->known || a->dev_major != b->dev_major || a->dev_minor != b->dev_minor ||
               a->inode != b->inode || a->build_id_length != b->build_id_length ||
               memcmp(a->build_id, b->build_id, build_id_length(a)) != 0;
}

const char *file_id_device(const FileId *id, char *buffer) {
        snprintf(buffer, FILE_ID_DEVICE_MAX, "%u:%u", id->dev_major, id->dev_minor);
        return buffer;
}

const char *file_id_build_id(const FileId *id, char *buffer) {
        buffer[0] = '\0';
        for (size_t i = 0; i < build_id_length(id); i++)
                sprintf(buffer + 2 * i, "%02x", id->build_id[i]);
        return buffer;
}
