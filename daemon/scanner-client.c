/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <sys/un.h>

#include "scanner-client.h"
#include "message.h"
#include "util/clock.h"
#include "util/timespan.h"

/* Even if its beacon changes. */
#define SWEEP_MAX_USEC (10 * USEC_PER_MINUTE)
#define CHECK_MAX_USEC USEC_PER_SEC

struct ScannerClient {
        sd_event *event;
        int64_t priority;
        char *socket_path;
        uint64_t timeout;
        ScannerClientCallbacks callbacks;

        sd_bus *bus;           /* NULL: no connection */
        sd_bus_slot *filter, *disconnected, *changed, *beacon_call, *call;
        sd_event_source *check;  /* reads the beacon while a sweep is running */
        sd_event_source *finish; /* on when all was received */

        int beacon_fd;
        SweepBeacon beacon;    /* as last seen */
        uint64_t progress;     /* time of the last progress, µs of CLOCK_MONOTONIC */
        uint64_t started;
        bool sweeping, frozen;
        Answer answer;         /* what was received so far */
        const Snapshot *previous; /* borrowed: where findings that are kept are found */
        size_t text_left, unknown_text_left;
};

/* The sweep has ended. */
static void sweep_over(ScannerClient *l) {
        l->sweeping = l->frozen = false;
        answer_done(&l->answer);
        if (l->check)
                sd_event_source_set_enabled(l->check, SD_EVENT_OFF);
        if (l->finish)
                sd_event_source_set_enabled(l->finish, SD_EVENT_OFF);
}

static void disconnect(ScannerClient *l) {
        l->filter = sd_bus_slot_unref(l->filter);
        l->disconnected = sd_bus_slot_unref(l->disconnected);
        l->changed = sd_bus_slot_unref(l->changed);
        l->beacon_call = sd_bus_slot_unref(l->beacon_call);
        l->call = sd_bus_slot_unref(l->call);
        l->bus = sd_bus_close_unref(l->bus);
        l->beacon_fd = fd_close(l->beacon_fd);
        l->beacon = (SweepBeacon){};
        sweep_over(l);
}

static void fail(ScannerClient *l, bool hung, int error, const char *text) {
        ScannerFailure failure = {
                .hung = hung,
                .sweeping = l->sweeping,
                .text = text,
                .error = abs(error),
        };

        if (!l->bus)
                return;
        if (l->beacon_fd >= 0 && l->sweeping && beacon_read(l->beacon_fd, &failure.where) < 0)
                failure.where = (SweepBeacon){};
        disconnect(l);
        l->callbacks.on_failed(l->callbacks.userdata, &failure);
}

static void fail_invalid(ScannerClient *l, int error) {
        fail(l, /* hung= */ false, error == -ENOMEM ? error : 0,
                    error == -ENOMEM ? "its answer does not fit in memory" : "invalid reply");
}

/* findings */

