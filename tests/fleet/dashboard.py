#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: dashboard.py DASHBOARD [URL]

Fails where a Grafana dashboard is not whole. With the URL of a Prometheus, asks it all that
the panels ask, as Grafana would for all hosts and for one, and fails where there is no answer.
"""
import json
import re
import sys
import time
import urllib.parse
import urllib.request

EMPTY = {  # rightly, on a host that is well
    "sum by (reason) (stalelib_unknown_mappings{instance=~\"$instance\"}) > 0",
}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def check(dashboard):
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    assert set(variables) == {"datasource", "instance"}, variables
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    assert variables["instance"]["datasource"] == DATASOURCE

    panels = dashboard["panels"]
    for what in ("id", "title"):
        assert len({p[what] for p in panels}) == len(panels), f"panels share a {what}"
    cells = set()
    for panel in panels:
        title, at = panel["title"], panel["gridPos"]
        covered = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not covered & cells, f"{title} lies over another panel"
        cells |= covered
        assert title and panel["fieldConfig"]["defaults"]["unit"], f"{title} has no title or no unit"
        assert panel["targets"], f"{title} asks nothing"
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"]), f"{title}: targets share an id"
        for where in (panel, *panel["targets"]):
            assert where["datasource"] == DATASOURCE, f"{title} does not ask the data source that is chosen"
    asked = {t["expr"] for p in panels for t in p["targets"]}
    assert EMPTY <= asked, "what may be empty is not asked"


def api(url, path, **parameters):
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
        return json.load(answer)["data"]


def hosts(url, dashboard):
    query = next(v["query"]["query"] for v in dashboard["templating"]["list"] if v["name"] == "instance")
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()
    return api(url, f"label/{label}/values", **{"match[]": metric})


def ask(url, dashboard):
    """Yields what has no answer."""
    found = hosts(url, dashboard)
    if not found:
        yield "no host to choose from"
    now = time.time()
    for instance in (".*", *(re.escape(host).replace("\\", "\\\\") for host in found)):
        for target in (t for p in dashboard["panels"] for t in p["targets"]):
            query = target["expr"].replace("$instance", instance).replace("$__rate_interval", "5m")
            assert "$" not in query, query
            if target.get("instant"):
                answer = api(url, "query", query=query)
            else:
                answer = api(url, "query_range", query=query, start=now - 60, end=now, step=1)
            if not answer["result"] and target["expr"] not in EMPTY:
                yield query


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        dashboard = json.load(f)
    check(dashboard)
    unanswered = list(ask(sys.argv[2], dashboard)) if len(sys.argv) > 2 else []
    print("\n".join(unanswered))
    return 1 if unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
