/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <fnmatch.h>

#include "explain/advice-target.h"
#include "util/escape.h"

/* What to do about a unit: `before`, its name, `after`. */
typedef struct Phrase {
        const char *unit; /* glob, for instances and versions */
        const char *before, *after;
        bool reboot;
} Phrase;

#define LOG_OUT_FIRST "log out of the graphical sessions, then restart ", ""
#define CUTS_NETWORK "restart ", " when a short network outage is acceptable"
#define CUTS_BUS "schedule a reboot: a restart of ", " would disconnect everything on the system bus"
#define CUTS_LOGIN "schedule a reboot: all login sessions depend on ", ""

/* System units that are not to be restarted without precautions. */
static const Phrase delicate[] = {
        { "dbus.service", CUTS_BUS, true },
        { "dbus-broker.service", CUTS_BUS, true },
        { "systemd-logind.service", CUTS_LOGIN, true },
        { "elogind.service", CUTS_LOGIN, true },
        { "lxcfs.service", "schedule a reboot: a restart of ", " would break /proc in all running containers", true },
        { "networking.service", "schedule a reboot: a restart of ", " would take the network down", true },
        { "display-manager.service", LOG_OUT_FIRST },
        { "gdm*.service", LOG_OUT_FIRST },
        { "[klnswx]dm.service", LOG_OUT_FIRST },
        { "lightdm*.service", LOG_OUT_FIRST },
        { "lxdm*.service", LOG_OUT_FIRST },
        { "nodm*.service", LOG_OUT_FIRST },
        { "sddm*.service", LOG_OUT_FIRST },
        { "slim*.service", LOG_OUT_FIRST },
        { "greetd*.service", LOG_OUT_FIRST },
        { "getty@*.service", "log out of the terminal of ", "" },
        { "*-getty@*.service", "log out of the terminal of ", "" },
        { "console-getty.service", "log out of the terminal of ", "" },
        { "ssh@*.service", "close the connection of ", " and log in again" },
        { "sshd@*.service", "close the connection of ", " and log in again" },
        { "emergency.service", "leave the shell of ", "" },
        { "rescue.service", "leave the shell of ", "" },
        { "docker.service", "restart ", " when its containers may stop (with live-restore they do not)" },
        { "NetworkManager.service", CUTS_NETWORK },
        { "network-manager.service", CUTS_NETWORK },
        { "wpa_supplicant*.service", CUTS_NETWORK },
        { "openvpn*.service", CUTS_NETWORK },
};

#define ENDS_SESSION "log out and in again: the session depends on ", ""

/* User units that the session ends with. */
static const Phrase delicate_of_user[] = {
        { "dbus.service", ENDS_SESSION },
        { "dbus-broker.service", ENDS_SESSION },
        { "gnome-session*", ENDS_SESSION },
        { "org.gnome.Shell*", ENDS_SESSION },
        { "plasma-*.service", ENDS_SESSION },
        { "xfce4-session*", ENDS_SESSION },
};

/* Container engines, by the prefix that process_describe() sets. Without one it is a machine of systemd-machined. */
static const struct {
        const char *engine;
        const char *command; /* NULL: none that always works */
        const char *before, *after;
} engines[] = {
        { "docker:", "docker restart ", "restart the container ", "" },
        { "podman:", "podman restart ", "restart the container ", "" },
        { "lxc:", NULL, "restart the container ", " (lxc-stop -r, or lxc restart)" },
        { "k8s:", "crictl stop ", "stop the container ", ", and the kubelet starts it again" },
        { "qemu-", NULL, "shut down the virtual machine ", " and start it again" },
        { "", "machinectl reboot ", "restart the machine ", "" },
};

void advice_target_done(AdviceTarget *t) {
        free(t->restart);
        free(t->reload);
        free(t->words);
        *t = (AdviceTarget){};
}

/*
 * Can the name be typed as escape() shows it? Only the characters of a unit or container name, systemd.unit(5); escape()
 * doubles a backslash. A name with other characters is forged, and gets no command.
 */
static bool is_typable(const char *s) {
        if (*s == '\0' || *s == '-')
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("_.:@-\\", *s))
                        return false;
        return true;
}

static bool ends_in(const char *s, const char *end) {
        size_t n = strlen(s), m = strlen(end);

        return n > m && streq(s + n - m, end);
}

static const Phrase *find_phrase(const Phrase *table, size_t n, const char *unit) {
        for (size_t i = 0; i < n; i++)
                if (fnmatch(table[i].unit, unit, 0) == 0)
                        return table + i;
        return NULL;
}

/* Below, each sets words, and returns false on lack of memory; words are checked by advice_target_find(). */

