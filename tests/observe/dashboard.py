"""What is in deploy/grafana/outbox-relay.json: its expressions as Prometheus gets them, and what is wrong with its form."""

import json
import re
from itertools import product

VARIABLES = {"$__rate_interval": "10s", "$job": "outbox-relay", "$outbox": ".*"}


def load(path):
    return json.loads(path.read_text())


def resolved(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def expressions(dashboard):
    """Pairs: where it is shown, and the expression with its variables replaced."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"panel \"{panel['title']}\" {target['refId']}", resolved(target["expr"])
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation \"{annotation['name']}\"", resolved(annotation["expr"])


def label_queries(dashboard):
    """Of the variables, `label_values(series, label)`: pairs (series, label)."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield re.fullmatch(r"label_values\((.*), (\w+)\)", resolved(variable["query"]["query"])).groups()


def faults_of_form(dashboard):
    """What Grafana would show badly, or not at all. Grafana itself is in no package registry."""
    taken, ids = {}, set()
    for panel in dashboard["panels"]:
        name, place = panel["title"], panel["gridPos"]
        if panel["id"] in ids:
            yield f"{name}: its id is another panel's too"
        ids.add(panel["id"])
        if place["x"] + place["w"] > 24:
            yield f"{name}: wider than the page"
        columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        for cell in product(columns, lines):
            if cell in taken:
                yield f"{name}: lies on {taken[cell]}"
                break
            taken[cell] = name
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            yield f"{name}: has no description"
        if panel["type"] not in ("table", "state-timeline") and not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{name}: has no unit"
        for target in panel["targets"]:
            if {target["datasource"]["uid"], panel["datasource"]["uid"]} != {"${datasource}"}:
                yield f"{name}: does not use the variable datasource"
            if re.search(r"\b(rate|increase)\((?![^()]*\[\$__rate_interval\])", target["expr"]):
                yield f"{name}: a rate without $__rate_interval"
            if "$job" not in target["expr"]:
                yield f"{name}: not of the chosen job"
