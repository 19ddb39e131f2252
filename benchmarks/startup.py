"""What a server costs that does nothing: time to ready, memory, CPU; and what asking for help costs.

    python benchmarks/startup.py [--idle SECONDS]

`ready` is the wall time from the start of `headrace up` to its ready line. The floor that is taken off is an
interpreter that imports exactly the third-party modules that the server has imported by then, and nothing else.
Memory and CPU are sums over all processes, with a warm interpreter alive; the CPU of an idle minute is scaled up from
the window given. Prints one JSON line. Linux only, but for the times.
"""

import argparse
import dataclasses
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pipelines
import processes
import server
from timing import milliseconds, progress, report

ROUNDS = 11
SETTLE = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a server costs that does nothing.")
    parser.add_argument("--idle", type=float, default=20, help="seconds to watch it idle (default: 20)")
    arguments = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("startup: memory and CPU are read from /proc, which this system lacks: run it on Linux")

    progress("time to ready")
    ready = measure_ready()
    progress("help")
    help_ms = measure_help()
    progress(f"idle, for {arguments.idle:g} s")
    idle = measure_idle(arguments.idle)
    missed = [
        text
        for held, text in (
            (ready["over_imports_ms"] <= 400, "ready: at most 400 ms over its imports"),
            (idle.rss_mb <= 130, "memory: at most 130 MB"),
            (idle.cpu_s_per_minute <= 0.3, "CPU: at most 0.3 s an idle minute"),
            (help_ms["over_python_ms"] <= 80, "help: at most 80 ms over python -c pass"),
        )
        if not held
    ]
    report("startup", {"ready": ready, "idle": dataclasses.asdict(idle), "help": help_ms}, missed)


def measure_ready() -> dict[str, float]:
    """Milliseconds to ready: on a home that exists, on a new one, and what the imports alone take."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        first = milliseconds(lambda: start_and_stop(home))
        modules = third_party_modules(home)
        program = "import " + ", ".join(modules)
        ready, imports = [], []
        for _ in range(ROUNDS):
            ready.append(time_to_ready(home))
            imports.append(milliseconds(lambda: subprocess.run([sys.executable, "-c", program], check=True)))
    median, floor = statistics.median(ready), statistics.median(imports)
    return {
        "ready_ms": round(median, 1),
        "imports_ms": round(floor, 1),
        "over_imports_ms": round(median - floor, 1),
        "new_home_start_and_stop_ms": round(first, 1),
        "third_party_modules": len(modules),
    }


def start_and_stop(home: Path) -> None:
    """One whole life of a server."""
    with server.server(home=home):
        pass


def time_to_ready(home: Path) -> float:
    """Milliseconds from the start to the ready line; stopping is not counted."""
    begin = time.perf_counter()
    with server.server(home=home):
        return (time.perf_counter() - begin) * 1000


def third_party_modules(home: Path) -> list[str]:
    """What the server imports from other distributions until it is ready, in its order."""
    command = [sys.executable, "-X", "importtime", server.HEADRACE]
    command += ["up", "--home", str(home), "--port", "0", "--json", "--until-stdin-ends"]
    done = subprocess.run(command, input="", capture_output=True, text=True, env=server.clean_environment(), check=True)
    loaded = re.findall(r"^import time: *\d+ \| *\d+ \|( +)(\S+)$", done.stderr, re.MULTILINE)
    ours = sys.stdlib_module_names | {"headrace", "sitecustomize", "usercustomize"}
    named = [name for _, name in loaded if name.partition(".")[0] not in ours and not name.startswith("_")]
    check = "import importlib, sys\nfor name in sys.argv[1:]:\n try: importlib.import_module(name); print(name)\n" + (
        " except ImportError: pass"
    )
    done = subprocess.run([sys.executable, "-c", check, *named], capture_output=True, text=True, check=True)
    return done.stdout.split()


def measure_help() -> dict[str, float]:
    """Milliseconds of `headrace --help` and of a bare interpreter, taken in turns."""
    helps, bares = [], []
    for _ in range(ROUNDS):
        helps.append(milliseconds(lambda: quiet([server.HEADRACE, "--help"])))
        bares.append(milliseconds(lambda: quiet([sys.executable, "-c", "pass"])))
    median, floor = statistics.median(helps), statistics.median(bares)
    return {
        "help_ms": round(median, 1),
        "python_pass_ms": round(floor, 1),
        "over_python_ms": round(median - floor, 1),
    }


def quiet(command: list[str]) -> None:
    """Run it and look at nothing but its exit code."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


@dataclass(frozen=True, slots=True)
class Idle:
    """Sums over all processes, and the resident memory of each."""

    rss_mb: float
    pss_mb: float
    cpu_s_per_minute: float
    watched_s: float
    processes: dict[str, float]


def measure_idle(seconds: float) -> Idle:
    """Memory and CPU of all processes after a run has warmed an interpreter and nothing more was asked."""
    document = pipelines.document(pipelines.chain(cached=False))
    with server.server() as up:
        up.duration(up.run(document))
        time.sleep(SETTLE)
        before = processes.family(up.process.pid, str(up.home))
        time.sleep(seconds)
        after = processes.family(up.process.pid, str(up.home))
    if {each.pid for each in before} != {each.pid for each in after}:
        raise SystemExit("startup: processes came or went while the server was idle: watch it for longer")
    used = sum(each.cpu for each in after) - sum(each.cpu for each in before)
    return Idle(
        rss_mb=round(sum(each.rss for each in after), 1),
        pss_mb=round(sum(each.pss for each in after), 1),
        cpu_s_per_minute=round(used * 60 / seconds, 3),
        watched_s=seconds,
        processes={f"{each.pid} {each.command[:60]}": round(each.rss, 1) for each in after},
    )


if __name__ == "__main__":
    main()
