/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "bus.h"
#include "config.h"
#include "health.h"
#include "journal.h"
#include "scanner-client.h"
#include "log.h"
#include "manager.h"
#include "metrics.h"
#include "quarantine.h"
#include "schedule.h"
#include "debounce.h"
#include "announcer.h"
#include "util/clock.h"
#include "util/timespan.h"

/* Replies have the highest priority. */
enum {
        PRIORITY_SIGNAL = SD_EVENT_PRIORITY_IMPORTANT,
        PRIORITY_BUS = SD_EVENT_PRIORITY_NORMAL,
        PRIORITY_TIMER = SD_EVENT_PRIORITY_NORMAL + 10,
        PRIORITY_SCANNER = SD_EVENT_PRIORITY_NORMAL + 20,
        PRIORITY_ANNOUNCER = SD_EVENT_PRIORITY_NORMAL + 30,
        PRIORITY_LIST = PRIORITY_ANNOUNCER, /* takes turns with it */
};

/* A client that activated the service gets a reply by then, if only an empty one. */
#define READY_USEC (5 * USEC_PER_SEC)
#define BUS_RETRY_USEC USEC_PER_SEC
#define METRICS_USEC (2 * USEC_PER_SEC)
/* A regular sweep need not come at its very moment. */
#define ACCURACY_USEC USEC_PER_MSEC

typedef struct Manager {
        const ManagerOptions *options;
        Config config;
        sd_event *event;
        Bus *bus;
        ScannerClient *scanner;
        Announcer *announcer;
        sd_event_source *sweep, *ready, *bus_retry, *metrics;

        Schedule schedule;
        Debounce debounce;
        Quarantine quarantine;

        uint64_t last_sweep, last_sweep_monotonic;
        uint64_t unreadable;     /* in the last sweep */
        uint64_t failures;
        char *scanner_problem;   /* since the last sweep that ended well, or NULL */
        Health health;
        char *reason;            /* health in words */
        uint32_t problems;       /* that were told */
        bool is_ready;
        bool metrics_failed;     /* and that was logged */
} Manager;

/* timers, all of CLOCK_BOOTTIME */

