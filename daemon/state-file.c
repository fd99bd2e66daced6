/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-id128.h>

#include "finding-text.h"
#include "state-file.h"
#include "message.h"

#define FILE_NAME "known"
#define FILE_NAME_NEW ".known.new"
#define FILE_MAX (256u * 1024 * 1024)
#define HEADER "stalelibd 1 "

struct StateFile {
        int directory_fd;
        int fd;          /* of the file, to append to */
        size_t n_lines;
        int error;       /* below 0: why it does not hold all that was told */

        /* Where it is being written anew. */
        int new_fd;
        Finding **findings; /* shared */
        int *priorities;
        size_t n_findings, next;
};

static void rewrite_end(StateFile *l) {
        for (size_t i = 0; i < l->n_findings; i++)
                finding_unref(l->findings[i]);
        free(l->findings);
        free(l->priorities);
        l->findings = NULL;
        l->priorities = NULL;
        l->n_findings = l->next = 0;
        l->new_fd = fd_close(l->new_fd);
}

static void rewrite_abandon(StateFile *l) {
        if (l->new_fd >= 0)
                unlinkat(l->directory_fd, FILE_NAME_NEW, 0);
        rewrite_end(l);
}

StateFile *state_file_free(StateFile *l) {
        if (!l)
                return NULL;
        rewrite_abandon(l);
        fd_close(l->directory_fd);
        fd_close(l->fd);
        free(l);
        return NULL;
}

/* reading */

typedef struct Line {
        Finding finding;
        int priority; /* -1: gone */
        size_t number;
} Line;

typedef struct Lines {
        Line *lines;
        size_t n, allocated;
} Lines;

static void lines_done(Lines *l) {
        for (size_t i = 0; i < l->n; i++)
                finding_done(&l->lines[i].finding);
        free(l->lines);
}

/* Returns 0, -ENOMEM, or -EBADMSG for an invalid line. */
static int parse_line(const char *text, Line *ret) {
        int priority = -1, r;

        if (text[0] == '+' && text[1] == ' ' && text[2] >= '0' && text[2] <= '7' && text[3] == ' ') {
                priority = text[2] - '0';
                text += 4;
        } else if (text[0] == '-' && text[1] == ' ')
                text += 2;
        else
                return -EBADMSG;

        r = finding_from_text(text, strlen(text), &ret->finding);
        if (r >= 0)
                ret->priority = priority;
        return r;
}

static int compare_lines(const void *a, const void *b) {
        const Line *x = a, *y = b;
        int r = finding_compare(&x->finding, &y->finding);

        return r != 0 ? r : (x->number > y->number) - (x->number < y->number);
}

/* Of the lines about one finding the last one counts. */
static int lines_to_told(Lines *l, Snapshot *told, int *priorities) {
        if (l->n > 0)
                qsort(l->lines, l->n, sizeof(*l->lines), compare_lines);
        for (size_t i = 0; i < l->n; i++) {
                Line *line = l->lines + i;
                int r;

                if (line->priority < 0)
                        continue;
                if (i + 1 < l->n && finding_compare(&line->finding, &line[1].finding) == 0)
                        continue;
                priorities[told->n_findings] = line->priority;
                r = snapshot_take_finding(told, &line->finding);
                if (r < 0)
                        return r;
        }
        snapshot_freeze(told); /* keeps the order, which is its own */
        return 0;
}

/* Returns how many were left out, or -ENOMEM. */
static int lines_parse(Lines *l, char *text) {
        int n_left_out = 0;

        for (char *next; *text; text = next) {
                char *end = strchr(text, '\n');
                int r;

                if (!end)
                        return n_left_out + 1;
                *end = '\0';
                next = end + 1;

                if (!GROW(l->lines, l->allocated, l->n + 1))
                        return -ENOMEM;
                l->lines[l->n] = (Line){ .number = l->n };
                r = parse_line(text, l->lines + l->n);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0)
                        l->n++;
                else
                        n_left_out++;
        }
        return n_left_out;
}

int state_file_parse(char *text, const char *boot_id, Snapshot **ret_told, int **ret_priorities) {
        _cleanup_(snapshot_freep) Snapshot *told = snapshot_new();
        _cleanup_(lines_done) Lines lines = {};
        _cleanup_free_ int *priorities = NULL;
        size_t n = strlen(HEADER), m = strlen(boot_id);
        int n_left_out = 0, r;

        if (!told)
                return -ENOMEM;
        if (strncmp(text, HEADER, n) == 0 && strncmp(text + n, boot_id, m) == 0 && text[n + m] == '\n') {
                n_left_out = lines_parse(&lines, text + n + m + 1);
                if (n_left_out < 0)
                        return n_left_out;
        } else if (*text && strncmp(text, HEADER, n) != 0)
                n_left_out = 1; /* that of another boot is no error */

        priorities = calloc(lines.n + 1, sizeof(*priorities));
        if (!priorities)
                return -ENOMEM;
        r = lines_to_told(&lines, told, priorities);
        if (r < 0)
                return r;

        *ret_told = TAKE_PTR(told);
        *ret_priorities = TAKE_PTR(priorities);
        return n_left_out;
}

