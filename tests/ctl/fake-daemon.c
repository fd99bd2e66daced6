/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A daemon that says what a test wrote down: lists that were cut, counts without a list,
 * and what a daemon of an earlier version leaves out.
 *
 *         fake-daemon DIRECTORY
 *
 * All files of DIRECTORY are read with each call. findings: one a line, in JSON. unknown: "PID COMM REASON [PATH]" a
 * line; without this file, ListUnknown() is no method. summary, properties: "KEY NUMBER" a line, members of
 * LastSweepSummary (and of what Sweep() returns) and further properties. degraded: the reason. busy: the next list is
 * refused, and the file removed.
 */

#include <limits.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "dictionary.h"
#include "finding-text.h"
#include "message.h"
#include "util/base.h"
#include "util/clock.h"

#define MANAGER "org.stalelib1.Manager"

static const char *directory;
static uint64_t sweeps = 1; /* the number of the last one is when it began */

static FILE *file_open(const char *name) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                abort();
        return fopen(path, "re");
}

/* "KEY NUMBER" lines, as {sv} entries of an open array. */
static int append_numbers(sd_bus_message *m, const char *name) {
        FILE *f = file_open(name);
        unsigned long long n;
        char key[64];
        int r = 0;

        while (r >= 0 && f && fscanf(f, "%63s %llu", key, &n) == 2)
                r = sd_bus_message_append(m, "{sv}", key, "t", (uint64_t) n);
        if (f)
                fclose(f);
        return r;
}

static int append_summary(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "started", "t", sweeps);
        if (r >= 0)
                r = append_numbers(m, "summary");
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_findings(sd_bus_message *m, long long pid) {
        FILE *f = file_open("findings");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t n;
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        while (r >= 0 && f && (n = getline(&line, &size, f)) > 0) {
                _cleanup_(finding_done) Finding finding = {};

                if (finding_from_text(line, (size_t) n - (line[n - 1] == '\n'), &finding) < 0)
                        abort();
                if (pid == 0 || pid == finding.pid)
                        r = dictionary_append_finding(m, &finding, /* explained= */ false);
        }
        if (f)
                fclose(f);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_unknown(sd_bus_message *m, FILE *f) {
        char line[512];
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        while (r >= 0 && fgets(line, sizeof(line), f)) {
                char comm[64], reason[64], path[256] = "";
                unsigned pid;

                if (sscanf(line, "%u %63s %63s %255s", &pid, comm, reason, path) < 3)
                        abort();
                r = sd_bus_message_open_container(m, 'a', "{sv}");
                if (r >= 0)
                        r = sd_bus_message_append(m, "{sv}{sv}{sv}", "pid", "u", pid, "comm", "s", comm, "reason", "s", reason);
                if (r >= 0 && *path)
                        r = sd_bus_message_append(m, "{sv}", "path", "s", path);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_variant_summary(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "LastSweepSummary");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a{sv}");
        if (r >= 0)
                r = append_summary(m);
        for (int i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_properties(sd_bus_message *m) {
        FILE *f = file_open("degraded");
        char reason[256] = "";
        int r;

        if (f) {
                if (!fgets(reason, sizeof(reason), f))
                        strcpy(reason, "why");
                reason[strcspn(reason, "\n")] = '\0';
                fclose(f);
        }
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "Version", "s", "fake", "State", "s", "running",
                                          "LastSweep", "t", UINT64_C(1), "LastSweepMonotonic", "t", clock_now(),
                                          "Degraded", "b", *reason != '\0', "DegradedReason", "s", reason);
        if (r >= 0)
                r = append_numbers(m, "properties");
        if (r >= 0)
                r = append_variant_summary(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_explanation(sd_bus_message *call, sd_bus_message *reply) {
        uint32_t pid = 0;
        int r;

        r = sd_bus_message_read(call, "u", &pid);
        return r < 0 ? r : append_findings(reply, pid);
}

static bool is_busy(sd_bus_message *m) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/busy", directory);
        return (sd_bus_message_is_method_call(m, MANAGER, "ListFindings") > 0 ||
                sd_bus_message_is_method_call(m, MANAGER, "ListUnknown") > 0) && unlink(path) == 0;
}

static int on_call(sd_bus_message *m, _unused_ void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        FILE *unknown = NULL;
        int r;

        if (is_busy(m))
                return sd_bus_error_set(error, "org.stalelib1.Error.Busy", "That is asked for too often");
        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "GetAll") > 0)
                r = append_properties(reply);
        else if (sd_bus_message_is_method_call(m, MANAGER, "Sweep") > 0) {
                sweeps++;
                r = append_summary(reply);
        } else if (sd_bus_message_is_method_call(m, MANAGER, "ListFindings") > 0)
                r = append_findings(reply, /* pid= */ 0);
        else if (sd_bus_message_is_method_call(m, MANAGER, "Explain") > 0)
                r = append_explanation(m, reply);
        else if (sd_bus_message_is_method_call(m, MANAGER, "ListUnknown") > 0 && (unknown = file_open("unknown")))
                r = append_unknown(reply, unknown);
        else
                r = sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, "There is no such method");
        if (unknown)
                fclose(unknown);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r < 0 ? r : 1;
}

int main(int argc, char *argv[]) {
        sd_bus *bus = NULL;
        int r;

        directory = argc > 1 ? argv[1] : ".";
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/stalelib1", on_call, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.stalelib1", 0);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_close_unref(bus);
        return 1;
}