static int timer_new(Manager *m, sd_event_time_handler_t handler, sd_event_source **ret) {
        int r;

        r = sd_event_add_time(m->event, ret, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY_USEC, handler, m);
        if (r >= 0)
                r = sd_event_source_set_priority(*ret, PRIORITY_TIMER);
        return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

/* What is due already need not wait for the end of its accuracy. */
static void timer_set(sd_event_source *timer, uint64_t when) {
        if (when <= clock_usec(CLOCK_BOOTTIME))
                when = 0;
        if (sd_event_source_set_time(timer, when) >= 0)
                sd_event_source_set_enabled(timer, when == SCHEDULE_NEVER ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void manager_plan(Manager *m) {
        timer_set(m->sweep, schedule_next(&m->schedule));
}

/* what is shown */

static void manager_publish(Manager *m, const Difference *difference) {
        const BusState state = {
                .state = m->problems ? "degraded" : m->last_sweep ? "running" : "starting",
                .degraded_reason = m->reason ? m->reason : "",
                .last_sweep = m->last_sweep,
                .last_sweep_monotonic = m->last_sweep_monotonic,
                .sweep_interval = m->config.sweep_interval_usec,
        };
        int r;

        r = bus_publish(m->bus, &state, m->debounce.snapshot, difference);
        if (r < 0)
                log_errno(LOG_WARNING, r, "Cannot tell the bus");
}

/* A clause, with a comma before it; nothing where there is nothing to say. */
static void status_add(char *text, size_t size, uint64_t n, const char *clause) {
        size_t length = strlen(text);

        if (n > 0)
                snprintf(text + length, size - length, ", %" PRIu64 " %s", n, clause);
}

static void manager_status(const Manager *m) {
        const Counts *c = m->debounce.snapshot ? &m->debounce.snapshot->counts : NULL;
        char besides[256] = "";

        if (!m->last_sweep || !c) {
                sd_notifyf(/* unset_environment= */ 0, "STATUS=No sweep yet. %s", m->reason ? m->reason : "");
                return;
        }
        status_add(besides, sizeof(besides), c->stale.urgent_processes, "of them at the risk of a crash");
        status_add(besides, sizeof(besides), c->stale.same_content_processes, "others run replaced files of the same content");
        status_add(besides, sizeof(besides), c->unknown, "mappings could not be judged");
        sd_notifyf(/* unset_environment= */ 0,
                   "STATUS=%" PRIu64 " of %" PRIu64 " processes run %" PRIu64 " stale libraries%s; the last sweep took %" PRIu64 ".%" PRIu64 " ms. %s",
                   c->stale.processes, c->processes, c->stale.libraries, besides,
                   c->duration_usec / 1000, c->duration_usec / 100 % 10, m->reason ? m->reason : "");
}

/* What cannot be examined: logged when there is more of it, and when there is none any more. */
static void manager_check_health(Manager *m) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        char *reason;
        uint32_t problems;

        m->health.scanner = m->scanner_problem;
        m->health.processes = quarantine_count(&m->quarantine, SUSPECT_PROCESS, now);
        m->health.devices = quarantine_count(&m->quarantine, SUSPECT_DEVICE, now);
        m->health.owners = quarantine_count(&m->quarantine, SUSPECT_OWNER, now);
        m->health.owner = quarantine_owner(&m->quarantine, now);
        reason = health_describe(&m->health);
        if (!reason)
                return;
        free(m->reason);
        m->reason = reason;

        problems = health_problems(&m->health);
        if (problems & ~m->problems)
                journal_degraded(reason);
        else if (problems == 0 && m->problems != 0)
                journal_recovered();
        m->problems = problems;
}

static int on_metrics(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Manager *m = userdata;
        const MetricsFacts facts = {
                .snapshot = m->last_sweep ? m->debounce.snapshot : NULL,
                .last_success_usec = m->last_sweep,
                .failures = m->failures,
                .degraded = m->problems != 0,
        };
        _cleanup_free_ char *text = NULL;
        int r;

        if (!m->config.metrics_file)
                return 0;
        r = metrics_format(&facts, &text);
        if (r >= 0)
                r = metrics_write(m->config.metrics_file, text);
        if (r < 0 && !m->metrics_failed)
                log_errno(LOG_WARNING, r, "Cannot write %s, trying again with each sweep", m->config.metrics_file);
        else if (r >= 0 && m->metrics_failed)
                log_line(LOG_INFO, "Could write %s again", m->config.metrics_file);
        m->metrics_failed = r < 0;
        return 0;
}

/* Soon, and not with each of many sweeps. */
static void metrics_wanted(Manager *m, uint64_t delay) {
        int enabled;

        if (m->config.metrics_file && sd_event_source_get_enabled(m->metrics, &enabled) >= 0 && enabled == SD_EVENT_OFF)
                timer_set(m->metrics, clock_usec(CLOCK_BOOTTIME) + delay);
}

/* difference: of the findings; NULL: there can be none. */
static void manager_show(Manager *m, const Difference *difference) {
        manager_check_health(m);
        manager_publish(m, difference);
        manager_status(m);
        metrics_wanted(m, METRICS_USEC);
}

/* readiness: the first snapshot, then the bus name, then sd_notify() */

static void manager_ready(Manager *m) {
        int r;

        if (m->is_ready)
                return;
        m->is_ready = true;
        if (m->config.metrics_file)
                timer_set(m->metrics, 0);
        timer_set(m->ready, SCHEDULE_NEVER);
        r = bus_is_connected(m->bus) ? bus_acquire_name(m->bus) : 0;
        if (r < 0)
                log_errno(LOG_WARNING, r, "Cannot request the name " BUS_NAME);
        if (r < 0 || !bus_is_connected(m->bus))
                sd_notify(/* unset_environment= */ 0, "READY=1");
}

static int on_ready_late(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        manager_ready(userdata);
        return 0;
}

static void on_name_acquired(void *userdata) {
        sd_notify(/* unset_environment= */ 0, "READY=1");
        manager_status(userdata);
}

static void on_name_refused(void *userdata, int error, const char *message) {
        Manager *m = userdata;

        log_line(LOG_ERR, "Cannot own the name " BUS_NAME " on the bus (is another stalelibd running, or is the policy missing?): %s",
                 message ? message : strerror(error));
        sd_event_exit(m->event, error ? -error : -EACCES);
}

/* the bus */

static int manager_connect(Manager *m) {
        int r;

        r = bus_connect(m->bus, m->options->bus_address);
        if (r >= 0 && m->is_ready)
                r = bus_acquire_name(m->bus);
        if (r < 0)
                timer_set(m->bus_retry, clock_usec(CLOCK_BOOTTIME) + BUS_RETRY_USEC);
        return r;
}

static int on_bus_retry(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        if (manager_connect(userdata) >= 0)
                log_line(LOG_INFO, "Connected to the bus");
        return 0;
}

static void on_bus_disconnected(void *userdata) {
        Manager *m = userdata;

        log_line(LOG_WARNING, "Disconnected from the bus, reconnecting");
        timer_set(m->bus_retry, clock_usec(CLOCK_BOOTTIME) + BUS_RETRY_USEC);
}

static void on_sweep_requested(void *userdata) {
        Manager *m = userdata;

        schedule_request(&m->schedule, clock_usec(CLOCK_BOOTTIME));
        manager_plan(m);
}

/* sweeps */

static int request_fill(Manager *m, Request *r, uint64_t now) {
        r->remote_file_systems = m->config.remote_file_systems;
        r->watch = m->config.watch;
        if (strv_copy(m->config.ignore_paths, &r->ignore_paths) < 0 ||
            strv_copy(m->config.ignore_exes, &r->ignore_exes) < 0 ||
            strv_copy(m->config.ignore_units, &r->ignore_units) < 0)
                return -ENOMEM;
        /* A new scanner has no previous findings; the snapshot is borrowed. */
        r->previous = scanner_client_is_open(m->scanner) ? NULL : m->debounce.snapshot;
        return quarantine_fill(&m->quarantine, now, r);
}

/* cause_skipped: what it was reading is skipped from now on. */
static void manager_failed(Manager *m, const char *trouble, bool cause_skipped) {
        char *copy = strdup(trouble);

        free(m->scanner_problem);
        m->scanner_problem = copy;
        m->failures++;
        schedule_failed(&m->schedule, cause_skipped, clock_usec(CLOCK_BOOTTIME));
        manager_plan(m);
        manager_show(m, /* difference= */ NULL);
        bus_sweep_ended(m->bus, trouble);
        manager_ready(m);
}

static int on_sweep(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        Manager *m = userdata;
        Request request = {};
        int r;

        quarantine_expire(&m->quarantine, now);
        schedule_started(&m->schedule, now);
        bus_sweep_started(m->bus);
        r = request_fill(m, &request, now);
        if (r >= 0)
                r = scanner_client_sweep(m->scanner, &request, m->debounce.snapshot);
        request.previous = NULL;
        request_done(&request);
        if (r < 0) {
                char trouble[256];

                snprintf(trouble, sizeof(trouble), "it cannot be reached at %s: %s", m->options->scanner_socket, strerror(-r));
                manager_failed(m, trouble, /* cause_skipped= */ false);
        }
        return 0;
}

static void manager_take_counts(Manager *m, const Snapshot *s) {
        const Counts *c = &s->counts;
        uint64_t left_out = c->left_out + quarantine_count(&m->quarantine, SUSPECT_PROCESS, clock_usec(CLOCK_BOOTTIME));
        uint64_t unreadable = c->unreadable > left_out ? c->unreadable - left_out : 0;

        /* A process that cannot be read once may just have been exiting. */
        m->health.unreadable = unreadable < m->unreadable ? unreadable : m->unreadable;
        m->unreadable = unreadable;
        m->health.owners_processes = c->left_out;
        m->health.findings = stale_counts_findings(&c->stale);
        m->health.unlisted = m->health.findings - s->n_findings;
        free(m->scanner_problem);
        m->scanner_problem = NULL;
        m->last_sweep = clock_usec(CLOCK_REALTIME);
        m->last_sweep_monotonic = clock_now();
}

static void on_snapshot(void *userdata, Snapshot *snapshot, uint32_t missing) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        DebounceResult result = {};
        Manager *m = userdata;
        int r;

        r = debounce_update(&m->debounce, snapshot, now, m->config.settle_usec, &result);
        if (r < 0) {
                /* The scanner assumes that the daemon has it. */
                scanner_client_reset(m->scanner);
                manager_failed(m, "its answer does not fit in memory", /* cause_skipped= */ false);
                return;
        }
        schedule_ended(&m->schedule, now);
        schedule_request(&m->schedule, result.due);
        manager_plan(m);
        manager_take_counts(m, m->debounce.snapshot);
        m->health.missing = missing;
        manager_show(m, &result.difference);
        r = announcer_add(m->announcer, &result);
        if (r < 0)
                log_errno(LOG_ERR, r, "Cannot report the findings");
        debounce_result_done(&result);
        bus_sweep_ended(m->bus, /* failure= */ NULL);
        manager_ready(m);
}

static void on_scanner_failed(void *userdata, const ScannerFailure *f) {
        Manager *m = userdata;
        char trouble[256];
        bool cause_skipped;
        int n;

        cause_skipped = quarantine_attribute(&m->quarantine, &f->where, f->hung, clock_usec(CLOCK_BOOTTIME));
        n = snprintf(trouble, sizeof(trouble), "%s%s%s", f->text, f->error ? ": " : "", f->error ? strerror(f->error) : "");
        if (f->where.pid > 0 && n > 0 && (size_t) n < sizeof(trouble))
                n += snprintf(trouble + n, sizeof(trouble) - (size_t) n, ", looking at process %d", (int) f->where.pid);
        if (f->where.pid > 0 && f->where.on_file && n > 0 && (size_t) n < sizeof(trouble))
                snprintf(trouble + n, sizeof(trouble) - (size_t) n, " and a file on device %u:%u",
                         f->where.dev_major, f->where.dev_minor);
        manager_failed(m, trouble, cause_skipped);
}

static void on_changed(void *userdata) {
        Manager *m = userdata;

        if (!m->config.watch)
                return;
        schedule_request(&m->schedule, clock_usec(CLOCK_BOOTTIME));
        manager_plan(m);
}

/* signals */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si _unused_, void *userdata _unused_) {
        sd_notify(/* unset_environment= */ 0, "STOPPING=1");
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_, void *userdata) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        Manager *m = userdata;
        Config config;
        int r;

        sd_notifyf(/* unset_environment= */ 0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now());
        r = config_load(m->options->config_path, &config);
        if (r < 0)
                log_errno(LOG_ERR, r, "Cannot read the configuration, keeping the previous one");
        else {
                /* A scanner reports each name to watch once: only a new one reports them again. */
                if (config.watch != m->config.watch)
                        scanner_client_reset(m->scanner);
                config_done(&m->config);
                m->config = config;
                scanner_client_set_timeout(m->scanner, config.scanner_timeout_usec);
                schedule_set_interval(&m->schedule, config.sweep_interval_usec, now);
                schedule_request(&m->schedule, now);
                manager_plan(m);
                manager_show(m, /* difference= */ NULL);
                log_line(LOG_INFO, "Configuration reloaded");
        }
        sd_notify(/* unset_environment= */ 0, "READY=1");
        return 0;
}

