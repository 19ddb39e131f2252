"""What an import pulls in: the package itself must cost nothing, whoever depends on it."""

import subprocess
import sys


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the statement, and had not before."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_package_imports_nothing_else() -> None:
    assert modules_after("import headrace") == {"headrace"}


def test_base_and_model_need_only_the_standard_library() -> None:
    rooms = "headrace.base.settings, headrace.base.home, headrace.base.ids, headrace.model.task, headrace.model.event"
    foreign = modules_after(f"import {rooms}") - set(sys.stdlib_module_names) - {"headrace"}
    assert not foreign


def test_a_server_imports_grpc_only_where_it_is_asked_for() -> None:
    assert not {"google", "grpc"} & modules_after("import headrace.cli.server, headrace.rpc.inside")


def test_the_engine_needs_only_the_standard_library() -> None:
    foreign = modules_after("import headrace.engine.step") - set(sys.stdlib_module_names) - {"headrace"}
    assert not foreign