static int on_piece(sd_bus_message *m, void *userdata, sd_bus_error *error);
static int on_unknown(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Calls a method of the scanner that gives a piece. */
static int call(ScannerClient *l, const char *member, sd_bus_message_handler_t on_reply, uint32_t first) {
        l->call = sd_bus_slot_unref(l->call);
        return sd_bus_call_method_async(l->bus, &l->call, /* destination= */ NULL, SCANNER_PATH, SCANNER_INTERFACE,
                                        member, on_reply, l, "u", first);
}

static void finished(ScannerClient *l) {
        Snapshot *snapshot = TAKE_PTR(l->answer.snapshot);
        uint32_t missing = l->answer.missing;

        sweep_over(l);
        l->callbacks.on_snapshot(l->callbacks.userdata, snapshot, missing);
}

/* In two steps, between which other calls are answered. */
static int on_finish(sd_event_source *source _unused_, void *userdata) {
        ScannerClient *l = userdata;

        if (l->frozen)
                finished(l);
        else {
                snapshot_freeze(l->answer.snapshot);
                l->frozen = true;
                if (!answer_is_sound(l->answer.snapshot))
                        fail_invalid(l, -EBADMSG);
        }
        return 0;
}

/* first: the next finding to fetch, or once all of these are here, the next unknown mapping. */
static void fetch_next(ScannerClient *l, bool findings, uint32_t first) {
        int r;

        l->progress = clock_now();
        if (findings && first >= l->answer.n_findings) {
                findings = false;
                first = 0;
        }
        if (findings)
                r = call(l, "Fetch", on_piece, first);
        else if (first < l->answer.n_unknown)
                r = call(l, "FetchUnknown", on_unknown, first);
        else
                r = sd_event_source_set_enabled(l->finish, SD_EVENT_ON);
        if (r < 0)
                fail(l, /* hung= */ false, r, "a call failed");
}

/* A call that failed: the connection was closed, which is reported elsewhere as well, or the scanner returned an error. */
static bool reply_is_error(ScannerClient *l, sd_bus_message *m) {
        if (!sd_bus_message_is_method_error(m, NULL))
                return false;
        fail(l, /* hung= */ false, sd_bus_message_get_errno(m), "it cannot sweep");
        return true;
}

static int on_piece(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        ScannerClient *l = userdata;
        size_t before = l->answer.snapshot->n_findings;
        uint32_t next;
        int r;

        if (reply_is_error(l, m))
                return 1;

        r = piece_read(m, l->previous, l->answer.snapshot, &l->text_left, &next);
        if (r >= 0 && (before + (size_t) r > l->answer.n_findings || next > l->answer.n_findings ||
                       (r == 0 && next < l->answer.n_findings)))
                r = -EBADMSG;
        if (r < 0)
                fail_invalid(l, r);
        else
                fetch_next(l, /* findings= */ true, next);
        return 1;
}

static int on_unknown(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        ScannerClient *l = userdata;
        uint32_t next = 0;
        int r;

        if (reply_is_error(l, m))
                return 1;

        r = unknown_read(m, l->answer.snapshot, &l->unknown_text_left, &next);
        if (r == 0 || (r > 0 && next != l->answer.snapshot->n_unknown) || next > l->answer.n_unknown)
                r = -EBADMSG;
        if (r < 0)
                fail_invalid(l, r);
        else
                fetch_next(l, /* findings= */ false, next);
        return 1;
}

/* the sweep */

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        ScannerClient *l = userdata;
        int r;

        if (reply_is_error(l, m))
                return 1;

        r = answer_read(m, l->previous, &l->answer);
        if (r < 0) {
                fail_invalid(l, r);
                return 1;
        }
        l->text_left = FINDINGS_TEXT_MAX;
        l->unknown_text_left = UNKNOWN_TEXT_MAX;
        fetch_next(l, /* findings= */ true, 0);
        return 1;
}

static int on_beacon(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        ScannerClient *l = userdata;
        int r;

        if (reply_is_error(l, m))
                return 1;

        r = beacon_read_fd(m, &l->beacon_fd);
        if (r < 0)
                fail_invalid(l, r);
        return 1;
}

/* Does it still move? */
static int on_check(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        uint64_t now = clock_now();
        SweepBeacon beacon;
        ScannerClient *l = userdata;
        int r;

        if (l->beacon_fd >= 0) {
                r = beacon_read(l->beacon_fd, &beacon);
                if (r < 0) {
                        fail_invalid(l, r);
                        return 0;
                }
                if (memcmp(&beacon, &l->beacon, sizeof(beacon)) != 0) {
                        l->beacon = beacon;
                        l->progress = now;
                }
        }
        if (now - l->progress >= l->timeout) {
                fail(l, /* hung= */ true, 0, "it hangs");
                return 0;
        }
        if (now - l->started >= SWEEP_MAX_USEC) {
                fail(l, /* hung= */ true, 0, "it does not come to an end");
                return 0;
        }
        return sd_event_source_set_time(source, now + (l->timeout / 4 < CHECK_MAX_USEC ? l->timeout / 4 : CHECK_MAX_USEC));
}

static int link_call_sweep(ScannerClient *l, const Request *request) {
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(l->bus, &m, /* destination= */ NULL, SCANNER_PATH, SCANNER_INTERFACE, "Sweep");
        if (r >= 0)
                r = request_append(m, request);
        if (r >= 0) {
                l->call = sd_bus_slot_unref(l->call);
                /* The beacon tells how long is too long: no timeout. */
                r = sd_bus_call_async(l->bus, &l->call, m, on_answer, l, UINT64_MAX);
        }
        sd_bus_message_unref(m);
        return r;
}

/* the connection */

static int on_disconnected(sd_bus_message *m _unused_, void *userdata, sd_bus_error *error _unused_) {
        fail(userdata, /* hung= */ false, 0, "it is gone");
        return 1;
}

