/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole text of /proc/PID/maps: the only source of mappings before Linux 6.11. */

#include "proc/maps.h"
#include "proc/process.h"

/* A longer text is kept without the lines of no file; where these are more than half as much, the rest is not read. */
#define MAPS_TEXT_MAX (32u << 20)
/* Longest name taken from the text; PROCMAP_QUERY itself gives PATH_MAX. */
#define MAPS_TEXT_NAME_MAX 65536

typedef struct MapsText {
        char *bytes;      /* owned; each line ends with a NUL */
        size_t size, allocated; /* size: of whole lines */
        uint32_t *lines;  /* owned; where they begin. They ascend by address */
        size_t n_lines, allocated_lines;
        bool cut;         /* there was more */
        pid_t pid;        /* of the process that it was read of; 0: of none, or a list was made of it since (mapping.h) */
} MapsText;

void maps_text_done(MapsText *t);
/* Empties it for the next process, and keeps its memory, unless that was much. */
void maps_text_clear(MapsText *t);

/* Returns 0; -ESRCH: gone, or without memory; -ENOMEM; -EBADMSG; -EACCES or -EPERM (may not be read); -errno. Empty then. */
int maps_text_read(const Process *p, MapsText *t);
/* The same from a text at hand; whatever follows its last newline is no line. Returns 0 or -ENOMEM. */
int maps_text_parse(const char *text, MapsText *t);

/* A line, by number; ret->name is borrowed from the text. Returns 0 or -EBADMSG. */
int maps_text_line(const MapsText *t, size_t line, MapsLine *ret);
/* Does its third permission say so? Four lines of five are of no executable VMA, and need no more reading than this. */
bool maps_text_is_executable(const MapsText *t, size_t line);
/*
 * In the text, a newline of a name is \012, and so is a name that really holds these four characters: map_files has the
 * bytes themselves. Returns the name of a line of p's; *buffer is to be freed after its use.
 */
const char *maps_text_name(const Process *p, const MapsLine *line, char **buffer);

/*
 * The first line that ends behind the address. Returns 1; 0: none does; -ENODATA: the text was cut before it, there is
 * none, or a line on the way is not understood.
 */
int maps_text_find(const MapsText *t, uint64_t address, MapsLine *ret);
/* As maps_span_at(). Returns 0 or -ENODATA. */
int maps_text_span_at(const MapsText *t, uint64_t address, MapsSpan *ret);
