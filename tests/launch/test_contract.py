"""A warm step and the compiled command are the same: their logs, exit codes, files, and the process that they find.

The cold side is the command that the SDK compiled, run by a shell in the same environment: a comment in it is enough
to make it a command like any other.
"""

import asyncio
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.launch.steps import INSTALL_KFP, RUN, Running, launcher, log

from headrace.base.home import Home
from headrace.launch.base import Exited, LaunchRequest
from headrace.launch.variables import temporary_folder

PYTHON = "python:3.11"
COLD = RUN.replace('"$@"\n', '"$@" # cold\n')
assert COLD != RUN


@dataclass(frozen=True)
class Outcome:
    """What a step left, without what has to differ between two attempts."""

    exit_code: int
    log: str
    files: dict[str, str]


def outcome(request: LaunchRequest, end: Exited) -> Outcome:
    def same(text: str) -> str:
        name, target = temporary_folder(request.folder)
        text = text.replace(name, target).replace(request.attempt_id, "ATTEMPT")
        text = re.sub(r"/tmp\.\w{10}\b", "/tmp.PROGRAM", text)
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME", text)

    places = [request.folder / "outputs", *(file.parent for file in request.outputs)]
    files = {path for place in places for path in place.rglob("*") if path.is_file()}
    named = {same(str(file)): same(file.read_text()) for file in files}
    return Outcome(end.exit_code, same(log(request)), named)


def compare(warm: Outcome, cold: Outcome) -> None:
    assert warm.log.splitlines() == cold.log.splitlines()
    assert warm == cold


async def both(run: Running, function: str, *, image: str = PYTHON, **more: Any) -> tuple[Outcome, Outcome]:
    """The step run warm and cold, at the same time, in an environment that was built before."""
    await run.succeed(run.steps.python("def step():\n    pass\n", image=image, installs=[INSTALL_KFP]))
    requests = [
        run.steps.python(function, image=image, installs=[INSTALL_KFP], script=script, **more) for script in (RUN, COLD)
    ]
    ends = await asyncio.gather(*map(run.run, requests))
    found = []
    for request, end in zip(requests, ends, strict=True):
        assert isinstance(end, Exited), f"{end}\n{log(request)}"
        found.append(outcome(request, end))
    return found[0], found[1]


WELL = """
def step(text: str, number: int, data: Output[Dataset]) -> NamedTuple('outputs', [('Output', str), ('n', int)]):
    import sys
    print('to stdout', text)
    print('to stderr', file=sys.stderr)
    sys.stdout.write('no newline at the end')
    data.metadata['rows'] = number
    with open(data.path, 'w') as file:
        file.write(text * number)
    assert dsl.get_uri('x').startswith('minio://mlpipeline/v2/artifacts/p/run/step/'), dsl.get_uri('x')
    return (text, number)
"""

ENDS = {
    "exception": "def step():\n    def inner():\n        return 1 / 0\n    print('before')\n    inner()\n",
    "chained": "def step():\n    try:\n        {}[1]\n    except KeyError as e:\n        raise ValueError from e\n",
    "exit with a number": "def step():\n    import sys\n    sys.exit(7)\n",
    "exit with a large number": "def step():\n    import sys\n    sys.exit(256 + 3)\n",
    "exit with a text": "def step():\n    import sys\n    sys.exit('not today')\n",
    "exit with nothing": "def step():\n    raise SystemExit\n",
    "hard exit": "def step():\n    import os\n    print('x')\n    os._exit(5)\n",
    "syntax error": "def step():\n    this is no Python\n",
    "import error": "def step():\n    import no_such_module_anywhere\n",
    "wrong type": "def step() -> int:\n    return 'text'\n",
    "at exit": "def step():\n    import atexit\n    atexit.register(print, 'at exit')\n    print('body')\n",
    "threads": (
        "def step():\n    import threading, time\n    printed = threading.Event()\n"
        "    last = lambda: (printed.wait(), time.sleep(0.2), print('from a thread'))\n"
        "    threading.Thread(target=last).start()\n    print('body')\n    printed.set()\n"
    ),
    "daemon thread": (
        "def step():\n    import threading, time\n"
        "    threading.Thread(target=lambda: (time.sleep(60), print('never')), daemon=True).start()\n    print('x')\n"
    ),
    "thread fails": (
        "def step():\n    import threading\n    thread = threading.Thread(target=lambda: 1 / 0, name='t')\n"
        "    thread.start()\n    thread.join()\n"
    ),
    "unclosed global file": (
        "import os\nkept = open(os.environ['TMPDIR'] + '/../outputs/kept', 'w')\n"
        "def step():\n    kept.write('flushed at the end')\n"
    ),
    "finalizers": "class A:\n    def __del__(self):\n        print('gone')\na = A()\ndef step():\n    print('body')\n",
    "logging": "def step():\n    import logging as l\n    l.info('i')\n    l.warning('w')\n    l.debug('d')\n",
    "warnings": "def step():\n    import warnings\n    warnings.warn('careful')\n",
    "extension module": "def step():\n    import _testcapi, sys\n    print('body')\n    sys.exit(3)\n",
    "unicode": "def step():\n    print('gr\\u00fc\\u00df \\U0001f600')\n",
    "binary": "def step():\n    import sys\n    sys.stdout.buffer.write(b'\\xff\\x00raw')\n",
}