static int on_changed(sd_bus_message *m _unused_, void *userdata, sd_bus_error *error _unused_) {
        ScannerClient *l = userdata;

        l->callbacks.on_changed(l->callbacks.userdata);
        return 1;
}

/* A scanner has nothing to ask of us: without this, sd-bus would answer each call. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        uint8_t type;

        if (sd_bus_message_get_type(m, &type) >= 0 && type == SD_BUS_MESSAGE_METHOD_CALL) {
                fail_invalid(userdata, -EBADMSG);
                return 1;
        }
        return 0;
}

static int socket_connect(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        /* EAGAIN: the backlog of the socket is full, so that systemd seems not to accept connections. */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int link_open(ScannerClient *l) {
        int fd, r;

        fd = socket_connect(l->socket_path);
        if (fd < 0)
                return fd;

        r = sd_bus_new(&l->bus);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        r = sd_bus_set_fd(l->bus, fd, fd);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        r = sd_bus_negotiate_fds(l->bus, 1);
        if (r >= 0)
                r = sd_bus_set_description(l->bus, "scanner");
        if (r >= 0)
                r = sd_bus_add_filter(l->bus, &l->filter, on_message, l);
        if (r >= 0)
                r = sd_bus_match_signal(l->bus, &l->disconnected, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, l);
        if (r >= 0)
                r = sd_bus_match_signal(l->bus, &l->changed, /* sender= */ NULL, SCANNER_PATH, SCANNER_INTERFACE,
                                        "Changed", on_changed, l);
        if (r >= 0)
                r = sd_bus_start(l->bus);
        if (r >= 0)
                r = sd_bus_attach_event(l->bus, l->event, (int) l->priority);
        if (r >= 0)
                r = sd_bus_call_method_async(l->bus, &l->beacon_call, /* destination= */ NULL, SCANNER_PATH, SCANNER_INTERFACE,
                                             "Beacon", on_beacon, l, "");
        return r;
}

int scanner_client_sweep(ScannerClient *l, const Request *request, const Snapshot *previous) {
        int r = 0;

        if (!l->bus)
                r = link_open(l);
        if (r >= 0)
                r = link_call_sweep(l, request);
        if (r >= 0) {
                l->started = l->progress = clock_now();
                l->sweeping = true;
                l->previous = previous;
                r = sd_event_source_set_time(l->check, l->started + (l->timeout / 4 < CHECK_MAX_USEC ? l->timeout / 4 : CHECK_MAX_USEC));
        }
        if (r >= 0)
                r = sd_event_source_set_enabled(l->check, SD_EVENT_ON);
        if (r < 0)
                disconnect(l);
        return r;
}

bool scanner_client_is_open(const ScannerClient *l) {
        return l->bus != NULL;
}

void scanner_client_reset(ScannerClient *l) {
        if (!l->sweeping)
                disconnect(l);
}

void scanner_client_set_timeout(ScannerClient *l, uint64_t timeout_usec) {
        l->timeout = timeout_usec;
}

int scanner_client_new(sd_event *event, int64_t priority, const char *socket_path, uint64_t timeout_usec,
             const ScannerClientCallbacks *callbacks, ScannerClient **ret) {
        _cleanup_(scanner_client_freep) ScannerClient *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->beacon_fd = -EBADF;
        l->priority = priority;
        l->timeout = timeout_usec;
        l->callbacks = *callbacks;
        l->event = sd_event_ref(event);
        l->socket_path = strdup(socket_path);
        if (!l->socket_path)
                return -ENOMEM;

        r = sd_event_add_time(event, &l->check, CLOCK_MONOTONIC, UINT64_MAX, /* accuracy= */ 0, on_check, l);
        if (r >= 0)
                r = sd_event_source_set_priority(l->check, priority);
        if (r >= 0)
                r = sd_event_add_defer(event, &l->finish, on_finish, l);
        if (r >= 0)
                r = sd_event_source_set_priority(l->finish, priority);
        if (r < 0)
                return r;
        sweep_over(l);

        *ret = TAKE_PTR(l);
        return 0;
}

ScannerClient *scanner_client_free(ScannerClient *l) {
        if (!l)
                return NULL;
        disconnect(l);
        sd_event_source_unref(l->check);
        sd_event_source_unref(l->finish);
        sd_event_unref(l->event);
        free(l->socket_path);
        free(l);
        return NULL;
}
