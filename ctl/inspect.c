/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <json-c/json_object.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>

#include "command.h"
#include "output.h"
#include "pager.h"
#include "text-wrap.h"
#include "unload-check/unload-check.h"
#include "util/escape.h"

static const struct {
        Style style;
        const char *answer;
} answers[UNLOAD_MAX] = {
        [UNLOAD_YES] = { STYLE_GREEN, "would unload" },
        [UNLOAD_MAYBE] = { STYLE_YELLOW, "may unload: that depends on the program that loads it" },
        [UNLOAD_NO] = { STYLE_RED, "would not unload" },
};

static const char *reason_of(int r) {
        switch (r) {
        case -ENOEXEC:
                return "it is not an ELF file";
        case -EBADMSG:
                return "it is a broken ELF file, which no loader would map";
        case -EMEDIUMTYPE:
                return "it is an ELF file, but no shared library";
        default:
                return strerror(-r);
        }
}

/* O_NONBLOCK: a FIFO at the path must not hang us; what is no regular file is refused. */
static int inspect_path(const char *path, UnloadCheck *ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), directory_fd = -EBADF;
        _cleanup_free_ char *copy = strdup(path);
        struct stat st;

        if (!copy)
                return -ENOMEM;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -ENOEXEC;
        directory_fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
        return unload_check_file(fd, directory_fd, ret);
}

static int show(const Options *o, const char *path, const UnloadCheck *i) {
        size_t width = output_text_width(o);

        printf("%s: %s%s%s\n", path, style_begin(answers[i->verdict].style, o->colour), answers[i->verdict].answer,
               style_end(answers[i->verdict].style, o->colour));
        for (uint32_t bit = 1; bit < RUNTIME_ALL; bit <<= 1)
                if (i->runtimes & bit)
                        printf("  runtime: %s\n", runtime_to_string(bit));
        for (size_t k = 0; k < i->n_obstacles; k++) {
                const Obstacle *b = &i->obstacles[k];
                _cleanup_free_ char *line = NULL, *remedy = NULL;

                if (asprintf(&line, "%s: %s", b->verdict == UNLOAD_YES ? "note" : pin_reason_to_string(b->reason),
                             b->detail ?: "") < 0 ||
                    asprintf(&remedy, "remedy: %s", b->remedy ?: "") < 0)
                        return -ENOMEM;
                text_wrap(stdout, line, 2, 6, width);
                if (b->remedy)
                        text_wrap(stdout, remedy, 6, 14, width);
        }
        return 0;
}

/* --- as JSON --- */

static int add_bytes(json_object *o, const char *key, const char *s) {
        _cleanup_free_ char *escaped = escape(s);

        return s && !escaped ? -ENOMEM : json_add_text(o, key, escaped);
}

static int add_obstacles(json_object *o, const UnloadCheck *i) {
        json_object *array = json_object_new_array();
        int r = json_add(o, "obstacles", array);

        for (size_t k = 0; k < i->n_obstacles && r >= 0; k++) {
                const Obstacle *b = &i->obstacles[k];
                json_object *element = json_object_new_object();

                r = json_append(array, element);
                if (r < 0 || (r = json_add_text(element, "verdict", unload_to_string(b->verdict))) < 0 ||
                    (r = json_add_text(element, "reason", pin_reason_to_string(b->reason))) < 0 ||
                    (r = json_add_text(element, "detail", b->detail)) < 0)
                        return r;
                r = json_add_text(element, "remedy", b->remedy);
        }
        return r;
}

static int add_words(json_object *o, const UnloadCheck *i) {
        json_object *runtimes = json_object_new_array(), *needed;
        int r = json_add(o, "runtimes", runtimes);

        for (uint32_t bit = 1; bit < RUNTIME_ALL && r >= 0; bit <<= 1)
                if (i->runtimes & bit)
                        r = json_append(runtimes, json_object_new_string(runtime_to_string(bit)));
        if (r < 0)
                return r;
        needed = json_object_new_array();
        r = json_add(o, "needed", needed);
        for (char **n = i->needed; n && *n && r >= 0; n++) {
                _cleanup_free_ char *escaped = escape(*n);

                r = json_append(needed, escaped ? json_object_new_string(escaped) : NULL);
        }
        return r;
}

/* One element of "files"; i is NULL where the file could not be inspected. path is escaped. */
static int build(const char *path, const UnloadCheck *i, const char *error, json_object **ret) {
        char build_id[2 * BUILD_ID_MAX + 1];
        _cleanup_json_ json_object *o = json_object_new_object();
        static const UnloadCheck nothing;
        FileId id = {};
        int r;

        if (!o)
                return -ENOMEM;
        if (i) {
                id.build_id_length = i->build_id_length;
                memcpy(id.build_id, i->build_id, sizeof(id.build_id));
        }
        if ((r = json_add_text(o, "path", path)) < 0 ||
            (r = json_add_text(o, "unload", i ? unload_to_string(i->verdict) : NULL)) < 0 ||
            (r = add_bytes(o, "soname", i ? i->soname : NULL)) < 0 ||
            (r = json_add_text(o, "build_id", id.build_id_length > 0 ? file_id_build_id(&id, build_id) : NULL)) < 0 ||
            (r = add_words(o, i ?: &nothing)) < 0 || (r = add_obstacles(o, i ?: &nothing)) < 0 ||
            (r = json_add_text(o, "error", error)) < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

/* --- all of them --- */

/* An error outweighs "no", which outweighs "yes"; with --check, "maybe" is as good as "no". */
static int worse(const Options *o, int status, const UnloadCheck *i) {
        if (!i || status == STATUS_UNKNOWN)
                return STATUS_UNKNOWN;
        return i->verdict == UNLOAD_NO || (o->check && i->verdict != UNLOAD_YES) ? STATUS_STALE : status;
}

static int inspect_one(const Options *o, const char *path, json_object *files, int *status) {
        _cleanup_(unload_check_done) UnloadCheck i = {};
        _cleanup_free_ char *name = escape(path);
        json_object *element = NULL;
        int r;

        r = name ? inspect_path(path, &i) : -ENOMEM;
        if (r == -ENOMEM)
                return r;
        *status = worse(o, *status, r < 0 ? NULL : &i);
        if (r < 0)
                print_error(0, "%s cannot be inspected: %s", name, reason_of(r));
        if (files) {
                r = build(name, r < 0 ? NULL : &i, r < 0 ? reason_of(r) : NULL, &element);
                return r < 0 ? r : json_append(files, element);
        }
        return r >= 0 && !o->quiet ? show(o, name, &i) : 0;
}

int command_inspect(const Options *o) {
        _cleanup_json_ json_object *report = json_object_new_object();
        json_object *files = NULL;
        int r = report ? 0 : -ENOMEM, status = STATUS_ANSWERED;

        if (o->json != JSON_OFF && r >= 0) {
                files = json_object_new_array();
                r = json_add(report, "version", json_object_new_int(1));
                if (r >= 0)
                        r = json_add(report, "files", files);
        } else
                pager_open(o);
        for (char **path = o->arguments; *path && r >= 0; path++)
                r = inspect_one(o, *path, files, &status);
        if (r < 0)
                return print_errno(r, "Cannot inspect");
        if (files)
                output_json(o, report);
        return status;
}
