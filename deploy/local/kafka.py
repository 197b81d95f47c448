"""Apache Kafka itself, for tests and benchmarks: one KRaft node on 127.0.0.1, its jars resolved once by Maven.

`python -m deploy.local.kafka` only resolves them.
"""

import fcntl
import hashlib
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import process
from deploy.local.errors import LocalError, StartFailed
from shared.kafka import MAX_MESSAGE

PART = "Kafka"
_HERE = Path(__file__).resolve().parents[1] / "kafka"
_TARGET = _HERE / "target"
_JARS = _TARGET / "jars"
_CLUSTER = "aGVhcmQtbG9jYWwta2Fma2"
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},BEHIND://127.0.0.1:{behind}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},BEHIND://127.0.0.1:{through}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BEHIND:PLAINTEXT
log.dirs={data}
num.partitions={partitions}
message.max.bytes={largest}
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.segment.bytes=16777216
"""


class Kafka:
    """One node, at the same address for as long as this object lives. Topics make themselves, of `partitions` each.

    Whoever comes to it by the port `behind` is told to go on by way of `through`, where a test may put something in
    between. `properties` are further ones, which may name what those above name.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, heap: str = "256m", partitions: int = 4, properties: str = ""
    ) -> None:
        self.folder = folder.absolute()
        self._port = port
        self._controller = process.free_port()
        self.behind, self.through = process.free_port(), process.free_port()
        self._heap = heap
        self._partitions = partitions
        self._further = properties
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        if self._port is None:
            self._port = process.free_port()
        return self._port

    @property
    def address(self) -> str:
        """For `bootstrap_servers`."""
        return f"{process.LOOPBACK}:{self.port}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """For whoever asks what it costs."""
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.pid

    def start(self) -> None:
        """Up and answering, with what it held before, or a LocalError."""
        resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        process.require_room(self.folder)
        process.require_free(self.port, PART)
        self._log.unlink(missing_ok=True)
        self._configure()
        if not self._data.exists():
            self._format()
        child = self._java("kafka.Kafka", self._properties)
        process.wait_ready(child, self._answers, part=PART, log=self._log, timeout=60)
        self._child = child

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def empty(self) -> None:
        """Forget everything: only for one that is stopped. The next start finds nothing."""
        if self._child is not None:
            raise RuntimeError("stop it first")
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "kafka.log"

    @property
    def _properties(self) -> Path:
        return self.folder / "kafka.properties"

    def _configure(self) -> None:
        self._properties.write_text(
            (_PROPERTIES + self._further).format(
                port=self.port,
                controller=self._controller,
                behind=self.behind,
                through=self.through,
                data=self._data,
                partitions=self._partitions,
                largest=MAX_MESSAGE,
            )
        )

    def _format(self) -> None:
        child = self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", self._properties)
        if child.wait() != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise process.failure(PART, self._log, "could not format its data folder")

    def _java(self, *command: str | Path) -> subprocess.Popen[bytes]:
        java = process.require_program("java", "install a Java 17 runtime (Debian: openjdk-17-jre-headless).")
        options = [f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        options += ["-cp", f"{_JARS}/*", f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}"]
        return process.spawn([java, *options, *command], log=self._log, on_parent_death=signal.SIGKILL, cwd=self.folder)

    def _answers(self) -> bool:
        """Whether the node counts itself among the cluster's brokers."""
        with socket.socket() as probe:
            if probe.connect_ex((process.LOOPBACK, self.port)) != 0:
                return False
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            process.stop(self._child, how)
            self._child = None


def resolve() -> Path:
    """The folder with Kafka's jars; Maven fetches them when `pom.xml` is not the one that they were fetched for."""
    pom = hashlib.sha256((_HERE / "pom.xml").read_bytes()).hexdigest()
    stamp = _TARGET / "resolved"
    _TARGET.mkdir(exist_ok=True)
    with (_TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != pom:
            shutil.rmtree(_JARS, ignore_errors=True)
            _fetch()
            stamp.write_text(pom)
    return _JARS


def _fetch() -> None:
    maven = process.require_program("mvn", "install Maven (Debian: maven).")
    fetched = subprocess.run(  # noqa: S603
        [maven, "-q", "-B", "--no-transfer-progress", "-f", str(_HERE / "pom.xml"), "dependency:copy-dependencies"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode != 0:
        errors = [line for line in fetched.stdout.splitlines() if "ERROR" in line] or ["it gave no reason"]
        raise StartFailed(f"Maven could not resolve Kafka from Maven Central: {errors[0]}")


def main() -> None:
    try:
        resolve()
    except LocalError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
