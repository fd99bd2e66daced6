/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <systemd/sd-event.h>

#include "sandbox.h"
#include "handover.h"
#include "log.h"
#include "message.h"
#include "proc/process-owner.h"
#include "proc/requirements.h"
#include "request.h"
#include "scanner.h"
#include "util/clock.h"
#include "util/timespan.h"
#include "watch.h"

/* How long a sweep runs before the bus is polled again. */
#define SLICE_USEC (5 * USEC_PER_MSEC)
/*
 * Changes are read at most every QUIET, however many there are. They are reported once
 * there were none for that long, and at the latest after DELAY. Other events (/dev/null is
 * closed all day) are read as they come, but over time no more often than every NOISE, with
 * NOISE_BURST of them at once: changes are then delayed as long, and a steady stream of events
 * costs 0.3 % of a core.
 */
#define QUIET_USEC (5 * USEC_PER_MSEC)
#define DELAY_USEC (250 * USEC_PER_MSEC)
#define NOISE_USEC (20 * USEC_PER_MSEC)
#define NOISE_BURST_USEC USEC_PER_SEC
/* SIGALRM ends a scanner whose sweep step takes longer: the daemon has given up on it by then. */
#define HUNG_SEC 120
/* Files whose content is hashed for the first time in one sweep: some 10 ms of reading. The first sweep hashes none. */
#define BASELINES_PER_SWEEP 512

enum {
        PRIORITY_BUS = SD_EVENT_PRIORITY_NORMAL,
        PRIORITY_WATCH = SD_EVENT_PRIORITY_NORMAL + 10,
        PRIORITY_STEP = SD_EVENT_PRIORITY_IDLE,
};

typedef struct Scanner {
        sd_event *event;
        sd_bus *bus;
        sd_bus_slot *object, *disconnected;
        sd_event_source *step, *change, *quiet;

        Scan *scan;
        SweepBeacon *beacon; /* shared with the daemon, which only reads it */
        int beacon_fd;
        Watch *watch;
        size_t n_directories; /* that had been watched before the sweep */
        uint64_t first_change; /* that is not reported yet; 0: none */
        uint64_t pause;      /* until changes are read again; 0: as they come */
        uint64_t noise;      /* when the budget for other events is used up to */
        bool changing;       /* at the last reading */

        /* The running sweep, and the call that it answers. */
        Sweep *sweep;
        Request request;
        sd_bus_message *call;

        Handover *handover;  /* of the last sweep; before the first, what the daemon has already; NULL: nothing */
        bool swept;
        int proc_fd;         /* to read owners */
        uint32_t missing;    /* mask of Requirement, within the sandbox */
} Scanner;

/* struct sched_attr of sched_setattr(2), as it was at first; glibc has it since 2.41. */
typedef struct SchedAttr {
        uint32_t size, sched_policy;
        uint64_t sched_flags;
        int32_t sched_nice;
        uint32_t sched_priority;
        uint64_t sched_runtime, sched_deadline, sched_period;
} SchedAttr;

/*
 * Lets other processes preempt a sweep when they wake up: a task with a shorter slice is
 * preferred. From Linux 6.12 on, sched_runtime (ns) is the slice of a SCHED_OTHER task; before,
 * it is ignored.
 */
static void set_long_slice(void) {
        SchedAttr a = {};

        if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
                return;
        a.sched_runtime = 100 * USEC_PER_MSEC * 1000;
        syscall(SYS_sched_setattr, 0, &a, 0);
}

/* the sweep */

static void on_watch(void *userdata, int directory_fd, const char *name) {
        Scanner *s = userdata;

        watch_add(s->watch, directory_fd, name);
}

/* A new scanner gets what the daemon has. */
static int take_previous(Scanner *s) {
        if (s->handover || !s->request.previous)
                return 0;
        return handover_new_from_request(TAKE_PTR(s->request.previous), s->request.previous_states, &s->handover);
}

