"""Grids on a Dask cluster, on loopback: the same bytes, whatever dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import RunHopcli, SpawnHopcli, files_below

from hopcli.grids import cells, dask
from hopcli.grids.store import FILE, Store

GRID = """
command = "recall"
figures = false
tests = 5
repeats = 2
[grid]
seed = "1:20:1"
"""
N_CELLS = 20
PATIENCE = 60.0
OUT = Path("results", "seeds")


@dataclass(frozen=True)
class Cluster:
    """A scheduler on loopback and its workers, each a process of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextlib.contextmanager
def _cluster(folder: Path, n_workers: int = 2, protocol: str = "tcp") -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"{protocol}://127.0.0.1:{port}"

    def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments]
        command += ["--host", "127.0.0.1", "--no-dashboard"]
        null = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=folder, stdout=null, stderr=null)

    scheduler = start("scheduler", "--protocol", protocol, "--port", str(port))
    alone = ["--nthreads", "1", "--no-nanny", "--death-timeout", "60"]
    workers = [start("worker", address, *alone) for _ in range(n_workers)]
    try:
        if n_workers:  # asked for in a process of its own
            code = (
                "import sys, distributed\n"
                f"with distributed.Client({address!r}, timeout={PATIENCE}) as client:\n"
                f"    client.wait_for_workers({n_workers}, timeout={PATIENCE})"
            )
            subprocess.run([sys.executable, "-c", code], check=True, timeout=2 * PATIENCE)
        yield Cluster(address, scheduler, workers)
    finally:
        for child in (*workers, scheduler):
            child.kill()
            child.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with _cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(autouse=True)
def _grid(empty_folder: Path) -> None:
    Path("seeds.toml").write_text(GRID, encoding="utf-8")
    long = GRID.replace("repeats = 2", "repeats = 400")  # stopped before its end
    Path("long.toml").write_text(long, encoding="utf-8")


def _made_on_threads(run_hopcli: RunHopcli) -> bytes:
    assert run_hopcli("grid", "run", "seeds.toml", "-q", "--out", "threads").code == 0
    return Path("threads/grid.csv").read_bytes()


def _finished(name: str = "seeds") -> int:
    """Return the number of finished cells."""
    with contextlib.suppress(OSError), Store(Path("results", name)) as store:
        return len(store.standings())
    return 0


