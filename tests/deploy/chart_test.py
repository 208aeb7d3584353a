"""The Helm chart, linted and rendered in both shapes; what matters to a user is asserted.

    chart_test.py                       all tests; PROGRAM is the relay that judges the rendered configuration
    chart_test.py --render-example      prints what deploy/helm/sidecar-example/rendered.yaml has to be
"""

import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/outbox-relay"
EXAMPLE = ROOT / "deploy/helm/sidecar-example"
PROGRAM = os.environ.get("PROGRAM", ROOT / "build/dev/src/cli/outbox-relay")
# The oldest that the chart says it is for and the newest that is known here.
KUBERNETES = ["1.25", "1.37"]
# The chart's copy of a file, and the file.
COPIES = {
    CHART / "files/alerts.yaml": ROOT / "deploy/prometheus/alerts.yaml",
    CHART / "files/outbox-relay.json": ROOT / "deploy/grafana/outbox-relay.json",
}


def values(name):
    return yaml.safe_load((CHART / f"ci/{name}-values.yaml").read_text())


def render_text(chart, chart_values, release="shop"):
    with helm.Chart.load(chart) as loaded:
        rendered = loaded.render(chart_values, name=release, namespace="shop")
    return {path: text for path, text in sorted(rendered.items()) if path.endswith(".yaml") and text.strip()}


def render(chart_values, chart=CHART):
    """All objects as (kind, name) -> object."""
    objects = {}
    for text in render_text(chart, chart_values).values():
        for found in yaml.safe_load_all(text):
            if found is not None:
                objects[found["kind"], found["metadata"]["name"]] = found
    return objects


def only(objects, kind):
    found = [value for (of_kind, _), value in objects.items() if of_kind == kind]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}"
    return found[0]


def pod(objects):
    return only(objects, "Deployment")["spec"]["template"]["spec"]


def relay_container(objects):
    (found,) = [each for each in pod(objects)["containers"] if each["name"] == "outbox-relay"]
    return found


def configuration(objects):
    (found,) = [value for (kind, _), value in objects.items() if kind == "ConfigMap" and "outbox-relay.yaml" in value["data"]]
    return found["data"]["outbox-relay.yaml"]


