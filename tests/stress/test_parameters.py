"""Parameters that are large or odd: they arrive as they were given, or the failure names them."""

import warnings
from typing import Any

import httpx2
import pytest
from tests.harness import Server, parameters_of, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.kit import OWN, compiled, log, message

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

FIVE_MEGABYTES = 5_000_000
LARGE = "é\n\"'\\ " * (FIVE_MEGABYTES // 7)


@dsl.component(base_image=OWN, install_kfp_package=False)
def double(text: str) -> str:
    return text + text[::-1]


@dsl.component(base_image=OWN, install_kfp_package=False)
def measure(text: str) -> int:
    return len(text)


@dsl.pipeline(name="large")
def large(text: str) -> int:
    warm = double(text=text)
    cold = double(text=text)
    cold.set_env_variable("PYTHONHASHSEED", "0")  # is read at the start of an interpreter, so this one is its own
    measure(text=cold.output).set_caching_options(False)  # equal to the other, it would take that one's output
    return measure(text=warm.output).set_caching_options(False).output


def test_five_megabytes_go_into_python_components_and_out_again(server: Server) -> None:
    run_id = server.submit(compiled(large), text=LARGE)
    for name in ("measure", "measure-2"):
        log(server, run_id, name, follow=True)  # until it ends: to ask for the run again and again is to read it all
    found = server.wait(run_id)
    tasks = tasks_of(found)
    assert found["state"] == "SUCCEEDED", {path: message(task) for path, task in tasks.items()}
    for name in ("double", "double-2"):
        assert parameters_of(tasks[f"root.{name}"])["Output"] == LARGE + LARGE[::-1]
    for name in ("measure", "measure-2"):
        assert parameters_of(tasks[f"root.{name}"]) == {"Output": 2 * len(LARGE)}


def test_five_megabytes_do_not_fit_a_command(server: Server) -> None:
    found = server.wait(server.submit(pipeline(shell_task("step", 'echo "$0"', small="x", report=LARGE))))
    assert found["state"] == "FAILED"
    said = message(tasks_of(found)["root.step"])
    assert "'report'" in said
    assert "131,071" in said
    assert len(said) < 1_000


@dsl.component(base_image=OWN, install_kfp_package=False)
def same(text: str, number: float, whole: int, items: list, table: dict) -> dict:
    return {"text": text, "number": number, "whole": whole, "items": items, "table": table}


@dsl.pipeline(name="odd")
def odd(text: str, number: float, whole: int, items: list, table: dict) -> dict:
    return same(text=text, number=number, whole=whole, items=items, table=table).output


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\r\n ",
        "{{$.inputs.parameters['number']}} {{$}} $(id) `id` $HOME %s {} \\",
        "\U0001f600 \u202e \u0301 \ufeff \x7f \x1b[31m \x01",
        "nul \x00 inside",
        "null",
        "-n",
    ],
    ids=["empty", "blank", "placeholders", "unicode", "nul", "null", "option"],
)
def test_odd_values_arrive_as_they_are(server: Server, text: str) -> None:
    given: dict[str, Any] = {
        "text": text,
        "number": 1e-300,
        "whole": 2**53 - 1,
        "items": [text, [], {}, None, True],
        "table": {text: text, "": {"deep": [{"er": text}]}},
    }
    found = server.wait(server.submit(compiled(odd), **given))
    assert found["state"] == "SUCCEEDED", {path: message(task) for path, task in tasks_of(found).items()}
    assert parameters_of(tasks_of(found)["root"]) == {"Output": given}


@pytest.mark.parametrize("text", ["", "-n", "two\nlines\n", "$(id) `id` '\"", "\U0001f600 \x7f \x01"])
def test_odd_arguments_reach_a_command(server: Server, text: str) -> None:
    spec = pipeline(shell_task("step", 'printf %s "$0" > "$1"', text=text))
    with_output(spec)
    found = server.wait(server.submit(spec))
    assert found["state"] == "SUCCEEDED", message(tasks_of(found)["root.step"])
    assert parameters_of(tasks_of(found)["root.step"]) == {"out": text}


