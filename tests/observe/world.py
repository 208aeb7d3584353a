"""What the test needs to be real: PostgreSQL, Kafka, relays and a Prometheus, all on free ports of the loopback address.

Each is a context manager, so what was started is stopped again, in the reverse order, however the test ends. When the test
itself is killed, the servers' watchdogs and a parent-death signal do it.
"""

import json
import os
import random
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / "tests" / "servers"


def run(*command, env=None, **options):
    """The output of a command that has to succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=env, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_until(what, condition, seconds=30):
    """Asks again and again; what the condition returned last, once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def free_port():
    """Below the ephemeral range, so that no client's connection takes it meanwhile."""
    while True:
        port = random.randint(20000, 31999)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def get(url, timeout=10):
    """The body, or nothing when there is no good answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.read().decode()
    except OSError:
        return None


class Server:
    """A throw-away server of tests/servers, by the name of its script."""

    def __init__(self, script, directory, *options):
        self.script, self.directory, self.options = SERVERS / script, directory, options

    def start(self, *options):
        run(self.script, "start", self.directory, *options, "--owner", os.getpid())
        lines = (self.directory / "env").read_text().splitlines()
        self.env = dict(line.split("=", 1) for line in lines)

    def stop(self):
        run(self.script, "stop", self.directory)

    def __enter__(self):
        self.start(*self.options)
        return self

    def __exit__(self, *_):
        self.stop()


class Kafka(Server):
    def __init__(self, directory, *options):
        super().__init__("kafka", directory, *options)

    def create_topic(self, name, partitions=2):
        run(self.script, "topic", self.directory, name, partitions)


class Database(Server):
    """PostgreSQL with the tables of deploy/sql, in the database `postgres`."""

    def __init__(self, directory):
        super().__init__("postgres", directory)

    def __enter__(self):
        super().__enter__()
        files = (["-f", ROOT / "deploy" / "sql" / name] for name in ("outbox.sql", "control.sql", "role.sql"))
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *sum(files, []), env=self.environment())
        return self

    def environment(self):
        return {**os.environ, **self.env, "PGDATABASE": "postgres"}

    def sql(self, text):
        return run("psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", text, env=self.environment()).strip()

    def connection(self):
        """Of the relay's role, as libpq wants it."""
        return " ".join(f"{name[2:].lower()}={value}" for name, value in self.env.items()
                        if name in ("PGHOST", "PGPORT", "PGPASSWORD")) + " dbname=postgres user=outbox_relay"


class Process:
    """A program that runs until it is stopped, its output in a file."""

    def __init__(self, log, *command):
        self.log, self.command = log, command

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, self.command)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __exit__(self, *_):
        self.stop()

    def has_ended(self):
        return self.process.poll() is not None

    def fail(self, what):
        raise RuntimeError(f"{what}; the end of {self.log}:\n{self.log.read_text()[-3000:]}")


class Relay(Process):
    def __init__(self, program, directory, name, configuration):
        self.config_file = directory / f"{name}.yaml"
        self.config_file.write_text(configuration)
        super().__init__(directory / f"{name}.log", program, "run", "-c", self.config_file)
        self.program = program

    def __enter__(self):
        super().__enter__()
        wait_until("the relay listens", lambda: self.address() or self.has_ended())
        if self.has_ended():
            self.fail("the relay ended")
        return self

    def address(self):
        listening = re.search(r"\baddress=(\S+)", self.log.read_text())
        return listening and listening.group(1)

    def is_ready(self):
        return get(f"http://{self.address()}/readyz") is not None

    def parked(self, *arguments):
        return run(self.program, "parked", *arguments, "-c", self.config_file)


class Prometheus(Process):
    """Scrapes the relays and evaluates the rules each second."""

    def __init__(self, directory, rules, targets):
        (directory / "rules.yaml").write_text(rules)
        (directory / "prometheus.yaml").write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(directory / "rules.yaml")],
            "scrape_configs": [{"job_name": "outbox-relay", "static_configs": [{"targets": targets}]}]}))
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(directory / "prometheus.log", "prometheus", f"--config.file={directory / 'prometheus.yaml'}",
                         f"--storage.tsdb.path={directory / 'prometheus'}",
                         f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=warn")

    def __enter__(self):
        super().__enter__()
        wait_until("Prometheus is ready", lambda: get(self.url + "/-/ready") or self.has_ended())
        if self.has_ended():
            self.fail("Prometheus ended")
        return self

    def ask(self, path, **parameters):
        """The data of an answer; anything but 200 is an error that shows what Prometheus says."""
        pairs = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{pairs}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path} {parameters}: {error.code} {error.read().decode()}") from error

    def query(self, expression, at=None):
        return self.ask("query", query=expression, **({} if at is None else {"time": at}))["result"]

    def range(self, expression, start, end, step=1):
        return self.ask("query_range", query=expression, start=start, end=end, step=step)["result"]

    def alerts(self):
        """Name to state (`pending` or `firing`) of all alerts that are not inactive; firing wins."""
        states = {}
        for alert in sorted(self.ask("alerts")["alerts"], key=lambda alert: alert["state"] == "firing"):
            states[alert["labels"]["alertname"]] = alert["state"]
        return states


class Load:
    """A service: inserts rows all the time, through one connection."""

    def __init__(self, database, statement, every_seconds):
        self.database, self.statement, self.every_seconds = database, statement, every_seconds
        self.is_over = threading.Event()

    def __enter__(self):
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, text=True,
                                     env=self.database.environment())
        self.thread = threading.Thread(target=self.insert)
        self.thread.start()
        return self

    def insert(self):
        while not self.is_over.wait(self.every_seconds):
            self.psql.stdin.write(self.statement + "\n")
            self.psql.stdin.flush()

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.psql.stdin.close()
        self.psql.wait()