static int signal_new(Manager *m, int number, sd_event_signal_handler_t handler) {
        sd_event_source *source;
        int r;

        r = sd_event_add_signal(m->event, &source, number, handler, m);
        if (r >= 0)
                r = sd_event_source_set_priority(source, PRIORITY_SIGNAL);
        if (r >= 0)
                r = sd_event_source_set_floating(source, 1);
        sd_event_source_unref(source);
        return r;
}

/* start and end */

static int signals_new(Manager *m) {
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;

        r = signal_new(m, SIGTERM, on_stop);
        if (r >= 0)
                r = signal_new(m, SIGINT, on_stop);
        return r < 0 ? r : signal_new(m, SIGHUP, on_reload);
}

static int timers_new(Manager *m) {
        int r;

        r = timer_new(m, on_sweep, &m->sweep);
        if (r >= 0)
                r = timer_new(m, on_ready_late, &m->ready);
        if (r >= 0)
                r = timer_new(m, on_bus_retry, &m->bus_retry);
        return r < 0 ? r : timer_new(m, on_metrics, &m->metrics);
}

static int parts_new(Manager *m) {
        const BusCallbacks bus = {
                .on_sweep_requested = on_sweep_requested,
                .on_name_acquired = on_name_acquired,
                .on_name_refused = on_name_refused,
                .on_disconnected = on_bus_disconnected,
                .userdata = m,
        };
        const ScannerClientCallbacks scanner = {
                .on_snapshot = on_snapshot,
                .on_failed = on_scanner_failed,
                .on_changed = on_changed,
                .userdata = m,
        };
        int r;

        r = bus_new(m->event, PRIORITY_BUS, PRIORITY_LIST, &bus, &m->bus);
        if (r < 0)
                return r;
        return scanner_client_new(m->event, PRIORITY_SCANNER, m->options->scanner_socket, m->config.scanner_timeout_usec, &scanner, &m->scanner);
}

