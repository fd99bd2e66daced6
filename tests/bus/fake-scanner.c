/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A scanner that answers what a test wrote down, and misbehaves when told to.
 *
 *         fake-scanner DIRECTORY
 *
 * DIRECTORY/findings: one finding a line, in JSON. DIRECTORY/standing: likewise, of those that there is no
 * space for in the list. DIRECTORY/looked: "PID START-TIME LOOK"
 * a line, besides the processes of the findings. DIRECTORY/unknown: "PID START-TIME REASON
 * INODE PATH" a line, on device 253:0. DIRECTORY/missing: a mask of Requirement. DIRECTORY/mode: see
 * on_sweep(). All are read with each sweep. SIGUSR1: something changed.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <systemd/sd-event.h>

#include "finding-text.h"
#include "message.h"
#include "request.h"

typedef struct Fake {
        const char *directory;
        sd_event *event;
        sd_bus *bus;
        SweepBeacon *beacon;
        int beacon_fd;
        Snapshot *snapshot, *standing;
        char mode[64];
} Fake;

static FILE *file_open(const Fake *f, const char *name) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", f->directory, name) < 0)
                abort();
        return fopen(path, "re");
}

static void read_mode(Fake *f) {
        FILE *file = file_open(f, "mode");

        strcpy(f->mode, "ok");
        if (file) {
                if (fscanf(file, "%63s", f->mode) != 1)
                        strcpy(f->mode, "ok");
                fclose(file);
        }
}

static void add_looked(Snapshot *s, pid_t pid, uint64_t start_time, Look look) {
        for (size_t i = 0; i < s->n_looked; i++)
                if (s->looked[i].pid == pid)
                        return;
        if (snapshot_add_looked(s, pid, start_time, look) < 0)
                abort();
}

static void read_looked(const Fake *f, Snapshot *s) {
        FILE *file = file_open(f, "looked");
        unsigned long long start_time;
        unsigned look;
        int pid;

        while (file && fscanf(file, "%d %llu %u", &pid, &start_time, &look) == 3) {
                add_looked(s, pid, start_time, look);
                s->counts.unreadable += look == LOOK_FAILED;
        }
        if (file)
                fclose(file);
}

static void read_unknown(const Fake *f, Snapshot *s) {
        FILE *file = file_open(f, "unknown");
        unsigned long long start_time, inode;
        unsigned reason;
        char path[4096];
        int pid;

        while (file && fscanf(file, "%d %llu %u %llu %4095s", &pid, &start_time, &reason, &inode, path) == 5) {
                UnknownMapping u = { .pid = pid, .start_time = start_time, .comm = (char *) "nginx", .path = path,
                                     .dev_major = 253, .inode = inode, .reason = reason };

                if (!streq(f->mode, "unlooked"))
                        add_looked(s, pid, start_time, LOOK_DONE);
                if (snapshot_add_unknown(s, &u) < 0)
                        abort();
                s->counts.unknown_by[reason]++;
        }
        if (file)
                fclose(file);
}

/* looked: where their processes are added to. */
static void read_findings(const Fake *f, const char *name, Snapshot *s, Snapshot *looked) {
        FILE *file = file_open(f, name);
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t n;

        while (file && (n = getline(&line, &size, file)) > 0) {
                Finding finding = {};

                if (finding_from_text(line, (size_t) n - (line[n - 1] == '\n'), &finding) < 0) {
                        fprintf(stderr, "fake-scanner: not a finding: %s\n", line);
                        abort();
                }
                if (!streq(f->mode, "unlooked"))
                        add_looked(looked, finding.pid, finding.start_time, LOOK_DONE);
                if (snapshot_take_finding(s, &finding) < 0)
                        abort();
        }
        if (file)
                fclose(file);
}

/* Of all that there is, listed or not; and of what is neither. */
static void count_all(const Fake *f, Snapshot *s, const Snapshot *standing) {
        Snapshot *all = snapshot_new();

        if (!all)
                abort();
        for (size_t i = 0; i < s->n_findings; i++)
                snapshot_add_finding(all, s->findings[i]);
        for (size_t i = 0; i < standing->n_findings; i++)
                snapshot_add_finding(all, standing->findings[i]);
        snapshot_freeze(all);
        s->counts.stale = all->listed;
        if (streq(f->mode, "cut"))
                s->counts.stale.findings[URGENCY_NORMAL] += 7;
        snapshot_free(all);
}

