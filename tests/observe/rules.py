"""The alert rules, and a copy of them in which a minute takes three seconds."""

import re

SECONDS = {"m": 60, "h": 3600, "d": 86400}
FASTER = 20
AGES = (") > 300\n", ") > 120\n", ") > 3600\n")  # thresholds that are ages


def in_fast_motion(rules):
    """Waits (`for:`), windows and ages, all of them shorter by the same factor."""

    def shorter(match):
        return f"{match[1]}{int(match[2]) * SECONDS[match[3]] // FASTER}s"

    rules = re.sub(r"(for: |\[)(\d+)([mhd])\b", shorter, rules)
    for age in AGES:
        if rules.count(age) != 1:
            raise RuntimeError(f"alerts.yaml has changed: expected one threshold {age.strip()}")
        rules = rules.replace(age, f") > {int(age[4:]) // FASTER}\n")
    return rules


def names(rules):
    return re.findall(r"- alert: (\w+)", rules)


def metrics(text):
    """Every metric of ours that a text of expressions names."""
    return set(re.findall(r"\b(?:outbox_relay|process)_[a-z_]+\b", text))


def faults_of_runbook(rules, readme):
    """Each alert points to its chapter in deploy/README.md, and each chapter is about an alert."""
    chapters = re.findall(r"^### (OutboxRelay\w+)$", readme, re.MULTILINE)
    for name in names(rules):
        if name not in chapters:
            yield f"{name}: has no chapter in deploy/README.md"
        if rules.count(f"runbook_url: deploy/README.md#{name.lower()}\n") != 1:
            yield f"{name}: does not point to its chapter"
    for chapter in chapters:
        if chapter not in names(rules):
            yield f"{chapter}: a chapter of deploy/README.md about an alert that does not exist"