/* What was reported before a restart is not reported again. */
static int state_new(Manager *m) {
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_free_ int *priorities = NULL;
        StateFile *state_file = NULL;
        int r;

        r = state_file_open(m->options->state_directory, &state_file, &told, &priorities);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                log_errno(LOG_WARNING, r, "Cannot use %s; a restart will report everything again", m->options->state_directory);
        else {
                if (r > 0)
                        log_line(LOG_WARNING, "Not all of %s/known is valid; what is missing may be reported again",
                                 m->options->state_directory);
                r = debounce_restore(&m->debounce, told, priorities);
                if (r < 0) {
                        state_file_free(state_file);
                        return r;
                }
                TAKE_PTR(told);
        }
        return announcer_new(m->event, PRIORITY_ANNOUNCER, m->bus, &m->debounce, state_file, &m->announcer);
}

static int manager_init(Manager *m) {
        uint64_t now = clock_usec(CLOCK_BOOTTIME);
        int r;

        r = config_load(m->options->config_path, &m->config);
        if (r < 0)
                return log_errno(LOG_ERR, r, "Cannot read the configuration");

        r = sd_event_default(&m->event);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, 1);
        if (r >= 0)
                r = signals_new(m);
        if (r >= 0)
                r = timers_new(m);
        if (r >= 0)
                r = parts_new(m);
        if (r >= 0)
                r = state_new(m);
        if (r < 0)
                return log_errno(LOG_ERR, r, "Cannot start");

        schedule_init(&m->schedule, m->config.sweep_interval_usec, now);
        timer_set(m->ready, now + READY_USEC);
        manager_publish(m, /* difference= */ NULL);
        r = manager_connect(m);
        if (r < 0)
                log_errno(LOG_WARNING, r, "Cannot connect to the bus, trying again");
        manager_plan(m);
        return 0;
}

static void manager_done(Manager *m) {
        announcer_free(m->announcer);
        scanner_client_free(m->scanner);
        bus_free(m->bus);
        debounce_done(&m->debounce);
        sd_event_source_unref(m->sweep);
        sd_event_source_unref(m->ready);
        sd_event_source_unref(m->bus_retry);
        sd_event_source_unref(m->metrics);
        sd_event_unref(m->event);
        config_done(&m->config);
        free(m->scanner_problem);
        free(m->reason);
}

int manager_run(const ManagerOptions *options) {
        _cleanup_(manager_done) Manager m = { .options = options };
        int r;

        r = manager_init(&m);
        if (r < 0)
                return r;

        r = sd_event_loop(m.event);
        return r < 0 ? log_errno(LOG_ERR, r, "Ending") : 0;
}
