"""What the chart's dashboards ask for, and which metrics stand in an expression."""

import json
import re

# What Grafana puts in the place of its variables, here: anything, and a window with some scrapes in it.
WINDOW = "60s"
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset", "inf", "nan"}
# A series of a histogram, by the histogram's own name.
SERIES = re.compile(r"_(bucket|sum|count)$")


def metrics(expression):
    """The names of the metrics in an expression."""
    text = re.sub(r'"(?:\\.|[^"\\])*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    names = re.findall(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()", text)
    return {name for name in names if name.lower() not in KEYWORDS}


def filled(expression):
    """An expression of a dashboard, with its variables filled in."""
    return expression.replace("$__rate_interval", WINDOW).replace("$namespace", ".*").replace("$pod", ".*")


class Query:
    """One query of a panel, an annotation or a variable."""

    def __init__(self, dashboard, panel, expression):
        self.dashboard, self.panel, self.expression = dashboard, panel, expression

    def __str__(self):
        return f"{self.dashboard}, {self.panel}: {self.expression}"


def of_variable(variable):
    """What a variable lists, as an expression: label_values(EXPRESSION, LABEL)."""
    found = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])
    return found[1]


def queries(folder):
    """All queries of the dashboards in a folder."""
    found = []
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text())
        name = path.stem
        for panel in dashboard["panels"]:
            found += [Query(name, panel["title"], target["expr"]) for target in panel.get("targets", [])]
        found += [Query(name, each["name"], each["expr"]) for each in dashboard["annotations"]["list"]]
        variables = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
        found += [Query(name, f"variable {each['name']}", of_variable(each)) for each in variables]
    return found


def shape(folder):
    """What keeps a dashboard from being one that Grafana can show: sentences."""
    wrong, titles = [], {}
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text())
        names = [each["name"] for each in dashboard["templating"]["list"]]
        wrong += [f"{path.name} has no variable {name}" for name in ("datasource", "namespace") if name not in names]
        if dashboard["uid"] in titles:
            wrong.append(f"{path.name} has the uid of {titles[dashboard['uid']]}")
        titles[dashboard["uid"]] = path.name
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            wrong.append(f"{path.name} has two panels of one id")
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
        if len(places) != len(set(places)):
            wrong.append(f"{path.name} has two panels in one place")
    return wrong