class ExampleChart:
    """The application's chart with the relay's beside it, as `helm dependency update` makes it."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name) / "shop"
        shutil.copytree(EXAMPLE, path, ignore=shutil.ignore_patterns("charts", "*.lock", "rendered.yaml"))
        shutil.copytree(CHART, path / "charts/outbox-relay")
        return path

    def __exit__(self, *_):
        self.directory.cleanup()


def render_example():
    with ExampleChart() as path:
        texts = render_text(path, {}).values()
    return "\n---\n".join(text.strip("\n") for text in texts) + "\n"


class Rendering(unittest.TestCase):
    def assert_valid(self, objects):
        self.assertTrue(objects)
        for (kind, name), found in objects.items():
            if found["apiVersion"].startswith("monitoring.coreos.com/"):
                continue  # not Kubernetes' own: no schema here
            for version in KUBERNETES:
                with self.subTest(kind=kind, name=name, version=version):
                    kubernetes_validate.validate(found, version, strict=True)

    def test_the_linter_finds_nothing(self):
        for name in ["minimal", "standalone", "sidecar"]:
            with self.subTest(values=name):
                report = helm.lint(CHART, values(name), strict=True)
                self.assertEqual([], report["errors"])
                self.assertEqual([], [each for each in report["messages"] if each["severity"] > 1])
        with ExampleChart() as path:
            self.assertEqual([], helm.lint(path, {}, strict=True)["errors"])

    def test_what_is_rendered_is_what_kubernetes_knows(self):
        for name in ["minimal", "standalone", "sidecar"]:
            with self.subTest(values=name):
                self.assert_valid(render(values(name)))
        with ExampleChart() as path:
            self.assert_valid(render({}, path))

    def test_the_relay_takes_the_configuration(self):
        for name in ["minimal", "standalone", "sidecar"]:
            with self.subTest(values=name), tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(configuration(render(values(name))))
                file.flush()
                environment = {"KAFKA_BROKERS": "kafka:9092"}
                done = subprocess.run([PROGRAM, "check", "-c", file.name], env=environment, text=True, capture_output=True)
                self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_standalone_is_a_deployment_and_what_belongs_to_it(self):
        kinds = sorted(kind for kind, _ in render(values("standalone")))
        expected = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceMonitor"]
        present = [path for path in COPIES if path.exists()]
        expected += ["PrometheusRule"] * (CHART / "files/alerts.yaml" in present)
        expected += ["ConfigMap"] * (CHART / "files/outbox-relay.json" in present)
        self.assertEqual(sorted(expected), kinds)

    def test_sidecar_makes_no_pod_of_its_own(self):
        kinds = {kind for kind, _ in render(values("sidecar"))}
        self.assertLessEqual({"ConfigMap", "PodMonitor"}, kinds)
        self.assertLessEqual(kinds, {"ConfigMap", "PodMonitor", "PrometheusRule"})


class Probes(unittest.TestCase):
    def test_standalone_is_ready_when_the_relay_says_so(self):
        container = relay_container(render(values("minimal")))
        self.assertEqual("/readyz", container["readinessProbe"]["httpGet"]["path"])
        self.assertEqual("/livez", container["livenessProbe"]["httpGet"]["path"])

    def test_a_sidecar_takes_no_application_out_of_its_service(self):
        with ExampleChart() as path:
            for native in [False, True]:
                objects = render({"outbox-relay": {"sidecar": {"native": native}}}, path)
                container = relay_container(objects)
                self.assertNotIn("readinessProbe", container)
                self.assertEqual("/livez", container["livenessProbe"]["httpGet"]["path"])
                self.assertEqual("/livez", container["startupProbe"]["httpGet"]["path"])
                self.assertEqual("Always" if native else None, container.get("restartPolicy"))

    def test_the_kubelet_and_prometheus_reach_the_relay(self):
        objects = render(values("minimal") | {"port": 9000})
        self.assertEqual({"listen": "0.0.0.0:9000"}, yaml.safe_load(configuration(objects))["http"])
        self.assertEqual(9000, relay_container(objects)["ports"][0]["containerPort"])
        self.assertTrue(only(objects, "Service")["spec"]["publishNotReadyAddresses"])


class Pods(unittest.TestCase):
    def test_the_container_may_do_nothing(self):
        with ExampleChart() as path:
            for objects in [render(values("minimal")), render({}, path)]:
                context = relay_container(objects)["securityContext"]
                self.assertEqual(
                    {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "readOnlyRootFilesystem": True,
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    context,
                )

    def test_kubernetes_waits_for_longer_than_the_relay_drains(self):
        for drain, seconds in {None: 30, "500ms": 11, "20s": 30, "1m": 70, "2h": 7210, "0s": 10}.items():
            with self.subTest(drain_timeout=drain):
                chart_values = values("minimal")
                if drain is not None:
                    chart_values["config"]["drain_timeout"] = drain
                self.assertEqual(seconds, pod(render(chart_values))["terminationGracePeriodSeconds"])

    def test_passwords_are_files_out_of_secrets(self):
        objects = render(values("standalone"))
        config = yaml.safe_load(configuration(objects))
        self.assertEqual("/run/secrets/outbox-relay/postgres-password", config["postgres"]["password_file"])
        self.assertEqual("/run/secrets/outbox-relay/kafka-sasl-password", config["kafka"]["sasl_password_file"])
        self.assertNotIn("ssl_key_password_file", config["kafka"])
        mounts = {each["name"]: each for each in relay_container(objects)["volumeMounts"]}
        self.assertEqual("/run/secrets/outbox-relay", mounts["outbox-relay-secrets"]["mountPath"])
        # A subPath would never be renewed when a password is rotated.
        self.assertFalse([each for each in mounts.values() if "subPath" in each])
        (volume,) = [each for each in pod(objects)["volumes"] if each["name"] == "outbox-relay-secrets"]
        files = {
            item["path"]: (source["secret"]["name"], item["key"])
            for source in volume["projected"]["sources"]
            for item in source["secret"]["items"]
        }
        self.assertEqual(
            {"postgres-password": ("outbox-relay", "postgres"), "kafka-sasl-password": ("outbox-relay", "kafka")}, files
        )

    def test_another_configuration_makes_other_pods(self):
        def checksum(chart_values):
            return only(render(chart_values), "Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

        changed = copy.deepcopy(values("minimal"))
        changed["config"]["outboxes"][0]["page_rows"] = 500
        self.assertNotEqual(checksum(values("minimal")), checksum(changed))
        self.assertEqual(checksum(values("minimal")), checksum(values("minimal") | {"replicas": 1}))


class Values(unittest.TestCase):
    def assert_refused(self, chart_values, message):
        with self.assertRaises(helm.HelmError) as refused:
            render(chart_values)
        self.assertRegex(str(refused.exception), message)

    def test_a_misspelt_value_is_refused(self):
        self.assert_refused(values("minimal") | {"replicaCount": 2}, "replicaCount")

    def test_a_configuration_has_to_be_there(self):
        self.assert_refused({}, "config")

    def test_the_address_does_not_come_from_the_configuration(self):
        chart_values = values("minimal")
        chart_values["config"]["http"] = {"listen": "127.0.0.1:8980"}
        self.assert_refused(chart_values, "http")
        self.assert_refused(values("minimal") | {"listenAddress": "127.0.0.1"}, "listenAddress")

    def test_two_relays_without_coordination_are_refused(self):
        chart_values = values("minimal")
        chart_values["config"]["outboxes"][0]["coordination"] = "none"
        self.assert_refused(chart_values, "coordination: none")
        self.assert_refused(chart_values | {"replicas": 1}, "coordination: none")
        alone = only(render(chart_values | {"replicas": 1, "strategy": {"type": "Recreate"}}), "Deployment")
        self.assertEqual({"type": "Recreate"}, alone["spec"]["strategy"])

    def test_the_version_is_the_programs(self):
        version = re.search(r"project\(outbox-relay VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual(version, chart["appVersion"])
        (dependency,) = yaml.safe_load((EXAMPLE / "Chart.yaml").read_text())["dependencies"]
        self.assertEqual(chart["version"], dependency["version"])


class Files(unittest.TestCase):
    """Alert rules and the dashboard: a chart cannot read outside its folder, so that it holds copies."""

    def test_the_copies_are_the_files(self):
        for copied, original in COPIES.items():
            source, target = original.relative_to(ROOT), copied.relative_to(ROOT)
            hint = f"mend it with: mkdir -p {target.parent} && cp {source} {target}"
            with self.subTest(file=str(source)):
                self.assertEqual(original.exists(), copied.exists(), hint)
                if original.exists():
                    self.assertEqual(original.read_bytes(), copied.read_bytes(), hint)

    def chart_with(self, files):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = Path(directory.name) / "outbox-relay"
        shutil.copytree(CHART, path, ignore=shutil.ignore_patterns("files"))
        for name, text in files.items():
            (path / "files").mkdir(exist_ok=True)
            (path / "files" / name).write_text(text)
        return path

    def test_they_are_rendered_as_they_are(self):
        alerts = 'groups:\n  - name: outbox\n    rules:\n      - alert: Parked\n        expr: outbox_relay_parked_rows > 0\n'
        alerts += '        annotations: {summary: "{{ $labels.outbox }} has parked rows"}\n'
        dashboard = '{"title": "outbox-relay", "legend": "{{outbox}}"}\n'
        objects = render(values("standalone"), self.chart_with({"alerts.yaml": alerts, "outbox-relay.json": dashboard}))
        rule = only(objects, "PrometheusRule")
        self.assertEqual(yaml.safe_load(alerts), rule["spec"])
        self.assertEqual("prometheus", rule["metadata"]["labels"]["release"])
        found = objects["ConfigMap", "shop-outbox-relay-dashboard"]
        self.assertEqual(dashboard.strip(), found["data"]["outbox-relay.json"].strip())
        self.assertEqual("1", found["metadata"]["labels"]["grafana_dashboard"])

    def test_a_chart_without_them_renders_the_rest(self):
        kinds = {kind for kind, _ in render(values("standalone"), self.chart_with({}))}
        self.assertIn("Deployment", kinds)
        self.assertNotIn("PrometheusRule", kinds)

    def test_the_example_for_those_without_helm_is_what_the_chart_makes(self):
        shown = (EXAMPLE / "rendered.yaml").read_text()
        hint = "mend it with: tests/deploy/check --render-example >deploy/helm/sidecar-example/rendered.yaml"
        self.assertEqual(render_example(), re.sub(r"\A(#.*\n)+", "", shown), hint)


if __name__ == "__main__":
    if "--render-example" in sys.argv:
        print("# Made by tests/deploy/check --render-example from the chart beside this file, for those who do not use Helm.")
        print(render_example(), end="")
    else:
        unittest.main(verbosity=2)
