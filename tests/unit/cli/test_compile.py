"""A `.py` file by way of the user's kfp: real subprocesses, the real kfp."""

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.base.errors import InvalidInput
from headrace.cli.compile import compile_file, split_name
from headrace.cli.pipeline import outline, read_pipeline, without_cache
from headrace.spec.load import document_from_json, load_document

TWO = """
import sys
from helper_module import GREETING
from kfp import dsl

assert __name__ == "two"

@dsl.component
def say(text: str) -> str:
    return text

@dsl.pipeline(name="inner-one")
def inner(text: str = GREETING):
    say(text=text)

@dsl.pipeline(name="outer-one")
def outer():
    inner()
    print("compiling")

if __name__ == "__main__":
    sys.exit("not as a script")
"""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    (tmp_path / "helper_module.py").write_text("GREETING = 'hello'\n")
    (tmp_path / "two.py").write_text(TWO)
    return tmp_path / "two.py"


def test_the_name_after_a_colon() -> None:
    assert split_name("a/b.py:c") == (Path("a/b.py"), "c")
    assert split_name("a/b.py") == (Path("a/b.py"), "")
    assert split_name("a:b.yaml") == (Path("a:b.yaml"), "")


def test_several_pipelines_are_listed_and_one_can_be_picked(two: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput, match=r"several pipelines: inner, outer.*two\.py:inner or .*two\.py:outer"):
        compile_file(two)
    with pytest.raises(InvalidInput, match=r"no pipeline 'other'.*inner, outer"):
        compile_file(two, "other")
    capfd.readouterr()
    pipeline = read_pipeline(f"{two}:outer", None)
    assert pipeline.plan.pipeline_name == "outer-one"
    assert outline(pipeline.plan).children == {"root": ("root.inner-one",), "root.inner-one": ("root.inner-one.say",)}
    out, err = capfd.readouterr()
    assert out == ""
    assert "compiling" in err


def test_without_cache_changes_the_tasks_of_nested_pipelines_and_nothing_else(two: Path) -> None:
    document = read_pipeline(f"{two}:outer", None).document
    quiet = document_from_json(without_cache(document))

    assert "enableCache" in str(document.pipeline)
    assert "enableCache" not in str(quiet.pipeline)
    assert quiet.pipeline["deploymentSpec"] == document.pipeline["deploymentSpec"]


def test_an_error_in_the_file_shows_the_users_part_of_the_traceback(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def f():\n    return 1 / 0\n\nf()\n")
    with pytest.raises(InvalidInput) as error:
        compile_file(file)
    text = str(error.value)
    assert "ZeroDivisionError" in text
    assert text.count("File ") == 2
    assert "compile_child" not in text


def test_a_file_with_a_syntax_error_and_one_without_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "syntax.py").write_text("def f(:\n")
    with pytest.raises(InvalidInput, match="SyntaxError"):
        compile_file(tmp_path / "syntax.py")
    (tmp_path / "none.py").write_text("x = 1\n")
    with pytest.raises(InvalidInput, match=r"no pipeline.*@dsl\.pipeline"):
        compile_file(tmp_path / "none.py")


def test_a_python_without_kfp_is_told_how_to_get_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    (tmp_path / "p.py").write_text("import kfp\n")
    with pytest.raises(InvalidInput, match=r"has no kfp.*-m pip install kfp"):
        compile_file(tmp_path / "p.py", python=str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(InvalidInput, match="not an executable"):
        compile_file(tmp_path / "p.py", python=str(tmp_path / "nowhere"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nothing\.yaml: there is no such file"):
        read_pipeline(str(tmp_path / "nothing.yaml"), None)


LINES = """
from kfp import dsl

@dsl.component
def say(text: str) -> str:
    return text

@dsl.pipeline(name="lines"%s)
def lines(text: str = "one\\n- two: [\\n\\nthree"):
    say(text=text)
"""


def test_a_default_of_several_lines_arrives_whole(tmp_path: Path) -> None:
    file = tmp_path / "lines.py"
    file.write_text(LINES % "")
    plan = read_pipeline(str(file), None).plan
    assert plan.root.interface.input_parameters["text"].default == "one\n- two: [\n\nthree"


def test_yaml_that_kfp_breaks_is_told_with_the_file_and_the_cause(tmp_path: Path) -> None:
    file = tmp_path / "lines.py"
    workspace = "dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size='1Gi'))"
    file.write_text(LINES % f", pipeline_config={workspace}")
    with pytest.raises(InvalidInput, match=r"lines\.py: what kfp makes of it cannot be read: .*several lines"):
        read_pipeline(str(file), None)


def test_platform_features_are_compiled_too(two: Path) -> None:
    workspace = "dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size='1Gi'))"
    two.write_text(TWO.replace('name="inner-one"', f'name="inner-one", pipeline_config={workspace}'))
    document = load_document(compile_file(two, "inner").encode())
    assert document.platform is not None
