"""Components that do what no tutorial does. Their bodies are run elsewhere, so they bring their own imports."""

# ruff: noqa: PTH103, PTH109, PTH123, PTH208, PTH211

import warnings

from tests.stress.kit import OWN

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Output, OutputPath

component = dsl.component(base_image=OWN, install_kfp_package=False)


@component
def leaves_at_once() -> str:
    import os

    print("last words")
    os._exit(3)


@component
def exits_with_text() -> str:
    import sys

    sys.exit("there is no such column: price")


@component
def exits_well() -> str:
    import sys

    sys.exit(0)


@component
def raises_the_base() -> str:
    raise BaseException("not even an Exception")


@component
def raises_unprintable() -> str:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    raise Odd


@component
def interrupts_itself() -> str:
    raise KeyboardInterrupt


@component
def recurses() -> str:
    def again(depth: int) -> int:
        return again(depth + 1) + 1

    return str(again(0))


@component
def prints_garbage() -> str:
    import sys

    sys.stdout.buffer.write(bytes(range(256)) * 100)
    return "fine"


@component
def closes_stdout() -> str:
    import os
    import sys

    sys.stdout.close()
    sys.stderr.close()
    for fd in range(3):
        os.close(fd)
    return "fine"


@component
def closes_every_file() -> str:
    import os

    os.closerange(3, 1024)
    return "fine"


@component
def goes_elsewhere() -> str:
    import os
    import shutil

    os.chdir("/")
    for name in os.listdir(os.environ["TMPDIR"]):
        shutil.rmtree(f"{os.environ['TMPDIR']}/{name}")
    os.environ.clear()
    return "fine"


@component
def removes_its_folder() -> str:
    import os
    import shutil

    shutil.rmtree(os.getcwd())
    return "fine"


@component
def forks_and_returns_twice() -> int:
    import os

    os.fork()
    return 7


@component
def spawns() -> int:
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return sum(pool.map(abs, [-1, -2]))


@component
def leaves_a_daemon_thread() -> str:
    import threading
    import time

    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return "fine"


@component
def leaves_a_process() -> int:
    import subprocess

    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid


@component
def ignores_signals() -> str:
    import os
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGTERM)
    return "fine"


@component
def breaks_the_interpreter() -> str:
    import builtins
    import sys

    builtins.print = None
    sys.modules.clear()
    return "fine"


@component
def returns_the_wrong_type() -> int:
    return "seven"  # type: ignore[return-value]


@component
def returns_nothing() -> int:
    return None  # type: ignore[return-value]


@component
def returns_not_a_number() -> float:
    return float("nan")


@component
def returns_much() -> str:
    return "x" * 5_000_000


@component
def returns_a_surrogate() -> str:
    return "\ud800"


@component
def writes_much(out: OutputPath(str)) -> None:
    with open(out, "w") as file:
        file.write("\u00e9\n" * 2_500_000)


@component
def writes_no_artifact(data: Output[Dataset]) -> None:
    data.metadata["rows"] = 0


@component
def writes_a_folder(data: Output[Dataset]) -> None:
    import os

    os.makedirs(f"{data.path}/part#1/empty")
    open(f"{data.path}/part#1/caf\u00e9 \U0001f600", "w").close()
    os.symlink("part#1", f"{data.path}/inside")
    os.symlink("/etc/passwd", f"{data.path}/outside")
    os.symlink("nowhere", f"{data.path}/dangling")
    os.symlink(".", f"{data.path}/loop")


@component
def writes_a_link(data: Output[Dataset]) -> None:
    import os

    os.symlink("/etc/passwd", data.path)


@component
def writes_a_pipe(data: Output[Dataset]) -> None:
    import os

    os.mkfifo(data.path)


@component
def writes_odd_metadata(data: Output[Dataset]) -> None:
    data.metadata.update({"deep": [[[{}]]], "": "empty", "\u00e9\n": None, "large": 2**70})
    data.name = ""


@component
def never_ends(file: str) -> str:
    import os
    import threading
    import time

    def wait() -> None:
        with open(file, "a") as started:
            started.write(f"{os.getpid()}\n")
        time.sleep(600)

    threading.Thread(target=wait).start()
    return "returned long ago"


ALL = [
    breaks_the_interpreter, closes_every_file, forks_and_returns_twice, goes_elsewhere, ignores_signals,
    leaves_a_daemon_thread, prints_garbage, removes_its_folder, returns_much, spawns,
    closes_stdout, exits_well, exits_with_text, interrupts_itself, leaves_at_once, raises_the_base, raises_unprintable,
    recurses, returns_a_surrogate, returns_not_a_number, returns_nothing, returns_the_wrong_type, writes_a_pipe,
    leaves_a_process, writes_a_folder, writes_a_link, writes_much, writes_no_artifact, writes_odd_metadata,
]  # fmt: skip
"""All that can be run side by side."""
