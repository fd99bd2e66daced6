/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A client with a clock, on the system bus:
 *   caller call SECONDS PAUSE WHAT…    asks each WHAT in turn, with PAUSE µs after each
 *   caller sweep SECONDS PAUSE WHAT…   the same, only while a Sweep() that it asked for goes on; PAUSE µs between sweeps
 *   caller rename PAUSE FILE…          renames FILE.new to FILE and waits for its FindingAdded, PAUSE µs to twice that
 *                                      between; without PAUSE (0) renames all and then waits
 * Prints what was asked and how long it took, in µs, one a line, at the end.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define NAME "org.stalelib1"
#define PATH "/org/stalelib1"
#define MANAGER "org.stalelib1.Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* Between two calls during a sweep. */
#define CALL_PAUSE_USEC 200
#define HEARD_TIMEOUT_USEC 30000000
#define SAMPLES_MAX (1 << 20)

typedef struct What {
        const char *name, *destination, *path, *interface, *member, *property;
} What;

static const What whats[] = {
        /* The bus alone: what no daemon on it can do without. */
        { "GetId", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", NULL },
        { "State", NAME, PATH, PROPERTIES, "Get", "State" },
        { "LastSweepSummary", NAME, PATH, PROPERTIES, "Get", "LastSweepSummary" },
        { "ListFindings", NAME, PATH, MANAGER, "ListFindings", NULL },
};

static struct {
        const char *name;
        uint64_t usec;
} samples[SAMPLES_MAX];
static size_t n_samples;

typedef struct File {
        const char *path;
        uint64_t renamed;
        bool heard;
} File;

typedef struct Files {
        File *files;
        size_t n, n_heard;
} Files;

static void check(int r, const char *what) {
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static uint64_t now_nsec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

static void pause_usec(uint64_t usec) {
        const struct timespec t = { .tv_sec = (time_t) (usec / 1000000), .tv_nsec = (long) (usec % 1000000 * 1000) };

        clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static void note(const char *name, uint64_t begin_nsec) {
        if (n_samples == SAMPLES_MAX)
                check(-ENOBUFS, "samples");
        samples[n_samples].name = name;
        samples[n_samples++].usec = (now_nsec() - begin_nsec + 500) / 1000;
}

static sd_bus *bus_new(void) {
        sd_bus *bus;

        check(sd_bus_open_system(&bus), "the bus");
        return bus;
}

static const What *what_find(const char *name) {
        for (size_t i = 0; i < sizeof(whats) / sizeof(*whats); i++)
                if (strcmp(whats[i].name, name) == 0)
                        return whats + i;
        check(-EINVAL, name);
        return NULL;
}

static void call(sd_bus *bus, const What *w) {
        uint64_t begin = now_nsec();
        sd_bus_message *reply = NULL;

        check(sd_bus_call_method(bus, w->destination, w->path, w->interface, w->member, NULL, &reply,
                                 w->property ? "ss" : NULL, MANAGER, w->property), w->name);
        note(w->name, begin);
        sd_bus_message_unref(reply);
}

static void call_all(sd_bus *bus, char *names[], uint64_t pause) {
        for (; *names; names++) {
                call(bus, what_find(*names));
                pause_usec(pause);
        }
}

static void do_call(uint64_t end, uint64_t pause, char *names[]) {
        sd_bus *bus = bus_new();

        while (now_nsec() < end)
                call_all(bus, names, pause);
        sd_bus_flush_close_unref(bus);
}

static int on_swept(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bool *swept = userdata;

        (void) error;
        check(-sd_bus_message_get_errno(m), "Sweep");
        *swept = true;
        return 1;
}

static void do_sweep(uint64_t end, uint64_t pause, char *names[]) {
        sd_bus *bus = bus_new(), *sweeping = bus_new();

        while (now_nsec() < end) {
                uint64_t begin = now_nsec();
                bool swept = false;

                check(sd_bus_call_method_async(sweeping, NULL, NAME, PATH, MANAGER, "Sweep", on_swept, &swept, NULL), "Sweep");
                check(sd_bus_flush(sweeping), "Sweep");
                while (!swept) {
                        int r;

                        call_all(bus, names, CALL_PAUSE_USEC);
                        while ((r = sd_bus_process(sweeping, NULL)) > 0)
                                ;
                        check(r, "Sweep");
                        if (!*names && !swept)
                                check(sd_bus_wait(sweeping, UINT64_MAX), "Sweep");
                }
                note("Sweep", begin);
                pause_usec(pause);
        }
        sd_bus_flush_close_unref(bus);
        sd_bus_flush_close_unref(sweeping);
}

/* The member "path" of a finding. */
static int read_path(sd_bus_message *m, const char **ret) {
        int r;

        *ret = "";
        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *key;

                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = strcmp(key, "path") == 0 ? sd_bus_message_read(m, "v", "s", ret) : sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Files *f = userdata;
        const char *path;

        (void) error;
        check(read_path(m, &path), "FindingAdded");
        for (size_t i = 0; i < f->n; i++)
                if (!f->files[i].heard && f->files[i].renamed != 0 && strcmp(f->files[i].path, path) == 0) {
                        note("FindingAdded", f->files[i].renamed);
                        f->files[i].heard = true;
                        f->n_heard++;
                }
        return 0;
}

static void await(sd_bus *bus, const Files *f, size_t n) {
        uint64_t end = now_nsec() + HEARD_TIMEOUT_USEC * UINT64_C(1000);

        while (f->n_heard < n) {
                int r = sd_bus_process(bus, NULL);

                check(r, "the bus");
                if (r == 0)
                        check(sd_bus_wait(bus, 100000), "the bus");
                if (now_nsec() > end)
                        check(-ETIMEDOUT, "FindingAdded");
        }
}

static void do_rename(uint64_t pause, char *names[]) {
        sd_bus *bus = bus_new();
        Files f = {};

        while (names[f.n])
                f.n++;
        f.files = calloc(f.n + 1, sizeof(*f.files));
        if (!f.files)
                check(-ENOMEM, "files");
        check(sd_bus_match_signal(bus, NULL, NAME, PATH, MANAGER, "FindingAdded", on_added, &f), "FindingAdded");
        srand48(1);
        for (size_t i = 0; i < f.n; i++) {
                char new[4096];

                snprintf(new, sizeof(new), "%s.new", names[i]);
                f.files[i] = (File){ .path = names[i], .renamed = now_nsec() };
                check(rename(new, names[i]) < 0 ? -errno : 0, new);
                if (pause > 0) {
                        await(bus, &f, i + 1);
                        pause_usec(pause + (uint64_t) ((double) pause * drand48()));
                }
        }
        await(bus, &f, f.n);
        sd_bus_flush_close_unref(bus);
        free(f.files);
}

int main(int argc, char *argv[]) {
        if (argc > 3 && strcmp(argv[1], "rename") == 0)
                do_rename(strtoull(argv[2], NULL, 10), argv + 3);
        else if (argc > 3) {
                uint64_t end = now_nsec() + (uint64_t) (strtod(argv[2], NULL) * 1e9), pause = strtoull(argv[3], NULL, 10);

                if (strcmp(argv[1], "call") == 0)
                        do_call(end, pause, argv + 4);
                else if (strcmp(argv[1], "sweep") == 0)
                        do_sweep(end, pause, argv + 4);
                else
                        check(-EINVAL, argv[1]);
        } else
                check(-EINVAL, "arguments");
        for (size_t i = 0; i < n_samples; i++)
                printf("%s\t%llu\n", samples[i].name, (unsigned long long) samples[i].usec);
        return EXIT_SUCCESS;
}
