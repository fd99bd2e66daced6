/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "config-files.h"
#include "config.h"
#include "log.h"
#include "util/escape.h"
#include "util/timespan.h"

#define BLANK " \t\r"
#define SECTION "[Stalelibd]"
#define SWEEP_INTERVAL_MIN (100 * USEC_PER_MSEC)

/* The position of a line, for warnings. */
typedef struct Place {
        const char *file;
        unsigned line;
        ConfigWarn warn;
        void *userdata;
} Place;

static void place_warn(const Place *p, const char *format, ...) _printf_(2, 3);

static void place_warn(const Place *p, const char *format, ...) {
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        p->warn(p->userdata, p->file, p->line, text);
}

void config_init(Config *c) {
        *c = (Config){
                .sweep_interval_usec = USEC_PER_MINUTE,
                .settle_usec = 30 * USEC_PER_SEC,
                .scanner_timeout_usec = 30 * USEC_PER_SEC,
                .watch = true,
        };
}

void config_done(Config *c) {
        strv_free(c->ignore_paths);
        strv_free(c->ignore_exes);
        strv_free(c->ignore_units);
        free(c->metrics_file);
        *c = (Config){};
}

/* The setters: 0, -EINVAL where the value is none of theirs, -ENOMEM. */

static int set_span(void *target, const char *value) {
        uint64_t *span = target;

        return timespan_parse(value, span) < 0 ? -EINVAL : 0;
}

static int set_interval(void *target, const char *value) {
        uint64_t *span = target, usec;

        if (timespan_parse(value, &usec) < 0 || usec < SWEEP_INTERVAL_MIN)
                return -EINVAL;
        *span = usec;
        return 0;
}

static int set_timeout(void *target, const char *value) {
        uint64_t *span = target, usec;

        if (timespan_parse(value, &usec) < 0 || usec < SWEEP_INTERVAL_MIN || usec == TIMESPAN_INFINITY)
                return -EINVAL;
        *span = usec;
        return 0;
}

static int set_bool(void *target, const char *value) {
        static const char *const yes[] = { "yes", "y", "true", "t", "on", "1" };
        static const char *const no[] = { "no", "n", "false", "f", "off", "0" };
        bool *b = target;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (strcasecmp(value, yes[i]) == 0) {
                        *b = true;
                        return 0;
                }
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                if (strcasecmp(value, no[i]) == 0) {
                        *b = false;
                        return 0;
                }
        return -EINVAL;
}

/* Globs with blanks between; each line adds to the ones before, an empty one forgets them. */
static int set_globs(void *target, const char *value) {
        char ***globs = target;

        if (*value == '\0') {
                *globs = strv_free(*globs);
                return 0;
        }
        for (const char *p = value; *p; p += strspn(p, BLANK)) {
                size_t n = strcspn(p, BLANK);
                _cleanup_free_ char *glob = strndup(p, n);

                if (!glob || strv_add(globs, glob) < 0)
                        return -ENOMEM;
                p += n;
        }
        return 0;
}

static int set_path(void *target, const char *value) {
        char **path = target;

        if (*value == '\0') {
                free(*path);
                *path = NULL;
                return 0;
        }
        if (*value != '/' || value[strlen(value) - 1] == '/')
                return -EINVAL;
        return strdup_to(path, value) ? 0 : -ENOMEM;
}

static const struct {
        const char *key;
        int (*set)(void *target, const char *value);
        size_t offset;
        const char *wants;
} settings[] = {
        { "SweepIntervalSec", set_interval, offsetof(Config, sweep_interval_usec), "a time span of at least 100ms, or infinity" },
        { "SettleSec", set_span, offsetof(Config, settle_usec), "a time span" },
        { "ScannerTimeoutSec", set_timeout, offsetof(Config, scanner_timeout_usec), "a time span of at least 100ms" },
        { "Watch", set_bool, offsetof(Config, watch), "yes or no" },
        { "RemoteFileSystems", set_bool, offsetof(Config, remote_file_systems), "yes or no" },
        { "Ignore", set_globs, offsetof(Config, ignore_paths), "globs" },
        { "IgnoreExe", set_globs, offsetof(Config, ignore_exes), "globs" },
        { "IgnoreUnit", set_globs, offsetof(Config, ignore_units), "globs" },
        { "MetricsFile", set_path, offsetof(Config, metrics_file), "an absolute path of a file" },
};

