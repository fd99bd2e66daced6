/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* stalelib-scanner(8): started by systemd, one for each connection to its socket. */

#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "log.h"
#include "scanner.h"

static void help(void) {
        printf("stalelib-scanner [OPTION]\n\n"
               "Reads other processes for stalelibd. systemd starts one for each connection\n"
               "to stalelib-scanner.socket; there is no use in starting it by hand.\n\n"
               "  -h --help     Show this help\n"
               "     --version  Show the version\n");
}

/* Returns 1 to go on, 0 when all is said, or -EINVAL. */
static int parse_argv(int argc, char *argv[]) {
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                {}
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        help();
                        return 0;
                case 'V':
                        printf("stalelib-scanner %s\n", PROJECT_VERSION);
                        return 0;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                log_line(LOG_ERR, "takes no arguments");
                return -EINVAL;
        }
        return 1;
}

int main(int argc, char *argv[]) {
        int r;

        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;

        if (sd_listen_fds(/* unset_environment= */ 1) != 1 ||
            sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, /* listening= */ 0, NULL, 0) <= 0) {
                log_line(LOG_ERR, "is started by stalelib-scanner.socket, with one connection");
                return 2;
        }
        return scanner_run(SD_LISTEN_FDS_START) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
