/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "proc/maps-text.h"

#define KEPT_SIZE 262144
#define READ_SIZE 8192

void maps_text_done(MapsText *t) {
        free(t->bytes);
        free(t->lines);
        *t = (MapsText){};
}

void maps_text_clear(MapsText *t) {
        /* What one huge process needed is not kept for all that follow. */
        if (t->allocated > KEPT_SIZE)
                maps_text_done(t);
        t->size = t->n_lines = 0;
        t->cut = false;
        t->pid = 0;
}

/* Makes lines of the n bytes behind those that are there. Returns 0 or -ENOMEM. */
static int take_lines(MapsText *t, size_t n) {
        char *line = t->bytes + t->size, *end;

        for (; (end = memchr(line, '\n', n)); line = end + 1) {
                if (!GROW(t->lines, t->allocated_lines, t->n_lines + 1))
                        return -ENOMEM;
                *end = '\0';
                t->lines[t->n_lines++] = (uint32_t) (line - t->bytes);
                n -= (size_t) (end + 1 - line);
        }
        t->size = (size_t) (line - t->bytes);
        return 0;
}

/*
 * Drops lines without a file: where there are very many lines, most are of that kind. `rest` bytes behind the lines
 * are kept. Half of the space must become free: otherwise each line that is read would scan all of them.
 */
static void bound(MapsText *t, size_t rest) {
        const char *behind = t->bytes + t->size;
        size_t n = 0, size = 0;

        if (t->size <= MAPS_TEXT_MAX)
                return;
        for (size_t i = 0; i < t->n_lines; i++) {
                const size_t length = strlen(t->bytes + t->lines[i]) + 1;
                MapsLine line;

                if (maps_text_line(t, i, &line) < 0 || !maps_line_is_of_file(&line))
                        continue;
                memmove(t->bytes + size, t->bytes + t->lines[i], length);
                t->lines[n++] = (uint32_t) size;
                size += length;
        }
        memmove(t->bytes + size, behind, rest);
        t->n_lines = n;
        t->size = size;
        t->cut = size > MAPS_TEXT_MAX / 2;
}

/* Reads on behind the lines, and what is there of the next one. Returns how much, 0 at the end, -errno. */
static ssize_t read_on(int fd, size_t rest, MapsText *t) {
        ssize_t n;

        if (rest > MAPS_TEXT_NAME_MAX + 128)
                return -EBADMSG;
        if (!GROW(t->bytes, t->allocated, t->size + rest + READ_SIZE))
                return -ENOMEM;
        n = read(fd, t->bytes + t->size + rest, READ_SIZE);
        return n < 0 ? -errno : n;
}

/* Returns -ESRCH where the memory is gone. */
static int read_all(int fd, MapsText *t) {
        size_t rest = 0;
        ssize_t n = 0;
        char first;

        /* The kernel hands out whole lines, about a page at a time: only 0 is the end. */
        while (!t->cut && (n = read_on(fd, rest, t)) > 0) {
                const size_t end = t->size + rest + (size_t) n;
                int r = take_lines(t, end - t->size);

                if (r < 0)
                        return r;
                rest = end - t->size;
                bound(t, rest);
        }
        if (n < 0)
                return (int) n;
        /* Also the end: the program was left, or executed another, while it was read. Then its beginning is gone as well. */
        n = pread(fd, &first, 1, 0);
        return n > 0 ? 0 : n == 0 ? -ESRCH : -errno;
}

static int read_once(const Process *p, MapsText *t) {
        _cleanup_close_ int fd = process_open_maps(p);

        maps_text_clear(t);
        return fd < 0 ? fd : read_all(fd, t);
}

int maps_text_read(const Process *p, MapsText *t) {
        int r = -ESRCH;

        /* The descriptor is of one memory: a program that executes another meanwhile is read once more. */
        for (size_t i = 0; i < 3 && r == -ESRCH; i++) {
                r = read_once(p, t);
                if (r == -ESRCH && !process_alive(p))
                        break;
        }
        if (r < 0)
                maps_text_clear(t);
        else
                t->pid = p->pid;
        return r;
}

int maps_text_parse(const char *text, MapsText *t) {
        const size_t n = strlen(text);
        int r;

        maps_text_clear(t);
        if (!GROW(t->bytes, t->allocated, n + 1))
                return -ENOMEM;
        memcpy(t->bytes, text, n);
        r = take_lines(t, n);
        if (r < 0)
                maps_text_clear(t);
        else
                bound(t, 0);
        return r;
}

int maps_text_line(const MapsText *t, size_t line, MapsLine *ret) {
        return maps_parse_line(t->bytes + t->lines[line], ret);
}

/* "start-end r-xp …" */
bool maps_text_is_executable(const MapsText *t, size_t line) {
        const char *permissions = strchr(t->bytes + t->lines[line], ' ');

        return permissions && permissions[1] != '\0' && permissions[2] != '\0' && permissions[3] == 'x';
}

const char *maps_text_name(const Process *p, const MapsLine *line, char **buffer) {
        char name[MAPS_FILE_NAME_SIZE];
        char *found = NULL;

        if (!strchr(line->name, '\\') || !strstr(line->name, "\\012"))
                return line->name;
        if (process_read_link(p, maps_file_name(line->start, line->end, name), &found) < 0)
                return line->name;
        free(*buffer);
        *buffer = found;
        return found;
}

int maps_text_find(const MapsText *t, uint64_t address, MapsLine *ret) {
        size_t low = 0, high = t->n_lines;
        MapsLine line;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (maps_text_line(t, middle, &line) < 0)
                        return -ENODATA;
                if (line.end <= address)
                        low = middle + 1;
                else {
                        high = middle;
                        *ret = line;
                }
        }
        if (low < t->n_lines)
                return 1;
        return t->cut || t->n_lines == 0 ? -ENODATA : 0;
}

int maps_text_span_at(const MapsText *t, uint64_t address, MapsSpan *ret) {
        MapsLine line;
        int r;

        r = maps_text_find(t, address, &line);
        if (r < 0)
                return r;
        if (r == 0 || line.start > address)
                *ret = (MapsSpan){ .start = address, .end = r == 0 ? UINT64_MAX : line.start };
        else
                *ret = (MapsSpan){ line.start, line.end, maps_line_is_of_file(&line), line.dev_major, line.dev_minor };
        return 0;
}
