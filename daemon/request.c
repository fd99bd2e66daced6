/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "finding-text.h"
#include "wire-limits.h"
#include "request.h"
#include "util/escape.h"

#define GLOBS_MAX 4096

void request_done(Request *r) {
        strv_free(r->ignore_paths);
        strv_free(r->ignore_exes);
        strv_free(r->ignore_units);
        free(r->skip_processes);
        free(r->skip_devices);
        free(r->skip_owners);
        snapshot_free(r->previous);
        free(r->previous_states);
        *r = (Request){};
}

/* findings */

static int key_append(sd_bus_message *m, const Finding *f) {
        /* The path is part of the key only where there is no inode number. */
        _cleanup_free_ char *path = escape(f->mapped.inode == 0 && f->path ? f->path : "");

        if (!path)
                return -ENOMEM;
        return sd_bus_message_append(m, KEY_SIGNATURE, (uint32_t) f->pid, f->start_time, f->mapped.dev_major,
                                     f->mapped.dev_minor, f->mapped.inode, path);
}

int keys_append(sd_bus_message *m, Finding *const *findings, size_t n) {
        int r;

        r = sd_bus_message_open_container(m, 'a', KEY_SIGNATURE);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = key_append(m, findings[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Returns 1, or 0 at the end of the list. */
static int key_read(sd_bus_message *m, Finding *ret) {
        Finding key = { .mapped.known = true };
        const char *path;
        uint32_t pid;
        int r;

        r = sd_bus_message_read(m, KEY_SIGNATURE, &pid, &key.start_time, &key.mapped.dev_major,
                                &key.mapped.dev_minor, &key.mapped.inode, &path);
        if (r == 0)
                return 0;
        if (r < 0 || pid == 0 || pid > PID_MAX || strlen(path) > FINDING_TEXT_MAX)
                return r == -ENOMEM ? r : -EBADMSG;

        key.pid = (pid_t) pid;
        if (!strdup_to(&key.path, path))
                return -ENOMEM;
        if (unescape(key.path) < 0) {
                free(key.path);
                return -EBADMSG;
        }
        *ret = key;
        return 1;
}

int keys_read(sd_bus_message *m, size_t max, int (*take)(void *userdata, Finding *key), void *userdata) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', KEY_SIGNATURE);
        if (r <= 0)
                return r == -ENOMEM ? r : -EBADMSG;

        for (size_t n = 0;; n++) {
                _cleanup_(finding_done) Finding key = {};

                r = key_read(m, &key);
                if (r <= 0)
                        break;
                if (n >= max)
                        return -EBADMSG;
                r = take(userdata, &key);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

/* the parts of a request */

static int append_globs(sd_bus_message *m, const char *key, char **globs) {
        int r;

        if (!globs)
                return 0;
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, globs);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_skips(sd_bus_message *m, const Request *request) {
        int r;

        r = sd_bus_message_append(m, "s", "SkipProcesses");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(ut)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(ut)");
        for (size_t i = 0; r >= 0 && i < request->n_skip_processes; i++)
                r = sd_bus_message_append(m, "(ut)", (uint32_t) request->skip_processes[i].pid,
                                          request->skip_processes[i].start_time);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_devices(sd_bus_message *m, const Request *request) {
        int r;

        r = sd_bus_message_append(m, "s", "SkipDevices");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(uu)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(uu)");
        for (size_t i = 0; r >= 0 && i < request->n_skip_devices; i++)
                r = sd_bus_message_append(m, "(uu)", request->skip_devices[i].dev_major, request->skip_devices[i].dev_minor);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_owners(sd_bus_message *m, const Request *request) {
        int r;

        r = sd_bus_message_append(m, "s", "SkipOwners");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "at");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 't', request->skip_owners, request->n_skip_owners * sizeof(*request->skip_owners));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_previous_one(sd_bus_message *m, const Finding *f, bool listed) {
        size_t length;
        int r;

        r = finding_text_length(f, &length);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', KEY_SIGNATURE "uuub");
        if (r >= 0)
                r = key_append(m, f);
        if (r >= 0)
                r = sd_bus_message_append(m, "uuub", f->flags, (uint32_t) f->uid, (uint32_t) length, (int) listed);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_previous(sd_bus_message *m, const Request *request) {
        SnapshotWalk walk = { .snapshot = request->previous };
        const Finding *f;
        bool listed;
        int r;

        r = sd_bus_message_append(m, "s", "Previous");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a" PREVIOUS_SIGNATURE);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', PREVIOUS_SIGNATURE);
        while (r >= 0 && (f = snapshot_walk_next(&walk, &listed)))
                r = append_previous_one(m, f, listed);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* One entry of the dictionary, written by a function of its own. */
static int append_entry(sd_bus_message *m, const Request *request, int (*append)(sd_bus_message *m, const Request *request)) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = append(m, request);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int request_append(sd_bus_message *m, const Request *request) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}",
                                          "RemoteFileSystems", "b", (int) request->remote_file_systems,
                                          "Watch", "b", (int) request->watch);
        if (r >= 0)
                r = append_globs(m, "IgnorePaths", request->ignore_paths);
        if (r >= 0)
                r = append_globs(m, "IgnoreExes", request->ignore_exes);
        if (r >= 0)
                r = append_globs(m, "IgnoreUnits", request->ignore_units);
        if (r >= 0 && request->n_skip_processes > 0)
                r = append_entry(m, request, append_skips);
        if (r >= 0 && request->n_skip_devices > 0)
                r = append_entry(m, request, append_devices);
        if (r >= 0 && request->owners)
                r = append_entry(m, request, append_owners);
        if (r >= 0 && request->previous)
                r = append_entry(m, request, append_previous);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int read_bool(sd_bus_message *m, bool *ret) {
        int b, r;

        r = sd_bus_message_read(m, "v", "b", &b);
        if (r < 0)
                return r;
        *ret = b;
        return 0;
}

static int read_globs(sd_bus_message *m, char ***ret) {
        const char *glob;
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &glob)) > 0)
                r = n++ < GLOBS_MAX && strlen(glob) < PATH_MAX ? strv_add(ret, glob) : -EBADMSG;
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_skips(sd_bus_message *m, Request *request) {
        size_t allocated = 0;
        uint64_t start_time;
        uint32_t pid;
        int r;

        if (request->skip_processes)
                return -EBADMSG;
        r = sd_bus_message_enter_container(m, 'v', "a(ut)");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(ut)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(ut)", &pid, &start_time)) > 0) {
                size_t n = request->n_skip_processes;

                if (n >= REQUEST_SKIP_MAX || pid > PID_MAX)
                        return -EBADMSG;
                if (!GROW(request->skip_processes, allocated, n + 1))
                        return -ENOMEM;
                request->skip_processes[n] = (SweepProcess){ .pid = (pid_t) pid, .start_time = start_time };
                request->n_skip_processes++;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_devices(sd_bus_message *m, Request *request) {
        size_t allocated = 0;
        SweepDevice device;
        int r;

        if (request->skip_devices)
                return -EBADMSG;
        r = sd_bus_message_enter_container(m, 'v', "a(uu)");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(uu)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(uu)", &device.dev_major, &device.dev_minor)) > 0) {
                size_t n = request->n_skip_devices;

                if (n >= REQUEST_SKIP_MAX)
                        return -EBADMSG;
                if (!GROW(request->skip_devices, allocated, n + 1))
                        return -ENOMEM;
                request->skip_devices[n] = device;
                request->n_skip_devices++;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_owners(sd_bus_message *m, Request *request) {
        const uint64_t *owners;
        size_t size;
        int r;

        if (request->skip_owners)
                return -EBADMSG;
        r = sd_bus_message_enter_container(m, 'v', "at");
        if (r >= 0)
                r = sd_bus_message_read_array(m, 't', (const void **) &owners, &size);
        if (r < 0)
                return r;
        if (size > REQUEST_SKIP_MAX * sizeof(*owners))
                return -EBADMSG;
        request->skip_owners = malloc(size + 1);
        if (!request->skip_owners)
                return -ENOMEM;
        if (size > 0)
                memcpy(request->skip_owners, owners, size);
        request->n_skip_owners = size / sizeof(*owners);
        request->owners = true;
        return sd_bus_message_exit_container(m);
}

/* Returns 1, or 0 at the end of the list. */
static int read_previous_one(sd_bus_message *m, Finding *ret, PreviousState *ret_state) {
        _cleanup_(finding_done) Finding f = {};
        uint32_t uid, length;
        int listed, r;

        r = sd_bus_message_enter_container(m, 'r', KEY_SIGNATURE "uuub");
        if (r <= 0)
                return r;
        r = key_read(m, &f);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        r = sd_bus_message_read(m, "uuub", &f.flags, &uid, &length, &listed);
        if (r < 0)
                return r;
        if ((f.flags & ~(uint32_t) FLAG_ALL) || length > FINDING_TEXT_MAX)
                return -EBADMSG;
        f.uid = uid;
        *ret = f;
        *ret_state = (PreviousState){ .text_length = length, .listed = listed };
        f = (Finding){};
        return sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 1;
}

/* In order, so that the states stay parallel to the findings. */
static int take_previous(Request *request, size_t *allocated, Finding *f, const PreviousState *state) {
        Snapshot *s = request->previous;

        if (s->n_findings >= KNOWN_MAX || (s->n_findings > 0 && finding_compare(s->findings[s->n_findings - 1], f) >= 0))
                return -EBADMSG;
        if (!GROW(request->previous_states, *allocated, s->n_findings + 1))
                return -ENOMEM;
        request->previous_states[s->n_findings] = *state;
        return snapshot_take_finding(s, f);
}

static int read_previous(sd_bus_message *m, Request *request) {
        size_t allocated = 0;
        int r;

        if (request->previous)
                return -EBADMSG;
        request->previous = snapshot_new();
        if (!request->previous)
                return -ENOMEM;

        r = sd_bus_message_enter_container(m, 'v', "a" PREVIOUS_SIGNATURE);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', PREVIOUS_SIGNATURE);
        while (r >= 0) {
                _cleanup_(finding_done) Finding f = {};
                PreviousState state;

                r = read_previous_one(m, &f, &state);
                if (r <= 0)
                        break;
                r = take_previous(request, &allocated, &f, &state);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        snapshot_freeze(request->previous);
        return sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, const char *key, Request *request) {
        if (streq(key, "RemoteFileSystems"))
                return read_bool(m, &request->remote_file_systems);
        if (streq(key, "Watch"))
                return read_bool(m, &request->watch);
        if (streq(key, "IgnorePaths"))
                return read_globs(m, &request->ignore_paths);
        if (streq(key, "IgnoreExes"))
                return read_globs(m, &request->ignore_exes);
        if (streq(key, "IgnoreUnits"))
                return read_globs(m, &request->ignore_units);
        if (streq(key, "SkipProcesses"))
                return read_skips(m, request);
        if (streq(key, "SkipDevices"))
                return read_devices(m, request);
        if (streq(key, "SkipOwners"))
                return read_owners(m, request);
        if (streq(key, "Previous"))
                return read_previous(m, request);
        return sd_bus_message_skip(m, "v");
}

int request_read(sd_bus_message *m, Request *ret) {
        _cleanup_(request_done) Request request = {};
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_value(m, key, &request);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;

        *ret = request;
        request = (Request){};
        return 0;
}