static int sweep_start(Scanner *s) {
        const SweepOptions options = {
                .ignore_paths = (const char *const *) s->request.ignore_paths,
                .ignore_exes = (const char *const *) s->request.ignore_exes,
                .ignore_units = (const char *const *) s->request.ignore_units,
                .remote_file_systems = s->request.remote_file_systems,
                .previous = s->handover ? s->handover->snapshot : NULL,
                .skip_processes = s->request.skip_processes,
                .n_skip_processes = s->request.n_skip_processes,
                .skip_devices = s->request.skip_devices,
                .n_skip_devices = s->request.n_skip_devices,
                .owners = s->request.owners,
                .skip_owners = s->request.skip_owners,
                .n_skip_owners = s->request.n_skip_owners,
                .beacon = s->beacon,
                .watch = s->request.watch ? on_watch : NULL,
                .userdata = s,
                .baselines = s->swept ? BASELINES_PER_SWEEP : 0,
        };
        int r;

        alarm(HUNG_SEC);
        r = sweep_new(s->scan, &options, &s->sweep);
        if (r < 0)
                return r;

        s->n_directories = watch_count_ever(s->watch);
        return sd_event_source_set_enabled(s->step, SD_EVENT_ON);
}

static void sweep_stop(Scanner *s) {
        alarm(0);
        s->sweep = sweep_free(s->sweep);
        request_done(&s->request);
        s->call = sd_bus_message_unref(s->call);
        memset(s->beacon, 0, sizeof(*s->beacon));
        sd_event_source_set_enabled(s->step, SD_EVENT_OFF);
}

/*
 * Files may have changed between their lookup and the first watch of their directory: request another sweep. For a name
 * that is new in a directory that was watched before, changes since the lookup are still to be read.
 */
static void sweep_watched(Scanner *s) {
        if (!s->request.watch) {
                watch_clear(s->watch);
                return;
        }
        if (watch_count_ever(s->watch) > s->n_directories)
                sd_bus_emit_signal(s->bus, SCANNER_PATH, SCANNER_INTERFACE, "Changed", "");
        if (watch_limit_is_news(s->watch))
                log_line(LOG_WARNING, "No more than %zu directories can be watched (fs.inotify.max_user_watches); "
                         "changes in the others are seen at the next regular sweep only", watch_count(s->watch));
}

