"""Sends requests that are ready on the wire over connections that stay open: `python -m benchmarks.load PLAN`.

A process of its own, so that nothing it does is counted as the server's work. The plan is a JSON file with `port`,
`connections` and `requests`; the answer on standard output has `seconds`, `latencies` and how many were `refused`.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks.processes import ROOT

LENGTH = b"content-length: "
ANSWER_WITHIN = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round came to."""

    seconds: float
    latencies: list[float]
    refused: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 were answered."""
        return quantiles(self.latencies, n=100)[98]


def fire(plan: Path, port: int, requests: Sequence[bytes], connections: int = 8) -> Measured:
    """Have another process send these requests, and wait for what it measured."""
    wire = [request.decode("ascii") for request in requests]
    plan.write_text(json.dumps({"port": port, "connections": connections, "requests": wire}), encoding="ascii")
    command = [sys.executable, "-m", "benchmarks.load", str(plan)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    measured = Measured(**json.loads(done.stdout))
    if measured.refused:
        raise RuntimeError(f"{measured.refused} of {len(requests)} requests were refused: this measures nothing")
    return measured


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="ascii"))
    connections: int = plan["connections"]
    requests = [request.encode("ascii") for request in plan["requests"]]
    shares = [requests[n::connections] for n in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        started = time.perf_counter()
        results = list(pool.map(lambda share: _send_all(plan["port"], share), shares))
        seconds = time.perf_counter() - started
    latencies = [latency for taken, _ in results for latency in taken]
    print(json.dumps({"seconds": seconds, "latencies": latencies, "refused": sum(refused for _, refused in results)}))


def _send_all(port: int, requests: Sequence[bytes]) -> tuple[list[float], int]:
    latencies, refused = [], 0
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            started = time.perf_counter()
            connection.sendall(request)
            refused += not _answer(connection).startswith(b"HTTP/1.1 2")
            latencies.append(time.perf_counter() - started)
    return latencies, refused


def _answer(connection: socket.socket) -> bytes:
    """One whole answer; both servers always give its length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(connection)
    return head


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionError("the server closed the connection")
    return received


if __name__ == "__main__":
    main()