static bool find_process(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *comm = escape(f->comm ?: "process");

        t->words = comm ? strdup_format("end %s (%d) and start it again", comm, (int) f->pid) : NULL;
        return true;
}

static bool find_init(const Finding *f, AdviceTarget *t) {
        if (!f->comm || !streq(f->comm, "systemd")) {
                t->reboot = true;
                t->words = strdup("schedule a reboot: it is PID 1");
                return true;
        }
        t->words = strdup("re-execute it (systemctl daemon-reexec)");
        return strdup_to(&t->restart, "systemctl daemon-reexec");
}

static bool find_container(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *shown = NULL;
        const char *name;
        size_t i = 0;

        while (strncmp(f->container, engines[i].engine, strlen(engines[i].engine)) != 0)
                i++;
        name = f->container + (ends_in(engines[i].engine, ":") ? strlen(engines[i].engine) : 0);
        shown = escape(name);
        if (!shown)
                return false;
        t->remounts = true;
        t->words = strdup_format("%s%s%s", engines[i].before, shown, engines[i].after);
        if (!engines[i].command || !is_typable(name))
                return true;
        t->restart = strdup_format("%s%s", engines[i].command, shown);
        return t->restart;
}

/* manager: "" for a system unit, " --user -M UID@" for a user unit. */
static bool find_unit(const char *unit, const char *manager, const Phrase *phrase, AdviceTarget *t) {
        _cleanup_free_ char *shown = escape(unit);

        if (!shown)
                return false;
        t->reboot = phrase && phrase->reboot;
        t->words = strdup_format("%s%s%s", phrase ? phrase->before : "restart ", shown, phrase ? phrase->after : "");
        if (phrase || !is_typable(unit))
                return true;
        t->restart = strdup_format("systemctl%s restart %s", manager, shown);
        t->reload = strdup_format("systemctl%s reload %s", manager, shown);
        return t->restart && t->reload;
}

/* From "user@1000.service"; otherwise the effective user of the process. */
static unsigned long manager_uid(const Finding *f) {
        const char *s = f->unit ?: "";
        unsigned long uid;
        char *end;

        if (strncmp(s, "user@", 5) != 0 || !isdigit((unsigned char) s[5]))
                return f->uid;
        errno = 0;
        uid = strtoul(s + 5, &end, 10);
        return errno == 0 && uid <= UINT32_MAX && streq(end, ".service") ? uid : f->uid;
}

/* The user's manager, or its helper "(sd-pam)", which lives as long as the session. */
static bool find_user_manager(const Finding *f, AdviceTarget *t) {
        unsigned long uid = manager_uid(f);

        if (f->comm && streq(f->comm, "(sd-pam)")) {
                t->words = strdup_format("log user %lu out of all sessions", uid);
                return true;
        }
        t->words = strdup_format("re-execute the manager of user %lu (systemctl --user daemon-reexec)", uid);
        t->restart = strdup_format("systemctl --user -M %lu@ daemon-reexec", uid);
        return t->restart;
}

static bool find_user_unit(const Finding *f, AdviceTarget *t) {
        const Phrase *phrase = find_phrase(delicate_of_user, ELEMENTSOF(delicate_of_user), f->user_unit);
        _cleanup_free_ char *manager = strdup_format(" --user -M %lu@", manager_uid(f));

        if (!phrase && !ends_in(f->user_unit, ".service"))
                return find_process(f, t);
        return manager && find_unit(f->user_unit, manager, phrase, t);
}

/* "session-3.scope": started by hand, or the login itself. */
static bool find_session(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *session = escape_bytes(f->unit + 8, strlen(f->unit) - 8 - 6), *comm = escape(f->comm ?: "process");

        if (session && comm)
                t->words = strdup_format("end %s (%d) and start it again, or log out of session %s and in again", comm, (int) f->pid, session);
        return true;
}

static bool find_target(const Finding *f, AdviceTarget *t) {
        if (f->pid == 1)
                return find_init(f, t);
        if (f->container)
                return find_container(f, t);
        if (f->user_unit && !streq(f->user_unit, "init.scope"))
                return find_user_unit(f, t);
        if (!f->unit)
                return find_process(f, t);
        if (fnmatch("user@*.service", f->unit, 0) == 0)
                return find_user_manager(f, t);
        if (fnmatch("session-*.scope", f->unit, 0) == 0)
                return find_session(f, t);
        if (!ends_in(f->unit, ".service"))
                return find_process(f, t);
        return find_unit(f->unit, "", find_phrase(delicate, ELEMENTSOF(delicate), f->unit), t);
}

int advice_target_find(const Finding *f, AdviceTarget *ret) {
        AdviceTarget t = {};

        if (!find_target(f, &t) || !t.words) {
                advice_target_done(&t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}
