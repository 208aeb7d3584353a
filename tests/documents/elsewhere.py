"""Commands of the documentation that are not run by `run` itself.

Each entry: a pattern that the whole command matches, and who runs it instead. `by` names a file and what is in it to show for
it; `not_run` says why nobody does. Of both, and of `long`, the options are compared with the program's help where it has one.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    pattern: str
    file: str = ""
    evidence: str = ""
    reason: str = ""

    def matches(self, text):
        return re.fullmatch(self.pattern, text, re.DOTALL) is not None


def by(pattern, file, evidence):
    return Elsewhere(pattern, file=file, evidence=evidence)


def not_run(pattern, reason):
    return Elsewhere(pattern, reason=reason)


NO_ENGINE = "needs a container engine and images from a registry; tests/deploy and tests/platforms/image try the parts"
NO_CLUSTER = "needs a cluster; chart_test.py renders what would be installed and lets the relay judge it"
A_PERSON = "a person's step at another program"
A_NAME = "names something, and is no command"
LONG = "takes long: run by hand, its options are compared with its help"

ELSEWHERE = [
    by(r"\./tests/run\.sh", ".ci/run", "./tests/run.sh"),
    by(r"\./deploy/quickstart\.sh", "tests/run.sh", "deploy/quickstart.sh --once"),
    by(r"deploy/packages\.sh install build && cmake --preset release && cmake --build build/release",
       "deploy/quickstart.sh", "--preset release"),
    by(r"deploy/packages\.sh install build( servers tests)?", "tests/run.sh", "deploy/packages.sh install build servers tests"),
    by(r"deploy/packages\.sh install browser", "tests/run.sh", "deploy/packages.sh install image browser"),

    # systemd and the Debian package
    by(r"cmake --preset release && cmake --build build/release|cmake --preset release -DOUTBOX_RELAY_MAINTAINER=.*|"
       r"cmake --build build/release", "deploy/quickstart.sh", "--preset release"),
    by(r"\(cd build/release && cpack -G DEB\)", "tests/deploy/check", "cpack -G DEB"),
    by(r"apt-get install \./build/release/outbox-relay_\*\.deb", "tests/platforms/service", "/srv/outbox-relay.deb"),
    not_run(r"editor .*", A_PERSON),
    by(r"install -d -m 700 /etc/credstore", "tests/platforms/service", "install -d -m 700"),
    by(r"install -m 600 /dev/stdin /etc/credstore/outbox-relay\.postgres .*", "tests/platforms/service",
       "/etc/credstore/outbox-relay.postgres"),
    by(r"outbox-relay check -c /etc/outbox-relay/outbox-relay\.yaml", "tests/deploy/check",
       'check -c "$tree/etc/outbox-relay/outbox-relay.yaml"'),
    by(r"systemctl .*outbox-relay(; journalctl -u outbox-relay)?|systemctl (start|status|reload)", "tests/platforms/service",
       "systemctl"),

    # containers, Kubernetes, other machines
    not_run(r"docker .*|cd deploy/compose", NO_ENGINE),
    not_run(r"kubectl .*|helm .*", NO_CLUSTER),
    not_run(r"ssh .*", "needs another machine"),
    not_run(r"curl -X PUT http://connect.*", "needs a Kafka Connect"),

    # sentences
    not_run(r"GRANT DELETE|outbox-relay starts|UPDATE … .*|promtool check metrics", A_NAME),

    # migration
    by(r"psql -c 'CREATE ROLE outbox_relay LOGIN'", "tests/servers/postgres", "CREATE ROLE outbox_relay LOGIN"),
    by(r"psql -v ON_ERROR_STOP=1 -f deploy/sql/from_debezium\.sql", "tests/process/migration_test.cpp", '"from_debezium.sql"'),
    by(r"psql -v ON_ERROR_STOP=1 -f deploy/sql/eventuate\.sql", "tests/process/migration_test.cpp", '"eventuate.sql"'),
    by(r"CREATE FUNCTION keep_unsent.*", "tests/process/migration_test.cpp", 'statements("Rows that are deleted at once", 0)'),
    by(r"INSERT INTO outboxevent .*", "tests/process/migration_test.cpp", 'statements("The change", 0)'),
    by(r"SELECT pg_drop_replication_slot.*", "tests/process/migration_test.cpp", 'statements("The change", 1)'),
    by(r"UPDATE eventuate\.message .*", "tests/process/migration_test.cpp", 'statements("From the Eventuate CDC service", 0)'),
    by(r"BEGIN;\s+ALTER TABLE message .*", "tests/process/migration_test.cpp", 'statements("From a poller of one\'s own", 0)'),
    by(r'CREATE INDEX ON outbox \(id COLLATE "C"\)', "tests/postgres/finding_test.cpp", r'COLLATE \"C\"'),

    # what people who work on the relay use
    by(r"cmake --preset dev && cmake --build build/dev --target test-core", "tests/run.sh", "part_build() { configure_and_build dev"),
    by(r"ctest --test-dir build/dev -L unit", "tests/run.sh", "run_tests dev -L unit"),
    by(r"cmake --preset fuzz && cmake --build --preset fuzz", "tests/run.sh", "configure_and_build fuzz"),
    by(r"cmake --preset (asan|tsan)", "tests/run.sh", "configure_and_build asan"),
    not_run(r"cmake --preset release -B build/bench-release .*|perf record .*", "needs a machine where perf may look"),
    not_run(r"pngquant .*", "makes the picture smaller, when it was made anew"),
    by(r"tests/observe/run build/dev/src/cli/outbox-relay.*", "tests/run.sh", "tests/observe/run build/dev"),
    by(r"tests/observe/page build/dev/src/cli/outbox-relay.*", "tests/run.sh", "tests/observe/page build/dev"),
    by(r"tests/servers/.*|source /tmp/.*|psql -h \$PGHOST .*", "tests/support/server_script.cpp", "start"),
    by(r"tests/bench/run\.sh --check", "tests/run.sh", "tests/bench/run.sh --check"),
    by(r"tests/fuzz/run .*", "tests/run.sh", "tests/fuzz/run build/fuzz"),
    not_run(r"build/dev/tests/core/test-core --list-tests", "Catch2 before 3.5 ends with the number of tests"),
    not_run(r"tests/(bench/run\.sh|faults/run|run\.sh)\b.*", LONG),
    not_run(r"OUTBOX_RELAY_\w+=\S+ tests/faults/run .*", LONG),
]
