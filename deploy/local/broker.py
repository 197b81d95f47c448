"""The embedded broker: librdkafka's own, on a port of our choice, killed and started again empty.

`python -m deploy.local.broker --port 9092` is the broker; `Broker` runs it as a child. It holds everything in memory,
makes topics by itself (4 partitions), and has limits: one member a group and process, 5 MiB a partition.
"""

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from deploy.local import process
from deploy.local.errors import PartMissing

PART = "the embedded broker"
_ROOT = Path(__file__).resolve().parents[2]
_PRODUCER = 0
_ONLY_BROKER = 1


class Broker:
    """A child process on 127.0.0.1 that keeps its address over restarts and nothing else."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.absolute()
        self._port = port
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

    def require_running(self) -> None:
        """Raises a LocalError, with its last words, where it has ended by itself."""
        process.require_alive(self._child, PART, self._log)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        process.require_free(self.port, PART)
        self._log.unlink(missing_ok=True)
        self._child = process.spawn(
            [sys.executable, "-m", "deploy.local.broker", "--port", str(self.port)],
            log=self._log,
            on_parent_death=signal.SIGKILL,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        process.wait_ready(self._child, lambda: process.listens(self.port), part=PART, log=self._log, timeout=30)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Everything it held is gone."""
        self._end(signal.SIGKILL)

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            process.stop(self._child, how)
            self._child = None


def serve(port: int) -> None:
    """Hold the broker in this process. librdkafka picks a port of its own; ours is put in its place.

    It looks its listening socket up by number, so a socket of ours under the same number is what it accepts from next;
    `set_host_port` makes it tell clients so, and `set_rtt` wakes its thread to look again.
    """
    library = _library()
    message = ctypes.create_string_buffer(512)
    configuration = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(configuration, b"log_level", b"2", message, len(message))
    handle = library.rd_kafka_new(_PRODUCER, configuration, message, len(message))
    if not handle:
        raise SystemExit(f"error: librdkafka: {message.value.decode()}")
    cluster = library.rd_kafka_mock_cluster_new(handle, _ONLY_BROKER)
    own = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    library.rd_kafka_mock_broker_set_host_port(cluster, _ONLY_BROKER, process.LOOPBACK.encode(), port)
    with socket.create_server((process.LOOPBACK, port), backlog=128) as ours:
        os.dup2(ours.fileno(), _listener_on(int(own.rpartition(":")[2])), inheritable=False)
    library.rd_kafka_mock_broker_set_rtt(cluster, _ONLY_BROKER, 0)


def _library() -> ctypes.CDLL:
    """The librdkafka that confluent-kafka brings."""
    spec = find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        raise PartMissing("The embedded broker is missing: install the package confluent-kafka (make demo does).")
    package = Path(spec.origin).parent
    shared = [*package.parent.glob("confluent_kafka.libs/librdkafka*"), *package.glob(".dylibs/librdkafka*")]
    if not shared:
        raise PartMissing("confluent-kafka holds no librdkafka for this machine: use a Kafka of your own.")
    library = ctypes.CDLL(str(shared[0]))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32
    signatures: dict[str, tuple[list[type], type | None]] = {
        "rd_kafka_conf_new": ([], pointer),
        "rd_kafka_conf_set": ([pointer, text, text, text, ctypes.c_size_t], number),
        "rd_kafka_new": ([number, pointer, text, ctypes.c_size_t], pointer),
        "rd_kafka_mock_cluster_new": ([pointer, number], pointer),
        "rd_kafka_mock_cluster_bootstraps": ([pointer], text),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": ([pointer, number], None),
        "rd_kafka_mock_broker_set_host_port": ([pointer, number, text, number], None),
        "rd_kafka_mock_broker_set_rtt": ([pointer, number, number], number),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library


def _listener_on(port: int) -> int:
    """The number of the listening socket that this process has on `port`."""
    for name in os.listdir("/dev/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as candidate:
            if candidate.getsockname()[:2] == (process.LOOPBACK, port):
                return int(name)
    raise LookupError(f"nothing here listens on {port}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve(arguments.parse_args().port)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