static int config_set(Config *c, const char *key, const char *value, const Place *place) {
        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                int r;

                if (!streq(key, settings[i].key))
                        continue;
                r = settings[i].set((char *) c + settings[i].offset, value);
                if (r == -EINVAL) {
                        place_warn(place, "%s= wants %s, not \"%s\", ignoring", key, settings[i].wants, value);
                        return 0;
                }
                return r;
        }
        place_warn(place, "unknown setting %s=, ignoring", key);
        return 0;
}

/* Cuts blanks off both ends, in place. */
static char *strip(char *s) {
        size_t n;

        s += strspn(s, BLANK);
        n = strlen(s);
        while (n > 0 && strchr(BLANK, s[n - 1]))
                n--;
        s[n] = '\0';
        return s;
}

/* One line, already whole. *in_section: is it one of ours? */
static int config_parse_line(Config *c, char *line, const Place *place, bool *in_section) {
        char *value;

        line = strip(line);
        if (*line == '\0' || *line == '#' || *line == ';')
                return 0;

        if (*line == '[') {
                *in_section = streq(line, SECTION);
                if (!*in_section)
                        place_warn(place, "unknown section %s, ignoring", line);
                return 0;
        }
        if (!*in_section) {
                place_warn(place, "a setting outside of section %s, ignoring", SECTION);
                return 0;
        }

        value = strchr(line, '=');
        if (!value) {
                place_warn(place, "a line without \"=\", ignoring");
                return 0;
        }
        *value++ = '\0';
        return config_set(c, strip(line), strip(value), place);
}

/* Names for the log: what is in a file may be anything. */
static bool line_escape(const char *start, size_t n, char **line) {
        free(*line);
        *line = memchr(start, '\0', n) || n > 4096 ? NULL : strndup(start, n);
        return *line != NULL;
}

int config_parse(Config *c, const char *file, const char *text, ConfigWarn warn, void *userdata) {
        Place place = { .file = file, .warn = warn, .userdata = userdata };
        bool in_section = false;

        for (const char *p = text; *p; ) {
                _cleanup_free_ char *line = NULL;
                size_t n = strcspn(p, "\n");
                int r;

                place.line++;
                if (!line_escape(p, n, &line)) {
                        if (n <= 4096)
                                return -ENOMEM;
                        place_warn(&place, "a line of more than 4096 bytes, ignoring");
                } else {
                        r = config_parse_line(c, line, &place, &in_section);
                        if (r < 0)
                                return r;
                }
                p += n + (p[n] == '\n');
        }
        return 0;
}

static void warn_log(void *userdata _unused_, const char *file, unsigned line, const char *text) {
        _cleanup_free_ char *safe = escape(text);

        log_line(LOG_WARNING, "%s:%u: %s", file, line, safe ? safe : "not understood, ignoring");
}

int config_load(const char *path, Config *ret) {
        _cleanup_(strv_freep) char **files = NULL;
        Config c;
        int r;

        r = config_files_list(path, &files);
        if (r < 0)
                return r;

        config_init(&c);
        for (size_t i = 0; files && files[i]; i++) {
                _cleanup_free_ char *text = NULL;

                r = config_file_read(files[i], &text);
                if (r >= 0)
                        r = config_parse(&c, files[i], text, warn_log, /* userdata= */ NULL);
                else if (r != -ENOMEM && !path) {
                        log_errno(LOG_WARNING, r, "Cannot read %s, ignoring", files[i]);
                        r = 0;
                }
                if (r < 0) {
                        config_done(&c);
                        return r;
                }
        }
        *ret = c;
        return 0;
}

int config_cat(const char *path) {
        _cleanup_(strv_freep) char **files = NULL;
        int r;

        r = config_files_list(path, &files);
        if (r < 0)
                return r;

        for (size_t i = 0; files && files[i]; i++) {
                _cleanup_free_ char *text = NULL;

                r = config_file_read(files[i], &text);
                if (r < 0)
                        return r;
                printf("%s# %s\n%s", i > 0 ? "\n" : "", files[i], text);
        }
        return 0;
}
