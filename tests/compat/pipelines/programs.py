"""Python components whose bodies do what scripts do: processes, threads, signals, files beside themselves, stdin."""

# ruff: noqa: PTH100, PTH109, PTH111, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208, SIM115 - scripts

import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Output

from tests.compat.pipelines.steps import OWN, step


def helper(number: int) -> int:
    return second(number) + 1


def second(number: int) -> int:
    return number * 2


@dsl.component(base_image=OWN, install_kfp_package=False, additional_funcs=[helper, second])
def with_helpers(number: int) -> int:
    return helper(number)


@step
def reads_stdin() -> str:
    import sys

    return repr(sys.stdin.read())


@step
def asks_the_user() -> str:
    return input("Which one? ")


@step
def runs_a_loop() -> list:
    import asyncio

    async def double(number: int) -> int:
        process = await asyncio.create_subprocess_exec("echo", str(number * 2), stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return int(out)

    async def main() -> list:
        return await asyncio.gather(*map(double, range(3)))

    return asyncio.run(main())


@step
def forks_workers() -> list:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(abs, [-1, -2])
    with ProcessPoolExecutor(2) as pool:
        found += pool.map(pow, [3], [2])
    with ThreadPoolExecutor() as pool:
        found += pool.map(abs, [-4])
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=queue.put, args=("from a process",))
    process.start()
    found.append(queue.get())
    process.join()
    return found


@step
def forkserver_workers() -> int:
    import multiprocessing

    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        return pool.apply(abs, (-5,))


@step
def thread_raises() -> str:
    import threading

    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    return "went on"


@step
def alarm() -> str:
    import signal
    import time

    def ring(*_: object) -> None:
        raise TimeoutError("rang")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        time.sleep(30)
    except TimeoutError as error:
        return str(error)
    return "slept on"


@step
def writes_beside_itself() -> list:
    import importlib
    import inspect
    import os
    import sys

    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "beside.py"), "w") as file:
        file.write("WORD = 'beside'\n")
    with open("in_cwd.py", "w") as file:
        file.write("WORD = 'cwd'\n")
    sys.path.insert(0, here)
    words = [importlib.import_module(name).WORD for name in ("beside", "in_cwd")]
    found = inspect.getsource(sys.modules[writes_beside_itself.__module__])
    return [*words, "def writes_beside_itself" in found, os.path.basename(__file__), __name__]


@step
def pickles_itself() -> list:
    import dataclasses
    import enum
    import pickle
    import typing

    @dataclasses.dataclass
    class Point:
        x: int

    class Color(enum.Enum):
        RED = 1

    globals()["Point"] = Point
    Point.__qualname__ = "Point"
    assert Color.RED.name == "RED"
    return [pickle.loads(pickle.dumps(Point(3))).x, pickle.loads(pickle.dumps(pickles_itself)).__name__,
            list(typing.get_type_hints(Point))]  # fmt: skip


@step
def logs() -> str:
    import logging
    import sys
    import warnings

    logging.warning("a warning")
    logging.basicConfig(level=logging.INFO, force=True)
    logging.getLogger("mine").info("an info")
    warnings.warn("careful", stacklevel=1)
    print("to stderr", file=sys.stderr)
    print("no newline", end="")
    return "logged"


@step
def prints_much() -> str:
    import sys

    for number in range(20_000):
        print(number, "x" * 100)
    sys.stderr.write("y" * 2_000_000 + "\n")
    return "printed"


@step
def raises_with_a_cause() -> str:
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("no such\nthing") from error


@step
def raises_a_group() -> str:
    raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])


@step
def asserts() -> str:
    assert 1 == 2, "one is not two"


@step
def imports_the_unknown() -> str:
    import pandas_but_misspelled

    return pandas_but_misspelled.__name__


@step
def main_module() -> list:
    import sys

    import __main__

    return [__main__.__name__, sys.argv[0].endswith("executor_main.py"), len(sys.argv) > 4]


@step
def uses_home_and_tmp() -> list:
    import os
    import tempfile

    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("x")
    return [
        os.path.isdir(os.path.expanduser("~")),
        os.path.isdir(os.environ["TMPDIR"]),
        os.getcwd() == os.path.realpath("."),
    ]


@step
def installs_in_itself(index: str) -> str:
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", index, "tinypackage"],
        check=True,
    )
    import tinypackage

    return tinypackage.WORD


@step
def exits_in_a_subprocess() -> str:
    import subprocess

    subprocess.run(["sh", "-c", "echo doomed >&2; exit 4"], check=True)
    return "never"


_FOLDER = Path(tempfile.mkdtemp())
(_FOLDER / "assets" / "deep").mkdir(parents=True)
(_FOLDER / "assets" / "words.txt").write_text("embedded \u2603")
(_FOLDER / "assets" / "deep" / "table.csv").write_text("a,b")
(_FOLDER / "assets" / "embedded_module.py").write_text("def word():\n    return 'imported'\n")


@dsl.component(base_image=OWN, install_kfp_package=False, embedded_artifact_path=str(_FOLDER / "assets"))
def embedded_folder(word: str, assets: dsl.EmbeddedInput[Dataset], made: Output[Dataset]) -> list:
    import os

    from embedded_module import word as imported

    with open(made.path, "w") as file:
        file.write(open(os.path.join(assets.path, "deep", "table.csv")).read())
    return [word, imported(), sorted(os.listdir(assets.path)), open(os.path.join(assets.path, "words.txt")).read()]


@dsl.component(base_image=OWN, install_kfp_package=False, embedded_artifact_path=str(_FOLDER / "assets" / "words.txt"))
def embedded_file(words: dsl.EmbeddedInput[dsl.Artifact]) -> str:
    return open(words.path).read()


WELL_STEPS = (reads_stdin, runs_a_loop, forks_workers, forkserver_workers, thread_raises, alarm, writes_beside_itself,
              pickles_itself, logs, prints_much, main_module, uses_home_and_tmp)  # fmt: skip
BAD_STEPS = (asks_the_user, raises_with_a_cause, raises_a_group, asserts, imports_the_unknown, exits_in_a_subprocess)


@dsl.pipeline(name="programs")
def programs():
    for each in WELL_STEPS:
        each()
    for each in BAD_STEPS:
        each()
    with_helpers(number=3)
    embedded_folder(word="given")
    embedded_file()