@pytest.mark.parametrize("declared", [WELL], ids=["well"])
def test_a_step_that_does_everything(home: Home, declared: str) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, declared, parameters={"text": "grüß ", "number": 3})
            compare(warm, cold)
            assert warm.exit_code == 0
            assert any(content == "grüß grüß grüß " for content in warm.files.values())
            [output] = [text for name, text in warm.files.items() if name.endswith("output_metadata.json")]
            assert json.loads(output)["parameterValues"] == {"Output": "grüß ", "n": 3}

    asyncio.run(scenario())


PLACES = """
def step(store: str):
    from kfp.dsl.types.artifact_types import convert_local_path_to_remote_path
    for scheme, folder in (('minio', store), ('gs', store + '.gs'), ('s3', store + '.s3')):
        made = dsl.Dataset(name='data', uri=scheme + '://bucket/key')
        assert made.path == folder + '/bucket/key', made.path
        assert convert_local_path_to_remote_path(made.path) == made.uri
"""


def test_each_store_is_where_the_sdk_looks_for_it(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, PLACES, parameters={"store": str(home.store)})
            compare(warm, cold)
            assert warm.exit_code == 0, warm.log

    asyncio.run(scenario())


@pytest.mark.parametrize("function", ENDS.values(), ids=ENDS.keys())
def test_every_way_to_end(home: Home, function: str) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, function)
            compare(warm, cold)

    asyncio.run(scenario())


SIGNALS = {
    "interrupt": "def step():\n    raise KeyboardInterrupt\n",
    "terminated": "def step():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGTERM)\n",
    "abort": "def step():\n    import os\n    os.abort()\n",
    "no memory": "def step():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n",
}


@pytest.mark.parametrize("function", SIGNALS.values(), ids=SIGNALS.keys())
def test_a_signal_is_seen_as_such(home: Home, function: str) -> None:
    """Where the compiled command has a shell in between, which makes 128 and the signal of it, and adds a word."""

    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, function)
            assert warm.exit_code < 0
            assert cold.exit_code == 128 - warm.exit_code
            assert cold.log.startswith(warm.log)

    asyncio.run(scenario())


PROCESS = """
def step():
    import gc, json, locale, logging, os, resource, signal, stat, sys, tempfile, threading, time
    main = sys.modules['__main__']
    caught = {name: str(signal.getsignal(getattr(signal, name))) for name in dir(signal) if name.startswith('SIG')
              and not name.startswith('SIG_') and name not in ('SIGRTMIN', 'SIGRTMAX')}
    umask = os.umask(0)
    os.umask(umask)
    listing = os.open('/proc/self/fd', os.O_RDONLY)
    files = {fd: os.readlink('/proc/self/fd/' + fd) for fd in os.listdir(listing)
             if int(fd) != listing and os.path.exists('/proc/self/fd/' + fd)}
    status = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)
    print(json.dumps({
        'environ': dict(os.environ),
        'argv': sys.argv, 'orig_argv': sys.orig_argv, 'path': sys.path, 'flags': str(sys.flags),
        'executable': sys.executable, 'prefix': sys.prefix, 'meta_path': [str(type(each)) for each in sys.meta_path],
        'main': {name: str(getattr(main, name, None)) for name in ('__name__', '__file__', '__package__', '__doc__')},
        'spec': main.__spec__.name, 'keys': sorted(vars(main)), 'component': __name__, 'file': __file__,
        'signals': caught, 'mask': sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        'ignored': status['SigIgn'], 'blocked': status['SigBlk'], 'caught': status['SigCgt'],
        'umask': umask, 'cwd': os.getcwd(), 'files': files,
        'limits': {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if 'RLIMIT_' in name},
        'nice': os.nice(0), 'groups': os.getgroups(), 'leads the session': os.getsid(0) == os.getpid(),
        'gc': (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        'stdio': [(each.encoding, each.errors, each.line_buffering, each.write_through, str(type(each.buffer)))
                  for each in (sys.stdin, sys.stdout, sys.stderr)],
        'locale': (locale.getpreferredencoding(), sys.getfilesystemencoding(), locale.setlocale(locale.LC_ALL)),
        'zone': (time.tzname, time.timezone), 'temp': tempfile.gettempdir(),
        'logging': (str(logging.root), [str(type(each)) for each in logging.root.handlers]),
        'threads': (threading.current_thread().name, threading.main_thread() is threading.current_thread(),
                    threading.active_count()),
        'switch': sys.getswitchinterval(), 'recursion': sys.getrecursionlimit(), 'trace': sys.gettrace(),
        'hooks': (sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__),
        'bytecode': sys.dont_write_bytecode, 'last': hasattr(sys, 'last_type'), 'warnoptions': sys.warnoptions,
    }, indent=1))
"""


