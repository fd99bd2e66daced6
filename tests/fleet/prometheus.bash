#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the daemon writes for Prometheus, held against the alerts and the dashboard; and
# all of it together with the real programs, on loopback: MetricsFile=, node_exporter,
# Prometheus, an alert. Needs: STALELIBD, FAKE_SCANNER, SOURCE.

. "${0%/*}/../bus/frame.bash"
need dbus-daemon busctl systemd-socket-activate
need promtool prometheus prometheus-node-exporter
SCANNER="$FAKE_SCANNER $T"
RULES=$SOURCE/contrib/prometheus/stalelib.rules.yml
DASHBOARD=$SOURCE/contrib/grafana/stalelib.json
PAGE=$SOURCE/man/stalelib-deploy.7.scd
PROM=$T/textfile/stalelib.prom
exporter='' prometheus=''

# Its programs end with it, whatever happens.
trap 'kill $exporter $prometheus 2>/dev/null; end' EXIT

# finding PID STATE UNIT PIN [FLAGS]
finding() {
        printf '{"pid":%d,"start_time":77,"comm":"probe","exe":"/usr/sbin/probe","uid":33,"unit":"%s","user_unit":null,"container":null,' "$1" "$3"
        printf '"path":"/opt/probe/%d.so","loader_name":null,"state":"%s","flags":[%s],' "$1" "$2" "${5:-}"
        printf '"mapped":{"device":"253:0","inode":%d,"build_id":null,"known":true},"disk":null,"successor":null,' "$1"
        printf '"pins":[{"reason":"%s","certainty":"certain","holder":null,"holder_pins":[],"detail":"seen"}],"runtimes":[],' "$4"
        printf '"action":"restart","advice":"restart it","message":"probe (%d) is stale"}\n' "$1"
}

mkdir "$T/textfile"
printf '[Stalelibd]\nSweepIntervalSec=500ms\nMetricsFile=%s\n' "$PROM" >"$T/conf"
{
        finding 100 replaced nginx.service nodelete
        finding 101 modified probe.service open-handles '"crash-risk"'
        finding 103 replaced quiet.service nodelete '"same-content"'
        finding 102 deleted 'odd\\x22"unit.service' holder
} | sed 's/x22"/x22\\"/' >"$T/findings"
start_bus && start_socket && start_daemon || { echo "Bail out! nothing starts"; cat "$T/log"; exit 1; }
written() { manager Sweep >/dev/null && grep -q '^stalelib_stale_processes 3$' "$PROM"; }
ok "the daemon writes its counts" eventually 10 written
cp "$PROM" "$T/sample"

# Each of the three names the same metrics, and nothing else.

metrics() { sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$T/sample" | sort; }
named() { grep -oE '\bstalelib_[a-z_]+' | sort -u; }
exist() { ! named | comm -23 - <(metrics) | grep .; }
dashboard() { python3 "${0%/*}/dashboard.py" "$DASHBOARD" "$@"; }
ok "promtool finds them right" promtool check metrics <"$T/sample"
ok "there are metrics" test "$(metrics | wc -l)" -ge 15
ok "the alerts are right" promtool check rules "$RULES"
ok "the alerts name metrics that there are" exist <"$RULES"
cp "$RULES" "${0%/*}/rules-test.yml" "$T/"
ok "the alerts fire when they should" promtool test rules "$T/rules-test.yml"
alerts() { sed -n 's/^ *- alert: //p' "$RULES" | sort; }
ok "each alert is tested" test "$(sed -n 's/^ *alertname: //p' "$T/rules-test.yml" | sort -u)" = "$(alerts)"
ok "each alert is in the manual" test "$(sed -n 's/^\*\(Stalelib[A-Za-z]*\)\*$/\1/p' "$PAGE" | sort)" = "$(alerts)"
ok "the dashboard is whole" dashboard
ok "the dashboard names metrics that there are" exist <"$DASHBOARD"
ok "the dashboard shows every metric" test "$(named <"$DASHBOARD")" = "$(metrics)"
{
        grep -A1 '^rule_files:$' "$PAGE" | sed "s,/usr/share/stalelib/prometheus,$T,"
} >"$T/manual.yml"
ok "Prometheus takes what the manual gives it" grep -q '5 rules found' <(promtool check config "$T/manual.yml" 2>&1)

# With the real programs. A port that is free now may be taken a moment later: then the next one.

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# serve NAME PROGRAM…: starts it in the background on a free port, which is its last argument's.
serve() {
        local -n pid=$1 port=$1_port
        shift
        for _ in 1 2 3; do
                port=$(free_port)
                "$@" --web.listen-address="127.0.0.1:$port" >>"$T/$1.log" 2>&1 &
                pid=$!
                eventually 30 eval "! kill -0 $pid 2>/dev/null || answers $port"
                ! kill -0 "$pid" 2>/dev/null || return 0
        done
        return 1
}

exporter_port='' prometheus_port=''
serve exporter prometheus-node-exporter --collector.disable-defaults --collector.textfile \
        --collector.textfile.directory="$T/textfile"
ok "node_exporter reads the file" answers "$exporter_port"
# The same alerts, with less patience.
sed -E 's/for: .*/for: 500ms/; s/> 900/> 3/' "$RULES" >"$T/quick.yml"
cat >"$T/prometheus.yml" <<END
global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
rule_files: [quick.yml]
scrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:$exporter_port"]}]}]
END
serve prometheus prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --log.level=warn
ok "Prometheus starts" answers "$prometheus_port"

ask() { promtool query instant "http://127.0.0.1:$prometheus_port" "$1"; }
yields() { ask "$1" | grep -qF -- "$2"; }
ok "the counts arrive" eventually 30 yields 'stalelib_stale_processes' '=> 3 @'
ok "with their states" yields 'stalelib_findings > 0' 'state="modified"'
ok "with their reasons" yields 'stalelib_pinned_findings > 0' 'pin="nodelete"'
ok "with their units, whatever these are called" yields 'stalelib_unit_findings{unit=~"odd.*unit.service"}' '=> 1 @'
ok "same content is counted apart" yields 'stalelib_same_content_processes' '=> 1 @'
ok "and of no unit" not yields 'stalelib_unit_findings{unit="quiet.service"}' 'quiet'
ok "node_exporter has no complaint" yields 'node_textfile_scrape_error' '=> 0 @'
ok "the sweep is a moment ago" yields 'time() - stalelib_last_sweep_timestamp_seconds < 60' '=>'
ask '{__name__=~"stalelib_.+"}' | named >"$T/arrived"
ok "all of them" diff <(metrics) "$T/arrived"

ok "every panel of the dashboard has something to show" eventually 30 dashboard "http://127.0.0.1:$prometheus_port"

firing() { yields "ALERTS{alertstate=\"firing\",alertname=\"$1\"}" "${2:-$1}"; }
ok "the alert fires for the unit" eventually 30 firing StalelibStaleLibraries 'unit="nginx.service"'
ok "and the one for what may crash" eventually 30 firing StalelibCrashRisk
ok "none fires for the same content" not yields 'ALERTS{unit="quiet.service"}' quiet
ok "nothing else does" test -z "$(ask 'ALERTS{alertstate="firing",alertname!~"StalelibStaleLibraries|StalelibCrashRisk|StalelibNotLooking"}')"
: >"$T/findings"
ok "they end with the findings" eventually 30 eval '! firing StalelibStaleLibraries && ! firing StalelibCrashRisk'
stop_daemon KILL
ok "a daemon that has ended is told" eventually 30 firing StalelibNotLooking

finish
