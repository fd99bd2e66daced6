/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <fnmatch.h>

#include "explain/advice-target.h"
#include "util/escape.h"

/* What is said of a unit: `before`, its name, `after`. */
typedef struct Phrase {
        const char *unit; /* glob, for instances and versions */
        const char *before, *after;
        bool reboot;
} Phrase;

#define LOG_OUT_FIRST "log out of the graphical sessions, then restart ", ""
#define CUTS_NETWORK "restart ", " when the network may fail for a moment"
#define CUTS_BUS "reboot when it suits: a restart of ", " would cut off all that speaks on the system bus"

/* Units of the system that are not restarted lightly, and what to do instead. */
static const Phrase delicate[] = {
        { "dbus.service", CUTS_BUS, true },
        { "dbus-broker.service", CUTS_BUS, true },
        { "systemd-logind.service", "reboot when it suits: all login sessions depend on ", "", true },
        { "elogind.service", "reboot when it suits: all login sessions depend on ", "", true },
        { "lxcfs.service", "reboot when it suits: a restart of ", " would break /proc in all running containers", true },
        { "networking.service", "reboot when it suits: a restart of ", " would take the network down", true },
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

/* The same in a user's own manager: the session ends with them. */
static const Phrase delicate_of_user[] = {
        { "dbus.service", "log out and in again, for the session depends on ", "" },
        { "dbus-broker.service", "log out and in again, for the session depends on ", "" },
        { "gnome-session*", "log out and in again, for the session depends on ", "" },
        { "org.gnome.Shell*", "log out and in again, for the session depends on ", "" },
        { "plasma-*.service", "log out and in again, for the session depends on ", "" },
        { "xfce4-session*", "log out and in again, for the session depends on ", "" },
};

/* Container engines, as process_describe() names them. What has none of these is a machine of systemd-machined. */
static const struct {
        const char *engine;
        const char *command; /* NULL: none that always fits */
        const char *before, *after;
} engines[] = {
        { "docker:", "docker restart ", "restart the container ", "" },
        { "podman:", "podman restart ", "restart the container ", "" },
        { "lxc:", NULL, "restart the container ", " (lxc-stop -r, or lxc restart)" },
        { "k8s:", "crictl stop ", "stop the container ", ", and the kubelet starts it again" },
        { "qemu-", NULL, "shut the virtual machine ", " down and start it again" },
        { "", "machinectl reboot ", "restart the machine ", "" },
};

void advice_target_done(AdviceTarget *t) {
        free(t->restart);
        free(t->reload);
        free(t->words);
        *t = (AdviceTarget){};
}

/*
 * Are these the characters of a unit's name, systemd.unit(5), or a container's? What
 * has others has been forged, and gets no command. With a backslash doubled, which is
 * what escape() does, they can be typed as they are shown.
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

/* Nobody restarts it but who started it. */
static int find_process(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *comm = escape(f->comm ?: "process");

        if (comm)
                t->words = strdup_format("end %s (%d) and start it again", comm, (int) f->pid);
        return t->words ? 0 : -ENOMEM;
}

static int find_first_process(const Finding *f, AdviceTarget *t) {
        if (!f->comm || !streq(f->comm, "systemd")) {
                t->reboot = true;
                t->words = strdup("reboot when it suits: it is the first process");
                return t->words ? 0 : -ENOMEM;
        }
        t->restart = strdup("systemctl daemon-reexec");
        t->words = strdup("let it execute itself anew (systemctl daemon-reexec)");
        return t->restart && t->words ? 0 : -ENOMEM;
}

static int find_container(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *shown = NULL;
        const char *name;
        size_t i = 0;

        while (strncmp(f->container, engines[i].engine, strlen(engines[i].engine)) != 0)
                i++;
        name = f->container + (ends_in(engines[i].engine, ":") ? strlen(engines[i].engine) : 0);
        shown = escape(name);
        if (!shown)
                return -ENOMEM;
        t->remounts = true;
        t->words = strdup_format("%s%s%s", engines[i].before, shown, engines[i].after);
        if (t->words && engines[i].command && is_typable(name)) {
                t->restart = strdup_format("%s%s", engines[i].command, shown);
                if (!t->restart)
                        return -ENOMEM;
        }
        return t->words ? 0 : -ENOMEM;
}

/* A unit of the system (`manager` is ""), or of a user (" --user -M UID@"). */
static int find_unit(const char *unit, const char *manager, const Phrase *phrase, AdviceTarget *t) {
        _cleanup_free_ char *shown = escape(unit);

        if (!shown)
                return -ENOMEM;
        if (phrase) {
                t->reboot = phrase->reboot;
                t->words = strdup_format("%s%s%s", phrase->before, shown, phrase->after);
                return t->words ? 0 : -ENOMEM;
        }
        t->words = strdup_format("restart %s", shown);
        if (t->words && is_typable(unit)) {
                t->restart = strdup_format("systemctl%s restart %s", manager, shown);
                t->reload = strdup_format("systemctl%s reload %s", manager, shown);
                return t->restart && t->reload ? 0 : -ENOMEM;
        }
        return t->words ? 0 : -ENOMEM;
}

/* Whose manager: "user@1000.service". Falls back to who runs the process. */
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

/* The user's manager itself; its helper "(sd-pam)" lives as long as the session. */
static int find_user_manager(const Finding *f, AdviceTarget *t) {
        unsigned long uid = manager_uid(f);

        if (f->comm && streq(f->comm, "(sd-pam)")) {
                t->words = strdup_format("log the user %lu out of all sessions", uid);
                return t->words ? 0 : -ENOMEM;
        }
        t->restart = strdup_format("systemctl --user -M %lu@ daemon-reexec", uid);
        t->words = strdup_format("let the manager of the user %lu execute itself anew (systemctl --user daemon-reexec)", uid);
        return t->restart && t->words ? 0 : -ENOMEM;
}

static int find_user_unit(const Finding *f, AdviceTarget *t) {
        const Phrase *phrase = find_phrase(delicate_of_user, ELEMENTSOF(delicate_of_user), f->user_unit);
        _cleanup_free_ char *manager = strdup_format(" --user -M %lu@", manager_uid(f));

        if (!manager)
                return -ENOMEM;
        if (!phrase && !ends_in(f->user_unit, ".service"))
                return find_process(f, t);
        return find_unit(f->user_unit, manager, phrase, t);
}

/* "session-3.scope": what was started by hand, or is the login itself. */
static int find_session(const Finding *f, AdviceTarget *t) {
        _cleanup_free_ char *session = escape_bytes(f->unit + 8, strlen(f->unit) - 8 - 6), *comm = escape(f->comm ?: "process");

        if (session && comm)
                t->words = strdup_format("end %s (%d) and start it again, or log out of session %s and in again", comm, (int) f->pid, session);
        return t->words ? 0 : -ENOMEM;
}

static int find_target(const Finding *f, AdviceTarget *t) {
        if (f->pid == 1)
                return find_first_process(f, t);
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
        int r;

        r = find_target(f, &t);
        if (r < 0) {
                advice_target_done(&t);
                return r;
        }
        *ret = t;
        return 0;
}
