"""The compose file: what a schema cannot see.

    compose_test.py                          all tests
    compose_test.py --print-database-files   the files that PostgreSQL runs on its first start, in their order
"""

import re
import sys
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/compose"
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
# The image brings its own: Dockerfile.
CHECKED_BY_IMAGE = {"relay"}
# Of others in this repository; a container's folder is empty until they are there.
OPTIONAL = {"../prometheus", "../grafana"}


def mounts(service):
    """Pairs of a path on this side and one in the container; named volumes left out."""
    pairs = [volume.split(":")[:2] for volume in service.get("volumes", [])]
    return [(source, target) for source, target in pairs if source.startswith(".")]


def database_files():
    scripts = [(target, source) for source, target in mounts(SERVICES["postgres"]) if "initdb.d" in target]
    return [(FOLDER / source).resolve().relative_to(ROOT) for _, source in sorted(scripts)]


class Compose(unittest.TestCase):
    def test_every_file_that_a_container_sees_is_there(self):
        for name, service in SERVICES.items():
            for source, _ in mounts(service):
                if source not in OPTIONAL:
                    self.assertTrue((FOLDER / source).is_file(), f"{name}: {source}")

    def test_scripts_of_the_database_can_be_run(self):
        for file in database_files():
            self.assertTrue(file.suffix == ".sql" or (ROOT / file).stat().st_mode & 0o111, file)

    def test_the_relays_user_can_read_its_password(self):
        self.assertTrue((FOLDER / "relay-password.txt").stat().st_mode & 0o004)

    def test_who_is_waited_for_says_when_it_is_there(self):
        for name, service in SERVICES.items():
            for other, how in service.get("depends_on", {}).items():
                if how["condition"] == "service_healthy":
                    self.assertTrue("healthcheck" in SERVICES[other] or other in CHECKED_BY_IMAGE, f"{name} waits for {other}")
                else:
                    self.assertEqual(("service_completed_successfully", "no"), (how["condition"], SERVICES[other]["restart"]))

    def test_ports_are_open_on_this_machine_only(self):
        for name, service in SERVICES.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_the_relay_may_drain(self):
        relay = yaml.safe_load((FOLDER / "relay.yaml").read_text())
        drain = int(relay.get("drain_timeout", "20s").removesuffix("s"))
        self.assertGreater(int(SERVICES["relay"]["stop_grace_period"].removesuffix("s")), drain)

    def test_the_relay_is_found_where_it_is_looked_for(self):
        relay = yaml.safe_load((FOLDER / "relay.yaml").read_text())
        self.assertEqual("0.0.0.0:8980", relay["http"]["listen"])
        self.assertEqual("/run/secrets/relay-password", relay["postgres"]["password_file"])
        self.assertIn("relay-password", SERVICES["relay"]["secrets"])
        self.assertIn("/etc/outbox-relay/outbox-relay.yaml", (ROOT / "Dockerfile").read_text())
        prometheus = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
        self.assertEqual(["relay:8980"], prometheus["scrape_configs"][0]["static_configs"][0]["targets"])
        self.assertRegex(relay["kafka"]["properties"]["bootstrap.servers"], "^kafka:9092$")
        self.assertIn("INSIDE://kafka:9092", SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])

    def test_the_topic_is_one_that_the_relay_uses(self):
        relay = yaml.safe_load((FOLDER / "relay.yaml").read_text())
        prefix = relay["outboxes"][0]["topic"].split("{")[0]
        command = SERVICES["topics"]["command"]
        self.assertRegex(command[command.index("--topic") + 1], "^" + re.escape(prefix) + "[a-z]+$")

    def test_grafana_reads_the_dashboard_where_it_is_mounted(self):
        (provider,) = yaml.safe_load((FOLDER / "grafana/dashboards.yaml").read_text())["providers"]
        self.assertIn(["../grafana", provider["options"]["path"]], [list(pair) for pair in mounts(SERVICES["grafana"])])


if __name__ == "__main__":
    if "--print-database-files" in sys.argv:
        print(*database_files(), sep="\n")
    else:
        unittest.main(verbosity=2)