static void read_snapshot(Fake *f) {
        Snapshot *s = snapshot_new(), *standing = snapshot_new();

        if (!s || !standing)
                abort();
        read_looked(f, s);
        read_findings(f, "findings", s, s);
        read_findings(f, "standing", standing, s);
        read_unknown(f, s);
        count_all(f, s, standing);
        s->counts.processes = s->n_looked;
        s->counts.duration_usec = 1234;
        snapshot_freeze(s);
        /* What was found before and is not now, of a process that is still there, is current again. */
        for (size_t i = 0; f->snapshot && i < f->snapshot->n_findings; i++)
                if (!snapshot_find(s, f->snapshot->findings[i]) && streq(f->mode, "current-again"))
                        snapshot_add_recovered(s, f->snapshot->findings[i]);
        snapshot_freeze(s);
        snapshot_free(f->snapshot);
        snapshot_free(f->standing);
        f->snapshot = s;
        f->standing = standing;
}

static uint32_t read_missing(const Fake *f) {
        FILE *file = file_open(f, "missing");
        unsigned missing = 0;

        if (file) {
                if (fscanf(file, "%u", &missing) != 1)
                        missing = 0;
                fclose(file);
        }
        return missing;
}

static int answer(Fake *f, sd_bus_message *call) {
        sd_bus_message *reply = NULL;
        uint32_t n;
        int r;

        read_snapshot(f);
        n = (uint32_t) f->snapshot->n_findings;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = answer_append(reply, f->snapshot, n, f->standing->findings, f->standing->n_findings,
                                  read_missing(f));
        if (r >= 0)
                r = sd_bus_send(f->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static bool is_skipped(const Request *request, pid_t pid) {
        for (size_t i = 0; i < request->n_skip_processes; i++)
                if (request->skip_processes[i].pid == pid)
                        return true;
        return false;
}

/* Of user 1000, who has many that hang: the first that is not left out; 0 where all are. */
static pid_t next_of_user(const Request *request) {
        for (size_t i = 0; i < request->n_skip_owners; i++)
                if (request->skip_owners[i] == 1000)
                        return 0;
        for (pid_t pid = 5000; pid < 5100; pid++)
                if (!is_skipped(request, pid))
                        return pid;
        return 0;
}

/* Misbehaves while it looks at process 4242, unless that is to be left out. */
static int on_sweep(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Request request = {};
        Fake *f = userdata;
        bool skipped;
        pid_t of_user;
        int r;

        r = request_read(m, &request);
        if (r < 0)
                return r;
        skipped = is_skipped(&request, 4242) || request.n_skip_devices > 0;
        of_user = next_of_user(&request);
        request_done(&request);

        read_mode(f);
        if (streq(f->mode, "hang-user") && of_user != 0) {
                *f->beacon = (SweepBeacon){ .pid = of_user, .start_time = 7, .owner = 1000 };
                return 1;
        }
        *f->beacon = (SweepBeacon){ .pid = 4242, .start_time = 7 };
        if (streq(f->mode, "hang") && !skipped)
                return 1;
        if (streq(f->mode, "hang-file") && !skipped) {
                f->beacon->on_file = 1;
                f->beacon->dev_minor = 45;
                return 1;
        }
        if (streq(f->mode, "die") && !skipped)
                raise(SIGKILL);
        *f->beacon = (SweepBeacon){};
        if (streq(f->mode, "stop"))
                raise(SIGSTOP);
        if (streq(f->mode, "slow")) {
                usleep(50000);
                fprintf(stderr, "swept slowly\n");
        }
        if (streq(f->mode, "error"))
                return sd_bus_error_set_errno(error, -EMFILE);
        if (streq(f->mode, "nonsense"))
                return sd_bus_reply_method_return(m, "s", "all is well");
        if (streq(f->mode, "asks"))
                return sd_bus_call_method_async(f->bus, NULL, NULL, "/", "org.example", "Exec", NULL, NULL, "s", "/bin/sh");
        return answer(f, m);
}

static int on_fetch(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        Fake *f = userdata;
        uint32_t first;
        bool keeps;
        size_t i;
        int r;

        r = sd_bus_message_read(m, "u", &first);
        if (r < 0)
                return r;
        if (streq(f->mode, "bad-finding"))
                return sd_bus_reply_method_return(m, PIECE_SIGNATURE, 1, "{\"pid\":0}", 0, 1);
        if (streq(f->mode, "no-progress"))
                return sd_bus_reply_method_return(m, PIECE_SIGNATURE, 0, 0, 0);
        /* What it never had. */
        if (streq(f->mode, "keeps-other"))
                return sd_bus_reply_method_return(m, PIECE_SIGNATURE, 0, 1, 4343, UINT64_C(7), 1, 1, UINT64_C(1), "", 1);
        if (!f->snapshot || first > f->snapshot->n_findings)
                return sd_bus_error_set_errno(error, -EINVAL);

        keeps = streq(f->mode, "keeps");
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (i = first; r >= 0 && i < f->snapshot->n_findings && i < first + PIECE_MAX; i++) {
                _cleanup_free_ char *text = NULL;

                if (keeps)
                        continue;
                if (finding_to_text(f->snapshot->findings[i], &text) < 0)
                        abort();
                r = sd_bus_message_append(reply, "s", text);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = keys_append(reply, f->snapshot->findings + first, keeps ? i - first : 0);
        if (r >= 0)
                r = sd_bus_message_append(reply, "u", (uint32_t) i);
        if (r >= 0)
                r = sd_bus_send(f->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int on_fetch_unknown(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        Fake *f = userdata;
        uint32_t first;
        int r;

        r = sd_bus_message_read(m, "u", &first);
        if (r < 0)
                return r;
        if (streq(f->mode, "no-unknown"))
                return sd_bus_reply_method_return(m, UNKNOWN_PIECE_SIGNATURE, 0, first);
        if (streq(f->mode, "bad-unknown"))
                return sd_bus_reply_method_return(m, UNKNOWN_PIECE_SIGNATURE, 1, 100, UINT64_C(77), "a", "/a", 1, 1, UINT64_C(1), 99, 1);
        if (!f->snapshot || first > f->snapshot->n_unknown)
                return sd_bus_error_set_errno(error, -EINVAL);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = unknown_append(reply, f->snapshot, first);
        if (r >= 0)
                r = sd_bus_send(f->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int on_beacon(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        Fake *f = userdata;
        int pipes[2], r;

        read_mode(f);
        if (!streq(f->mode, "pipe"))
                return sd_bus_reply_method_return(m, "h", f->beacon_fd);

        /* What would keep a trusting reader waiting for ever. */
        if (pipe(pipes) < 0)
                return -errno;
        r = sd_bus_reply_method_return(m, "h", pipes[0]);
        close(pipes[0]);
        return r;
}

/* No vtable: with one, sd-bus would hold our answers to its signatures. */
static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        if (sd_bus_message_is_method_call(m, SCANNER_INTERFACE, "Beacon") > 0)
                return on_beacon(m, userdata, error);
        if (sd_bus_message_is_method_call(m, SCANNER_INTERFACE, "Sweep") > 0)
                return on_sweep(m, userdata, error);
        if (sd_bus_message_is_method_call(m, SCANNER_INTERFACE, "Fetch") > 0)
                return on_fetch(m, userdata, error);
        if (sd_bus_message_is_method_call(m, SCANNER_INTERFACE, "FetchUnknown") > 0)
                return on_fetch_unknown(m, userdata, error);
        return 0;
}

static int on_disconnected(sd_bus_message *m _unused_, void *userdata, sd_bus_error *error _unused_) {
        Fake *f = userdata;

        return sd_event_exit(f->event, 0);
}

static int on_change(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_, void *userdata) {
        Fake *f = userdata;

        return sd_bus_emit_signal(f->bus, SCANNER_PATH, SCANNER_INTERFACE, "Changed", "");
}

int main(int argc, char *argv[]) {
        Fake f = { .directory = argc > 1 ? argv[1] : "." };
        sd_id128_t id;
        sigset_t mask;
        int r;

        f.beacon_fd = memfd_create("beacon", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (f.beacon_fd < 0 || ftruncate(f.beacon_fd, sizeof(*f.beacon)) < 0 ||
            fcntl(f.beacon_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                return 1;
        f.beacon = mmap(NULL, sizeof(*f.beacon), PROT_READ | PROT_WRITE, MAP_SHARED, f.beacon_fd, 0);
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR1);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        if (f.beacon == MAP_FAILED ||
            sd_id128_randomize(&id) < 0 ||
            sd_event_new(&f.event) < 0 ||
            sd_event_add_signal(f.event, NULL, SIGUSR1, on_change, &f) < 0 ||
            sd_bus_new(&f.bus) < 0 ||
            sd_bus_set_fd(f.bus, 3, 3) < 0 ||
            sd_bus_set_server(f.bus, 1, id) < 0 ||
            sd_bus_negotiate_fds(f.bus, 1) < 0 ||
            sd_bus_add_object(f.bus, NULL, SCANNER_PATH, on_call, &f) < 0 ||
            sd_bus_match_signal(f.bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, &f) < 0 ||
            sd_bus_start(f.bus) < 0 ||
            sd_bus_attach_event(f.bus, f.event, 0) < 0)
                return 1;
        r = sd_event_loop(f.event);
        snapshot_free(f.snapshot);
        snapshot_free(f.standing);
        sd_bus_close_unref(f.bus);
        sd_event_unref(f.event);
        return r < 0;
}
