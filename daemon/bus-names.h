/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names of org.stalelib1(5). */

#define BUS_NAME "org.stalelib1"
#define BUS_PATH "/org/stalelib1"
#define BUS_MANAGER "org.stalelib1.Manager"
#define BUS_PROCESS "org.stalelib1.Process"

#define ERROR_NO_SUCH_PROCESS "org.stalelib1.Error.NoSuchProcess"
#define ERROR_SCANNER_FAILED "org.stalelib1.Error.ScannerFailed"
#define ERROR_BUSY "org.stalelib1.Error.Busy"
