/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A journal that anybody may have written, as stalelibctl history shows it: this file
 * stands in for libsystemd's. Input: fields "NAME=value", each ended by NUL; an empty
 * one ends the entry.
 */

#include <systemd/sd-journal.h>

#include "edge.h"

static const char *input, *input_end;
static const char *entry, *next_field; /* NULL: before the first entry */

static const char *skip_entry(const char *p) {
        while (p < input_end && *p)
                p += strlen(p) + 1;
        return p < input_end ? p + 1 : p;
}

int sd_journal_open(sd_journal **ret, int flags) {
        (void) flags;
        *ret = NULL;
        return 0;
}

int sd_journal_open_directory(sd_journal **ret, const char *path, int flags) {
        (void) path;
        return sd_journal_open(ret, flags);
}

void sd_journal_close(sd_journal *j) {
        (void) j;
}

int sd_journal_add_match(sd_journal *j, const void *data, size_t size) {
        (void) j, (void) data, (void) size;
        return 0;
}

int sd_journal_seek_head(sd_journal *j) {
        (void) j;
        entry = NULL;
        return 0;
}

int sd_journal_next(sd_journal *j) {
        (void) j;
        entry = entry ? skip_entry(entry) : input;
        next_field = entry;
        return entry < input_end;
}

int sd_journal_get_realtime_usec(sd_journal *j, uint64_t *ret) {
        (void) j;
        *ret = (uint64_t) (entry - input) << 40;
        return 0;
}

int sd_journal_get_data(sd_journal *j, const char *name, const void **ret, size_t *ret_size) {
        size_t n = strlen(name);

        (void) j;
        for (const char *p = entry; p < input_end && *p; p += strlen(p) + 1)
                if (strncmp(p, name, n) == 0 && p[n] == '=') {
                        *ret = p;
                        *ret_size = strlen(p);
                        return 0;
                }
        return -ENOENT;
}

void sd_journal_restart_data(sd_journal *j) {
        (void) j;
        next_field = entry;
}

int sd_journal_enumerate_data(sd_journal *j, const void **ret, size_t *ret_size) {
        (void) j;
        if (next_field >= input_end || !*next_field)
                return 0;
        *ret = next_field;
        *ret_size = strlen(next_field);
        next_field += *ret_size + 1;
        return 1;
}

int sd_journal_enumerate_available_data(sd_journal *j, const void **ret, size_t *ret_size) {
        return sd_journal_enumerate_data(j, ret, ret_size);
}

static void show(JsonMode json) {
        char unit[] = "*a*", *units[] = { unit, NULL };
        const Options all = { .json = json, .directory = "x" }, some = { .json = json, .units = units, .n_units = 1 };
        Capture c = {};

        capture_begin(&c);
        FUZZ_CHECK(command_history(&all) == STATUS_ANSWERED);
        FUZZ_CHECK(command_history(&some) == STATUS_ANSWERED);
        capture_end(&c);
}

static size_t count_entries(void) {
        size_t n = 0;

        for (const char *p = input; p < input_end; p = skip_entry(p))
                n++;
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = malloc(size + 1);

        FUZZ_CHECK(text);
        memcpy(text, data, size);
        text[size] = '\0';
        input = text;
        input_end = text + size;
        if (count_entries() > 16)
                return 0; /* more of the same, only slower */
        show(JSON_OFF);
        show(JSON_SHORT);
        return 0;
}
