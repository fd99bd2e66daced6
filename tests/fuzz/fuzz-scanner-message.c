/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a scanner in hostile hands could answer. The first byte chooses the form; the
 * rest are its numbers, or the text of a finding. sd-bus itself checks that a message
 * is one before we see it, so that bytes of a whole message would test sd-bus.
 */

#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "message.h"
#include "util/base.h"

typedef struct Input {
        const uint8_t *data;
        size_t size;
} Input;

static uint64_t number(Input *in, size_t n) {
        uint64_t value = 0;

        if (n > in->size)
                n = in->size;
        memcpy(&value, in->data, n);
        in->data += n;
        in->size -= n;
        return value;
}

static sd_bus *bus_get(void) {
        static sd_bus *bus;
        int fds[2];

        if (!bus) {
                FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
                FUZZ_CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0 && sd_bus_start(bus) >= 0);
        }
        return bus;
}

static void append_keys(sd_bus_message *m, Input *in, size_t n) {
        FUZZ_CHECK(sd_bus_message_open_container(m, 'a', KEY_SIGNATURE) >= 0);
        for (size_t i = 0; i < n; i++) {
                char path[4] = { (char) (number(in, 1) & 0x7f), (char) (number(in, 1) & 0x7f), 'x', '\0' };

                FUZZ_CHECK(sd_bus_message_append(m, KEY_SIGNATURE, (uint32_t) number(in, 4), number(in, 8), (uint32_t) number(in, 4),
                                                 (uint32_t) number(in, 4), number(in, 8), path) >= 0);
        }
        FUZZ_CHECK(sd_bus_message_close_container(m) >= 0);
}

static void append_answer(sd_bus_message *m, Input *in) {
        uint64_t numbers[32] = {};
        size_t n = number(in, 1) % 32, k = number(in, 1) % 32, j = number(in, 1) % 32;

        for (size_t i = 0; i < 8; i++)
                FUZZ_CHECK(sd_bus_message_append(m, "t", number(in, 8)) >= 0);
        for (size_t i = 0; i < 32; i++)
                numbers[i] = number(in, 8);
        FUZZ_CHECK(sd_bus_message_append_array(m, 't', numbers, number(in, 1) % 11 * 8) >= 0);
        FUZZ_CHECK(sd_bus_message_append_array(m, 't', numbers + number(in, 1) % 24, number(in, 1) % 9 * 8) >= 0);
        FUZZ_CHECK(sd_bus_message_append_array(m, 'u', numbers, n * 4) >= 0);
        FUZZ_CHECK(sd_bus_message_append_array(m, 't', numbers, k * 8) >= 0);
        FUZZ_CHECK(sd_bus_message_append_array(m, 'y', numbers, j) >= 0);
        FUZZ_CHECK(sd_bus_message_append_array(m, 'y', numbers, j ^ number(in, 1) % 2) >= 0);
        append_keys(m, in, number(in, 1) % 8);
        append_keys(m, in, number(in, 1) % 8);
        FUZZ_CHECK(sd_bus_message_append(m, "uuu", (uint32_t) number(in, 4), (uint32_t) number(in, 4), (uint32_t) number(in, 4)) >= 0);
}

static void check_snapshot(Snapshot *s) {
        snapshot_freeze(s);
        for (size_t i = 0; i < s->n_looked; i++)
                FUZZ_CHECK(s->looked[i].pid > 0 && s->looked[i].pid <= PID_MAX);
        for (size_t i = 0; i < s->n_unknown; i++)
                FUZZ_CHECK(s->unknown[i].pid > 0 && s->unknown[i].pid <= PID_MAX && s->unknown[i].path &&
                           s->unknown[i].reason < UNKNOWN_REASON_MAX);
        (void) answer_is_sound(s);
        for (size_t i = 0; i < s->n_findings; i++)
                FUZZ_CHECK(s->findings[i]->path && s->findings[i]->message && s->findings[i]->state < STATE_MAX);
}

static void seal(sd_bus_message *m) {
        FUZZ_CHECK(sd_bus_message_seal(m, 1, 0) >= 0 && sd_bus_message_rewind(m, 1) >= 0);
}