def _begin(address: str, name: str = "long") -> subprocess.Popen[str]:
    """Begin to run the grid, and come back when some cells are finished."""
    command = [sys.executable, "-m", "hopcli", "grid", "run", f"{name}.toml", "--dask", address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
    while _finished(name) < 3:
        assert child.poll() is None, child.communicate()
        time.sleep(0.01)
    return child


def test_the_same_bytes(run_hopcli: RunHopcli, spawn_hopcli: SpawnHopcli, cluster: Cluster) -> None:
    done = spawn_hopcli("grid", "run", "seeds.toml", "--dask", cluster.address, "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["made now"] == N_CELLS
    assert (OUT / "grid.csv").read_bytes() == _made_on_threads(run_hopcli)
    with Store(OUT) as store:
        assert store.damaged() == []


def test_an_interrupt_ends_it(cluster: Cluster) -> None:
    child = _begin(cluster.address)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out) == (130, "")
    assert f" {_finished('long')} of {N_CELLS} cells " in err
    assert "Traceback" not in err


def test_workers_of_another_program_are_refused(
    run_hopcli: RunHopcli, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_below(Path())
    here = cells.code_version()
    monkeypatch.setattr(dask, "code_version", lambda: "0.0, of another day")
    refused = run_hopcli("grid", "run", "seeds.toml", "--dask", cluster.address).refused()
    assert refused.startswith("--dask ")
    assert "(tcp://127.0.0.1:" in refused
    assert refused.index(here) < refused.index("0.0, of another day")
    assert files_below(Path()) == before


def test_no_scheduler_is_one_line(run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_ANSWERS", 0.5)
    before = files_below(Path())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for address in ("inproc://x", f"tcp://127.0.0.1:{port}"):
            refused = run_hopcli("grid", "run", "seeds.toml", "--dask", address).refused()
            assert refused.startswith("--dask "), address
    done = run_hopcli("grid", "run", "seeds.toml", "--dask", "tls://127.0.0.1:1")
    assert "distributed.comm.tls" in done.refused()  # where its certificates are set
    assert files_below(Path()) == before


@pytest.mark.slow
def test_a_scheduler_without_workers_is_refused(run_hopcli: RunHopcli, tmp_path: Path) -> None:
    with _cluster(tmp_path, 0) as cluster:
        refused = run_hopcli("grid", "run", "seeds.toml", "--dask", cluster.address).refused()
    assert refused.startswith("--dask ")
    assert not Path("results").exists() or not (OUT / FILE).exists()


@pytest.mark.slow
def test_deaths_lose_nothing_finished(run_hopcli: RunHopcli, tmp_path: Path) -> None:
    with _cluster(tmp_path) as cluster:
        child = _begin(cluster.address, "seeds")
        cluster.workers[0].kill()
        out, err = child.communicate(timeout=PATIENCE)
        assert (child.returncode, err) == (0, ""), (out, err)
        assert (OUT / "grid.csv").read_bytes() == _made_on_threads(run_hopcli)
        child = _begin(cluster.address)
        cluster.scheduler.kill()
        out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out, err.count("\n")) == (2, "", 1), err
    kept = _finished("long")
    assert 3 <= kept < N_CELLS
    assert err.startswith(f"hopcli: --dask {cluster.address}: ")
    assert f" {kept} of {N_CELLS} cells " in err
    done = run_hopcli("grid", "run", "long.toml", "--limit", "1", "--format", "json")
    assert (json.loads(done.out)["made now"], _finished("long")) == (1, kept + 1)


# --- who is there


@contextlib.contextmanager
def _peer(says: bytes) -> Iterator[int]:
    """A port whose peer says something else to everyone."""

    class Says(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(says)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Says) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(
    "says",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 400 \r\n\r\n" * 99, b"\0" * 4096, b"\xff" * 64],
    ids=["closes", "ssh", "http", "zeros", "ones"],
)
def test_other_peers(run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch, says: bytes) -> None:
    monkeypatch.setattr(dask, "_ANSWERS", 1.0)
    with _peer(says) as port:
        done = run_hopcli("grid", "run", "seeds.toml", "--dask", f"tcp://127.0.0.1:{port}")
    assert done.refused().startswith("--dask ")
    assert f"127.0.0.1:{port}" in done.err
    assert not (OUT / "grid.csv").exists()


@pytest.mark.slow
def test_a_cluster_with_tls_makes_the_same_and_takes_nobody_without(
    run_hopcli: RunHopcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _made_on_threads(run_hopcli)
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    request += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(request.split(), check=True, capture_output=True)
    text = f"distributed:\n  comm:\n    tls:\n      ca-file: {certificate}\n"
    for role in ("client", "scheduler", "worker"):
        text += f"      {role}:\n        cert: {certificate}\n        key: {key}\n"
    (tmp_path / "dask").mkdir()
    (tmp_path / "dask/tls.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "dask"))
    with _cluster(tmp_path, 1, "tls") as cluster:
        run = [sys.executable, "-m", "hopcli", "grid", "run", "seeds.toml", "-q", "--dask"]
        subprocess.run([*run, cluster.address], check=True, timeout=PATIENCE)
        assert (OUT / "grid.csv").read_bytes() == expected
        for address in (cluster.address, cluster.address.replace("tls", "tcp")):
            alone = os.environ | {"DASK_CONFIG": str(tmp_path / "none")}
            done = subprocess.run([*run, address, "--out", "b"], env=alone, timeout=PATIENCE)
            assert done.returncode == 2
