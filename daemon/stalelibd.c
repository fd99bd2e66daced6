/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* stalelibd(8) */

#include <getopt.h>
#include <stdio.h>

#include "config.h"
#include "log.h"
#include "manager.h"

static ManagerOptions arg_options = {
        .scanner_socket = "/run/stalelib/scanner.sock",
        .state_directory = "/run/stalelibd",
};
static bool arg_cat_config;

static void help(void) {
        printf("stalelibd [OPTIONS]\n\n"
               "Finds processes that run stale shared libraries, and says why they do.\n\n"
               "  -h --help                  Show this help\n"
               "     --version               Show the version\n"
               "     --cat-config            Show the configuration files\n"
               "     --config=FILE           Read this configuration file only\n"
               "     --scanner-socket=PATH   Where scanners are to be had\n"
               "     --state-directory=PATH  Where to keep what has been told\n"
               "     --bus-address=ADDRESS   Use this bus instead of the system bus\n\n"
               "See stalelibd(8) and stalelibd.conf(5).\n");
}

/* Returns 1 to go on, 0 when all is said, or -EINVAL. */
static int parse_argv(int argc, char *argv[]) {
        enum { ARG_VERSION = 0x100, ARG_CAT_CONFIG, ARG_CONFIG, ARG_SCANNER_SOCKET, ARG_STATE_DIRECTORY, ARG_BUS_ADDRESS };
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "cat-config", no_argument, NULL, ARG_CAT_CONFIG },
                { "config", required_argument, NULL, ARG_CONFIG },
                { "scanner-socket", required_argument, NULL, ARG_SCANNER_SOCKET },
                { "state-directory", required_argument, NULL, ARG_STATE_DIRECTORY },
                { "bus-address", required_argument, NULL, ARG_BUS_ADDRESS },
                {}
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        printf("stalelibd %s\n", PROJECT_VERSION);
                        return 0;
                case ARG_CAT_CONFIG:
                        arg_cat_config = true;
                        break;
                case ARG_CONFIG:
                        arg_options.config_path = optarg;
                        break;
                case ARG_SCANNER_SOCKET:
                        arg_options.scanner_socket = optarg;
                        break;
                case ARG_STATE_DIRECTORY:
                        arg_options.state_directory = optarg;
                        break;
                case ARG_BUS_ADDRESS:
                        arg_options.bus_address = optarg;
                        break;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                log_line(LOG_ERR, "takes no arguments, see --help");
                return -EINVAL;
        }
        return 1;
}

int main(int argc, char *argv[]) {
        const char *runtime = getenv("RUNTIME_DIRECTORY");
        int r;

        if (runtime && *runtime == '/' && !strchr(runtime, ':'))
                arg_options.state_directory = runtime;

        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;

        if (arg_cat_config) {
                r = config_cat(arg_options.config_path);
                if (r < 0)
                        log_errno(LOG_ERR, r, "Cannot read the configuration");
        } else
                r = manager_run(&arg_options);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