static int sweep_answer(Scanner *s) {
        const Handover *h = s->handover;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(s->call, &reply);
        if (r >= 0)
                r = answer_append(reply, h->snapshot, (uint32_t) h->n_choice, h->standing, h->n_standing, s->missing);
        if (r >= 0)
                r = sd_bus_send(s->bus, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* A process that has ended since the sweep has no owner; that does no harm. */
static int on_owner(void *userdata, pid_t pid, uint64_t start_time, uint64_t *ret) {
        _cleanup_(process_done) Process p = PROCESS_NULL;
        Scanner *s = userdata;
        int r;

        r = process_open(s->proc_fd, pid, &p);
        if (r >= 0 && p.start_time != start_time)
                r = -ESRCH;
        return r < 0 ? r : process_owner_read(s->proc_fd, &p, ret);
}

static int sweep_end(Scanner *s) {
        _cleanup_(handover_freep) Handover *before = NULL;
        Snapshot *snapshot;
        int r;

        r = sweep_finish(s->sweep, &snapshot);
        if (r < 0)
                return r;

        /* It borrowed from the snapshot before. */
        s->sweep = sweep_free(s->sweep);
        before = TAKE_PTR(s->handover);
        s->swept = true;
        r = handover_new(snapshot, before, on_owner, s, &s->handover);
        if (r < 0)
                return r;

        sweep_watched(s);
        return sweep_answer(s);
}

static int on_step(sd_event_source *source _unused_, void *userdata) {
        uint64_t end = clock_now() + SLICE_USEC;
        Scanner *s = userdata;
        int r;

        alarm(HUNG_SEC);
        do
                r = sweep_step(s->sweep);
        while (r > 0 && clock_now() < end);
        if (r > 0)
                return 0;

        if (r == 0)
                r = sweep_end(s);
        if (r < 0)
                sd_bus_reply_method_errno(s->call, r, /* e= */ NULL);
        sweep_stop(s);
        malloc_trim(0); /* the memory of one sweep is interleaved with what is kept, and the next sweep is far */
        return 0;
}

/* the bus */

static int method_beacon(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        Scanner *s = userdata;

        return sd_bus_reply_method_return(m, "h", s->beacon_fd);
}

static int method_sweep(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Scanner *s = userdata;
        int r;

        if (s->call)
                return sd_bus_error_set_errno(error, -EBUSY);

        r = request_read(m, &s->request);
        if (r < 0)
                return r;

        s->call = sd_bus_message_ref(m);
        r = take_previous(s);
        if (r >= 0)
                r = sweep_start(s);
        if (r < 0) {
                sweep_stop(s);
                return r;
        }
        return 1; /* answered by sweep_answer() */
}

static int method_fetch(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        Scanner *s = userdata;
        uint32_t first;
        int r;

        r = sd_bus_message_read(m, "u", &first);
        if (r < 0)
                return r;
        if (s->call || !s->handover || first > s->handover->n_choice)
                return sd_bus_error_set_errno(error, -EINVAL);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = handover_append_piece(s->handover, reply, first);
        if (r >= 0)
                r = sd_bus_send(s->bus, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int method_fetch_unknown(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        Scanner *s = userdata;
        uint32_t first;
        int r;

        r = sd_bus_message_read(m, "u", &first);
        if (r < 0)
                return r;
        if (s->call || !s->handover || first > s->handover->snapshot->n_unknown)
                return sd_bus_error_set_errno(error, -EINVAL);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = unknown_append(reply, s->handover->snapshot, first);
        if (r >= 0)
                r = sd_bus_send(s->bus, reply, /* cookie= */ NULL);
        sd_bus_message_unref(reply);
        return r;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Beacon", "", "h", method_beacon, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Sweep", "a{sv}", ANSWER_SIGNATURE, method_sweep, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Fetch", "u", PIECE_SIGNATURE, method_fetch, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("FetchUnknown", "u", UNKNOWN_PIECE_SIGNATURE, method_fetch_unknown, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("Changed", "", 0),
        SD_BUS_VTABLE_END
};

static int on_disconnected(sd_bus_message *m _unused_, void *userdata, sd_bus_error *error _unused_) {
        Scanner *s = userdata;

        return sd_event_exit(s->event, 0);
}

/* changes */

static int quiet_start(Scanner *s) {
        int r;

        r = sd_event_source_set_enabled(s->change, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_time(s->quiet, clock_now() + s->pause);
        return r < 0 ? r : sd_event_source_set_enabled(s->quiet, SD_EVENT_ONESHOT);
}

static void change_read(Scanner *s) {
        WatchResult result = watch_read(s->watch);
        uint64_t now = clock_now();

        if (result == WATCH_NOISE)
                s->noise = (s->noise > now ? s->noise : now) + NOISE_USEC;
        s->pause = result == WATCH_CHANGED ? QUIET_USEC : s->noise > now + NOISE_BURST_USEC ? NOISE_USEC : 0;
        s->changing = result == WATCH_CHANGED;
        if (s->changing && s->first_change == 0)
                s->first_change = now;
}

static int on_change(sd_event_source *source _unused_, int fd _unused_, uint32_t revents _unused_, void *userdata) {
        Scanner *s = userdata;

        change_read(s);
        return s->pause > 0 ? quiet_start(s) : 0;
}

static int on_quiet(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Scanner *s = userdata;
        int r;

        change_read(s);
        if (s->changing && clock_now() < s->first_change + DELAY_USEC)
                return quiet_start(s);
        if (s->first_change != 0) {
                s->first_change = 0;
                r = sd_bus_emit_signal(s->bus, SCANNER_PATH, SCANNER_INTERFACE, "Changed", "");
                if (r < 0)
                        return r;
        }
        return s->pause > 0 ? quiet_start(s) : sd_event_source_set_enabled(s->change, SD_EVENT_ON);
}

/* start and end */

static int beacon_new(Scanner *s) {
        void *p;

        s->beacon_fd = memfd_create("stalelib-beacon", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (s->beacon_fd < 0 || ftruncate(s->beacon_fd, sizeof(*s->beacon)) < 0)
                return -errno;

        p = mmap(NULL, sizeof(*s->beacon), PROT_READ | PROT_WRITE, MAP_SHARED, s->beacon_fd, 0);
        if (p == MAP_FAILED)
                return -errno;
        s->beacon = p;
        if (fcntl(s->beacon_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                return -errno;
        return 0;
}

static int bus_new(Scanner *s, int fd) {
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&s->bus);
        if (r >= 0)
                r = sd_bus_set_fd(s->bus, fd, fd);
        if (r >= 0)
                r = sd_bus_set_server(s->bus, /* b= */ 1, id);
        if (r >= 0)
                r = sd_bus_negotiate_fds(s->bus, 1);
        if (r >= 0)
                r = sd_bus_add_object_vtable(s->bus, &s->object, SCANNER_PATH, SCANNER_INTERFACE, vtable, s);
        if (r >= 0)
                r = sd_bus_match_signal(s->bus, &s->disconnected, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, s);
        if (r >= 0)
                r = sd_bus_start(s->bus);
        return r < 0 ? r : sd_bus_attach_event(s->bus, s->event, PRIORITY_BUS);
}

static int sources_new(Scanner *s) {
        int r;

        r = sd_event_add_defer(s->event, &s->step, on_step, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->step, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_priority(s->step, PRIORITY_STEP);
        if (r >= 0)
                r = sd_event_add_io(s->event, &s->change, watch_fd(s->watch), EPOLLIN, on_change, s);
        if (r >= 0)
                r = sd_event_source_set_priority(s->change, PRIORITY_WATCH);
        /* Accuracy of 1 µs: the default would let a change wait for a quarter of a second. */
        if (r >= 0)
                r = sd_event_add_time(s->event, &s->quiet, CLOCK_MONOTONIC, UINT64_MAX, 1, on_quiet, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->quiet, SD_EVENT_OFF);
        return r;
}

static int scanner_init(Scanner *s, int fd) {
        int r;

        s->scan = scan_new();
        if (!s->scan) {
                fd_close(fd);
                return -ENOMEM;
        }
        r = sd_event_new(&s->event);
        if (r < 0) {
                fd_close(fd);
                return r;
        }
        s->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->proc_fd < 0) {
                r = -errno;
                fd_close(fd);
                return r;
        }
        r = bus_new(s, fd);
        if (r >= 0)
                r = beacon_new(s);
        if (r >= 0)
                r = watch_new(&s->watch);
        return r < 0 ? r : sources_new(s);
}

static void scanner_done(Scanner *s) {
        sweep_free(s->sweep);
        request_done(&s->request);
        sd_bus_message_unref(s->call);
        handover_free(s->handover);
        fd_close(s->proc_fd);
        scan_free(s->scan);
        sd_event_source_unref(s->step);
        sd_event_source_unref(s->change);
        sd_event_source_unref(s->quiet);
        sd_bus_slot_unref(s->object);
        sd_bus_slot_unref(s->disconnected);
        sd_bus_close_unref(s->bus);
        sd_event_unref(s->event);
        watch_free(s->watch);
        if (s->beacon)
                munmap(s->beacon, sizeof(*s->beacon));
        fd_close(s->beacon_fd);
}

/* A sweep keeps two files open for each process. */
static void raise_files(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int scanner_run(int fd) {
        _cleanup_(scanner_done) Scanner s = { .beacon_fd = -EBADF, .proc_fd = -EBADF };
        int r;

        raise_files();
        set_long_slice();
        r = scanner_init(&s, fd);
        if (r < 0)
                return log_errno(LOG_ERR, r, "Cannot start");

        r = sandbox_enter();
        if (r < 0)
                return log_errno(LOG_ERR, r, "Failed to set up sandbox");
        /* Only now: what is filtered is missing as well. */
        s.missing = requirements_missing();

        r = sd_event_loop(s.event);
        return r < 0 ? log_errno(LOG_ERR, r, "Event loop failed") : 0;
}
