#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: expressions.py DASHBOARD

Prints what the panels of a Grafana dashboard ask, one expression a line, with the
variables replaced as Grafana would for all hosts; fails where the dashboard is not whole.
"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    dashboard = json.load(f)

variables = {v["name"] for v in dashboard["templating"]["list"]}
assert variables == {"datasource", "instance"}, variables
ids = [panel["id"] for panel in dashboard["panels"]]
assert len(set(ids)) == len(ids), "panels share an id"
cells = set()
for panel in dashboard["panels"]:
    at = panel["gridPos"]
    covered = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
    assert at["x"] + at["w"] <= 24 and not covered & cells, f"{panel['title']} lies over another panel"
    cells |= covered
    assert panel["targets"], f"{panel['title']} asks nothing"
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
        assert "$" not in expression and "\n" not in expression, expression
        print(expression)
