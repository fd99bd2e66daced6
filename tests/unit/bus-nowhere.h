/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bus that leads nowhere: messages are made for it, sealed, and read back. */

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "unit.h"

static sd_bus *bus;

static inline void bus_setup(void) {
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, fds[0], fds[0]), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        close(fds[1]);
}

static inline void bus_teardown(void) {
        bus = sd_bus_close_unref(bus);
}

static inline sd_bus_message *message_new(void) {
        sd_bus_message *m;

        ck_assert_int_ge(sd_bus_message_new_signal(bus, &m, "/", "a.b", "C"), 0);
        return m;
}

static inline void seal(sd_bus_message *m) {
        ck_assert_int_ge(sd_bus_message_seal(m, 1, 0), 0);
        ck_assert_int_ge(sd_bus_message_rewind(m, 1), 0);
}