/* Empty where there is no file, or none that could be ours. */
static int ledger_read(int directory_fd, char **ret) {
        _cleanup_close_ int fd = openat(directory_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t n = 0;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
                st.st_size = 0;
        text = malloc((size_t) st.st_size + 1);
        if (!text)
                return -ENOMEM;

        while (n < (size_t) st.st_size) {
                ssize_t k = read(fd, text + n, (size_t) st.st_size - n);

                if (k <= 0)
                        break;
                n += (size_t) k;
        }
        /* A NUL would cut it short, and be no nonsense that is seen. */
        for (char *nul = memchr(text, '\0', n); nul; nul = memchr(nul, '\0', n - (size_t) (nul - text)))
                *nul = '?';
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

/* writing */

static int boot_id_read(char *ret) {
        sd_id128_t id;
        int r;

        r = sd_id128_get_boot(&id);
        if (r < 0)
                return r;
        sd_id128_to_string(id, ret);
        return 0;
}

/* One write(2) for a line: what is killed in between leaves at most a last line that is not whole. */
static int line_write(int fd, const char *line, size_t n) {
        ssize_t k = write(fd, line, n);

        if (k < 0)
                return -errno;
        return (size_t) k == n ? 0 : -ENOSPC;
}

static int line_add(int fd, const Finding *f, int priority) {
        _cleanup_free_ char *text = NULL, *line = NULL;
        int n, r;

        r = finding_to_text(f, &text);
        if (r < 0)
                return r;

        n = priority < 0 ? asprintf(&line, "- %s\n", text) : asprintf(&line, "+ %d %s\n", priority, text);
        return n < 0 ? -ENOMEM : line_write(fd, line, (size_t) n);
}

static int rewrite_header(StateFile *l) {
        char header[sizeof(HEADER) + SD_ID128_STRING_MAX + 1] = HEADER;
        int r;

        r = boot_id_read(header + strlen(HEADER));
        if (r < 0)
                return r;
        strcat(header, "\n");
        return line_write(l->new_fd, header, strlen(header));
}

int state_file_rewrite_begin(StateFile *l, const Snapshot *told, const int *priorities) {
        SnapshotWalk walk = { .snapshot = told };
        size_t n = snapshot_n_known(told);
        Finding *f;
        int r;

        rewrite_abandon(l);
        l->findings = calloc(n + 1, sizeof(*l->findings));
        l->priorities = calloc(n + 1, sizeof(*l->priorities));
        if (!l->findings || !l->priorities) {
                rewrite_abandon(l);
                return -ENOMEM;
        }
        while ((f = snapshot_walk_next(&walk, /* ret_listed= */ NULL))) {
                l->findings[l->n_findings] = finding_ref(f);
                l->priorities[l->n_findings] = priorities[l->n_findings];
                l->n_findings++;
        }
        l->new_fd = openat(l->directory_fd, FILE_NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = l->new_fd < 0 ? -errno : rewrite_header(l);
        if (r < 0)
                rewrite_abandon(l);
        return r;
}

/* No fsync(): the file is not to outlive the machine, only the daemon. */
static int rewrite_finish(StateFile *l) {
        if (renameat(l->directory_fd, FILE_NAME_NEW, l->directory_fd, FILE_NAME) < 0)
                return -errno;
        fd_close(l->fd);
        l->fd = TAKE_FD(l->new_fd);
        l->n_lines = l->n_findings;
        l->error = 0;
        rewrite_end(l);
        return 0;
}

int state_file_rewrite_step(StateFile *l) {
        size_t i = l->next++;
        int r;

        if (i == l->n_findings)
                r = rewrite_finish(l);
        else
                r = l->priorities[i] >= 0 ? line_add(l->new_fd, l->findings[i], l->priorities[i]) : 0;
        if (r < 0) {
                rewrite_abandon(l);
                return r;
        }
        return state_file_is_rewriting(l);
}

bool state_file_is_rewriting(const StateFile *l) {
        return l->new_fd >= 0;
}

static int ledger_rewrite(StateFile *l, const Snapshot *told, const int *priorities) {
        int r;

        r = state_file_rewrite_begin(l, told, priorities);
        while (r >= 0 && state_file_is_rewriting(l))
                r = state_file_rewrite_step(l);
        return r;
}

int state_file_open(const char *directory, StateFile **ret, Snapshot **ret_told, int **ret_priorities) {
        _cleanup_(snapshot_freep) Snapshot *told = NULL;
        _cleanup_(state_file_freep) StateFile *l = calloc(1, sizeof(*l));
        _cleanup_free_ char *text = NULL;
        _cleanup_free_ int *priorities = NULL;
        char boot_id[SD_ID128_STRING_MAX];
        int n_left_out = 0, r;

        if (!l)
                return -ENOMEM;
        l->fd = l->new_fd = -EBADF;
        l->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (l->directory_fd < 0)
                return -errno;

        r = boot_id_read(boot_id);
        if (r >= 0)
                r = ledger_read(l->directory_fd, &text);
        if (r >= 0)
                r = n_left_out = state_file_parse(text, boot_id, &told, &priorities);
        if (r < 0)
                return r;
        l->error = ledger_rewrite(l, told, priorities);
        if (l->error == -ENOMEM)
                return l->error;

        *ret = TAKE_PTR(l);
        *ret_told = TAKE_PTR(told);
        *ret_priorities = TAKE_PTR(priorities);
        return n_left_out;
}

/* What comes after an error waits until all is written anew. */
static int ledger_append(StateFile *l, const Finding *f, int priority) {
        off_t size;

        rewrite_abandon(l);
        if (l->error < 0)
                return l->error;
        size = lseek(l->fd, 0, SEEK_END);
        l->error = line_add(l->fd, f, priority);
        if (l->error == 0)
                l->n_lines++;
        else if (size >= 0 && ftruncate(l->fd, size) < 0)
                return -errno;
        return l->error;
}

int state_file_add(StateFile *l, const Finding *f, int priority) {
        return ledger_append(l, f, priority);
}

int state_file_remove(StateFile *l, const Finding *f) {
        return ledger_append(l, f, -1);
}

bool state_file_is_long(const StateFile *l, size_t n_told) {
        return l->error < 0 || l->n_lines > 2 * n_told + 4096;
}