def test_a_command_cannot_get_a_nul(server: Server) -> None:
    found = server.wait(server.submit(pipeline(shell_task("step", "echo", text="a\x00b"))))
    assert found["state"] == "FAILED"
    assert "NUL" in message(tasks_of(found)["root.step"])
    assert "'text'" in message(tasks_of(found)["root.step"])


def test_an_output_that_is_no_text_is_named(server: Server) -> None:
    spec = pipeline(shell_task("step", r"""printf '\377\376' > "$1" """, text="x"))
    with_output(spec)
    found = server.wait(server.submit(spec))
    assert found["state"] == "FAILED"
    assert "out" in message(tasks_of(found)["root.step"])


def test_an_output_that_is_a_folder_is_named(server: Server) -> None:
    spec = pipeline(shell_task("step", 'mkdir "$1"', text="x"))
    with_output(spec)
    found = server.wait(server.submit(spec))
    assert found["state"] == "FAILED"
    assert "out" in message(tasks_of(found)["root.step"])


def test_variables_with_odd_values(server: Server) -> None:
    spec = pipeline(shell_task("step", 'printf "%s|%s|%s" "$LINES_" "$EMPTY" "$UNI" > "$1"', text="x"))
    with_output(spec)
    values = {"LINES_": "a\nb\n", "EMPTY": "", "UNI": "\U0001f600="}
    container = spec["deploymentSpec"]["executors"]["exec-step"]["container"]
    container["env"] = [{"name": name, "value": value} for name, value in values.items()]
    found = server.wait(server.submit(spec))
    assert parameters_of(tasks_of(found)["root.step"]) == {"out": "a\nb\n||\U0001f600="}


@pytest.mark.parametrize("name", ["", "A=B", "nul\x00"])
def test_variables_with_odd_names_do_no_harm(server: Server, name: str) -> None:
    spec = pipeline(shell_task("step", "true"))
    spec["deploymentSpec"]["executors"]["exec-step"]["container"]["env"] = [{"name": name, "value": "x"}]
    body = {"display_name": "odd", "pipeline_spec": spec}
    answer = httpx2.post(f"{server.url}/apis/v2beta1/runs", json=body, timeout=30)
    if answer.is_success:
        found = server.wait(answer.json()["run_id"])
        assert found["state"] == "FAILED"
        assert "of the command" in message(tasks_of(found)["root.step"])
    else:
        assert answer.status_code == 400
        assert "env" in answer.text


@pytest.mark.parametrize("name", ["é-ü", "a b", "..", "x/y", "-rf", "\U0001f600", "root", "a" * 150, "dots.in.it"])
def test_tasks_with_odd_names(server: Server, name: str) -> None:
    """They run under their names, or are refused with a reason; never anything else."""
    spec = pipeline(shell_task(name, 'printf ok > "$1"', text="x"), shell_task("next", "true", after=[name]))
    with_output(spec, name)
    body = {"display_name": "odd", "pipeline_spec": spec}
    answer = httpx2.post(f"{server.url}/apis/v2beta1/runs", json=body, timeout=30)
    if not answer.is_success:
        assert answer.status_code == 400
        assert name in answer.json()["message"]
        return
    found = server.wait(answer.json()["run_id"])
    assert found["state"] == "SUCCEEDED", {path: message(task) for path, task in tasks_of(found).items()}
    assert parameters_of(tasks_of(found)[f"root.{name}"]) == {"out": "ok"}


def with_output(spec: dict[str, Any], name: str = "step") -> None:
    """Give the step an output parameter, whose file is its last argument."""
    component = spec["components"][f"comp-{name}"]
    component["outputDefinitions"] = {"parameters": {"out": {"parameterType": "STRING"}}}
    container = spec["deploymentSpec"]["executors"][f"exec-{name}"]["container"]
    container["args"].append("{{$.outputs.parameters['out'].output_file}}")