def test_the_process_is_the_same(home: Home) -> None:
    """Environment, arguments, modules' paths, signals, limits, files, stdio, group, time zone."""

    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, PROCESS, env=(("TZ", "Asia/Tokyo"), ("GREETING", "hello"), ("EMPTY", "")))
            assert warm.exit_code == cold.exit_code == 0, warm.log + cold.log
            found, expected = _printed(warm.log), _printed(cold.log)
            for name, value in expected.items():
                assert found[name] == value, name
            assert found["environ"]["GREETING"] == "hello"
            assert found["zone"][0][0] == "JST"
            assert found["files"].keys() == {"0", "1", "2"}

    asyncio.run(scenario())


def _printed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        text[text.index('{\n "environ"') : text.index("\n}\n", text.index('"environ"')) + 2]
    )
    return found


MULTIPROCESSING = """
def square(x):
    import os
    return (x * x, __name__)

def step(method: str):
    import multiprocessing, subprocess, sys
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        print(pool.map(square, [1, 2, 3]))
    print(subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True, check=True).stdout)
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        print(list(threads.map(abs, [-1, -2])))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_and_threads_in_a_step(home: Home, method: str) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, MULTIPROCESSING, parameters={"method": method})
            compare(warm, cold)
            assert "[(1, 'ephemeral_component'), (4, 'ephemeral_component'), (9, 'ephemeral_component')]" in warm.log

    asyncio.run(scenario())


PATHS = """
def step(data: Output[Dataset]):
    import os, subprocess, sys
    print(data.path)
    with open(data.path, 'w') as file:
        file.write('here')
    print(dsl.Dataset(uri='minio://mlpipeline/x').path)
    other = dsl.Dataset()
    other.path = os.path.join(os.path.dirname(data.path), 'other')
    print(other.uri)
    print(dsl.get_uri('sub'))
    program = 'from kfp.dsl import Dataset; print(Dataset(uri="minio://mlpipeline/x").path)'
    for environment in (None, {**os.environ, '_KFP_RUNTIME': 'true'}):
        print(subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, env=environment).stdout)
"""


def test_artifact_paths_are_in_the_store(home: Home) -> None:
    """Also in the interpreters that a step starts."""

    async def scenario() -> None:
        async with launcher(home) as run:
            warm, cold = await both(run, PATHS)
            compare(warm, cold)
            assert warm.log.count(f"{home.store}/mlpipeline/x\n") == 3
            base = "minio://mlpipeline/v2/artifacts/p/run/step/ATTEMPT"
            assert f"\n{base}/other\n{base}/sub\n" in warm.log
            assert "here" in warm.files.values()

    asyncio.run(scenario())


def test_a_parameter_of_5_megabytes(home: Home) -> None:
    """It fits no argument: warm it goes by file, and so it does where the step needs a fresh interpreter."""

    async def scenario() -> None:
        async with launcher(home) as run:
            function = (
                "def step(text: str) -> int:\n    import sys\n    print(len(text), len(sys.argv))\n    return 1\n"
            )
            for environment in ((), (("PYTHONHASHSEED", "1"),)):
                request = run.steps.python(function, parameters={"text": "x" * 5_000_000}, env=environment)
                assert "\n5000000 7\n" in await run.succeed(request)

    asyncio.run(scenario())


def test_what_an_interpreter_reads_once_gets_a_fresh_one(home: Home) -> None:
    function = (
        "def step():\n    import os, sys\n    print(sys.flags.hash_randomization, sys.flags.optimize, os.getppid())\n"
    )

    async def scenario() -> None:
        async with launcher(home) as run:
            assert "\n0 0 " in await run.succeed(run.steps.python(function, env=(("PYTHONHASHSEED", "0"),)))
            assert "\n1 1 " in await run.succeed(run.steps.python(function, env=(("PYTHONOPTIMIZE", "1"),)))
            # What says nothing new does not cost a fresh interpreter.
            assert "\n1 0 " in await run.succeed(run.steps.python(function, env=(("PYTHONUNBUFFERED", "true"),)))

    asyncio.run(scenario())


def test_output_is_in_the_log_when_it_was_printed(home: Home, tmp_path: Path) -> None:
    """stdout and stderr in their order, not when a buffer is full."""
    function = (
        "def step(gate: str):\n    import sys\n    print('one')\n    sys.stderr.write('two\\n')\n    open(gate)\n"
    )
    gate = tmp_path / "gate"

    async def scenario() -> None:

        os.mkfifo(gate)
        async with launcher(home) as run:
            requests = [
                run.steps.python(function, script=script, parameters={"gate": str(gate)}) for script in (RUN, COLD)
            ]
            for request in requests:
                run.launcher.launch(request)
                writer = await asyncio.to_thread(gate.open, "w")  # opens when the step does
                assert "one\ntwo\n" in log(request)
                writer.close()
                assert (await run.watcher.exit(request)).exit_code == 0

    asyncio.run(scenario())