/* Findings of zeros with a path, each of which a key may name. */
static Snapshot *previous_new(void) {
        Snapshot *s = snapshot_new();

        for (size_t i = 0; i < 2; i++) {
                Finding f = { .pid = 1, .mapped.inode = i, .path = strdup("/x"), .message = strdup("m") };

                FUZZ_CHECK(s && f.path && f.message && snapshot_take_finding(s, &f) >= 0);
        }
        snapshot_freeze(s);
        return s;
}

static void fuzz_answer(Input *in) {
        _cleanup_(snapshot_freep) Snapshot *previous = previous_new();
        sd_bus_message *m;
        Answer a = {};

        FUZZ_CHECK(sd_bus_message_new_signal(bus_get(), &m, "/", "a.b", "C") >= 0);
        append_answer(m, in);
        seal(m);
        if (answer_read(m, previous, &a) >= 0)
                check_snapshot(a.snapshot);
        answer_done(&a);
        sd_bus_message_unref(m);
}

static void fuzz_piece(const Input *in) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        _cleanup_free_ char *text = strndup((const char *) in->data, in->size);
        size_t left = FINDINGS_TEXT_MAX;
        sd_bus_message *m;
        uint32_t next;

        FUZZ_CHECK(s && text);
        FUZZ_CHECK(sd_bus_message_new_signal(bus_get(), &m, "/", "a.b", "C") >= 0);
        FUZZ_CHECK(sd_bus_message_open_container(m, 'a', "s") >= 0);
        /* Text that is no UTF-8 does not get past sd-bus. */
        if (sd_bus_message_append(m, "s", text) >= 0) {
                FUZZ_CHECK(sd_bus_message_close_container(m) >= 0);
                append_keys(m, NULL, 0);
                FUZZ_CHECK(sd_bus_message_append(m, "u", 1) >= 0);
                seal(m);
                if (piece_read(m, /* previous= */ NULL, s, &left, &next) >= 0)
                        check_snapshot(s);
        }
        sd_bus_message_unref(m);
}

static void fuzz_kept(Input *in) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new(), *previous = previous_new();
        size_t left = number(in, 2);
        sd_bus_message *m;
        uint32_t next;

        FUZZ_CHECK(s);
        FUZZ_CHECK(sd_bus_message_new_signal(bus_get(), &m, "/", "a.b", "C") >= 0);
        FUZZ_CHECK(sd_bus_message_append(m, "as", 0) >= 0);
        append_keys(m, in, number(in, 1));
        FUZZ_CHECK(sd_bus_message_append(m, "u", (uint32_t) number(in, 4)) >= 0);
        seal(m);
        if (piece_read(m, previous, s, &left, &next) >= 0)
                check_snapshot(s);
        sd_bus_message_unref(m);
}

static void fuzz_unknown(Input *in) {
        _cleanup_(snapshot_freep) Snapshot *s = snapshot_new();
        size_t left = number(in, 2), n = number(in, 2) % 512;
        sd_bus_message *m;
        uint32_t next;

        FUZZ_CHECK(s);
        FUZZ_CHECK(sd_bus_message_new_signal(bus_get(), &m, "/", "a.b", "C") >= 0);
        FUZZ_CHECK(sd_bus_message_open_container(m, 'a', UNKNOWN_SIGNATURE) >= 0);
        for (size_t i = 0; i < n; i++) {
                char text[5] = { (char) (number(in, 1) & 0x7f), (char) (number(in, 1) & 0x7f), (char) (number(in, 1) & 0x7f), 'x', '\0' };

                FUZZ_CHECK(sd_bus_message_append(m, UNKNOWN_SIGNATURE, (uint32_t) number(in, 4), number(in, 8), text, text + number(in, 1) % 5,
                                                 (uint32_t) number(in, 4), (uint32_t) number(in, 4), number(in, 8),
                                                 (uint32_t) number(in, 1)) >= 0);
        }
        FUZZ_CHECK(sd_bus_message_close_container(m) >= 0);
        FUZZ_CHECK(sd_bus_message_append(m, "u", (uint32_t) number(in, 4)) >= 0);
        seal(m);
        if (unknown_read(m, s, &left, &next) >= 0)
                check_snapshot(s);
        sd_bus_message_unref(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input in = { .data = data, .size = size };

        uint64_t form = number(&in, 1) % 8;

        if (form == 5)
                fuzz_unknown(&in);
        else if (form % 2)
                fuzz_answer(&in);
        else if (form == 0)
                fuzz_piece(&in);
        else
                fuzz_kept(&in);
        return 0;
}
