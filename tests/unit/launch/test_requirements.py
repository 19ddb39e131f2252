"""What sources need, as a build of their image would find it out; components that were never built; wrong lines."""

from pathlib import Path

import pytest

from headrace.base.errors import InvalidInput
from headrace.launch.components import components_in
from headrace.launch.requirements import Said, needs_of

COMPONENTS = '''
import kfp
from kfp import dsl


@dsl.component(base_image="python:3.12", target_image="x/y:1", packages_to_install=["a==1", "b"])
def one():
    """In the image."""


@kfp.dsl.component(target_image=TAG, packages_to_install=PACKAGES, **more)
def two(): ...


@dsl.component(base_image="alpine")
def light(): ...


@dsl.pipeline
def pipeline(): ...
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "main.py", "import csv\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def words(folder: Path, said: Said | None = None) -> tuple[str, ...]:
    return needs_of(folder, said or Said()).requirements


def test_sources_may_need_nothing(folder: Path) -> None:
    assert needs_of(folder, Said()) == needs_of(folder, Said(kfp="2.17.0"))
    assert words(folder) == ()
    assert not (folder / "kfp_config.ini").exists()


def test_the_file_of_the_build_comes_first_and_what_the_user_says_before_all(folder: Path) -> None:
    write(folder, "requirements.txt", "a")
    assert words(folder) == ("a",)
    write(folder, "runtime-requirements.txt", "b")
    assert words(folder) == ("b",)
    write(folder, "more/needs.txt", "c")
    assert words(folder, Said(file="more/needs.txt")) == ("c",)
    assert words(folder, Said(text="d", file="more/needs.txt")) == ("d",)
    assert words(folder, Said(text="# none")) == ()


def test_lines_as_pip_reads_them(folder: Path) -> None:
    text = (
        "\ufeffa==1  # why\n\n# b\nc>=2,<3; python_version >= '3.9'\nd \\\n  [x]>1\n"
        "e==1 --hash=sha256:00 --hash=sha256:11\nf @ https://x/f.whl\n"
        "g==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "--index-url=https://u:p@x/simple?a=b\n--extra-index-url https://y/?c=d\n--require-hashes\n--no-index\n"
    )
    assert words(folder, Said(text=text)) == (
        "a==1",
        "c>=2,<3; python_version >= '3.9'",
        "d    [x]>1",
        "e==1",
        "f @ https://x/f.whl",
        "g==1",
        *("--index-url", "https://u:p@x/simple?a=b"),
        *("--extra-index-url", "https://y/?c=d"),
        "--no-index",
    )


def test_files_in_the_context_are_named_from_its_root(folder: Path) -> None:
    write(folder, "needs/all.txt", "-r base.txt\n../wheels/a-1-py3-none-any.whl\n--find-links=../wheels\nb\n")
    write(folder, "needs/base.txt", "c\nd-1.tar.gz\n")
    write(folder, "needs/d-1.tar.gz", "")
    write(folder, "wheels/a-1-py3-none-any.whl", "")
    assert words(folder, Said(file="needs/all.txt")) == (
        *("c", "./needs/d-1.tar.gz", "./wheels/a-1-py3-none-any.whl"),
        *("--find-links", "./wheels", "b"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n-e .", "requirements.txt, line 2: it names a folder"),
        ("-e git+https://x/y", "line 1: it names a folder"),
        (".", "line 1: it names a folder"),
        ("./pkg", "line 1: it names a folder"),
        ("-c limits.txt", "line 1: constraints"),
        ("-r missing.txt", "no file 'missing.txt'"),
        ("-r /etc/hostname", "no file '/etc/hostname'"),
        ("-r ../x.txt", "no file"),
        ("-r requirements.txt", "reads itself"),
        ("/etc/a.whl", "no file"),
        ("a.whl", "no file"),
        ("-f ..", "no '..' in the context"),
        ("--index-url 'x", "cannot be read"),
        ("--user-agent x", "pip option --user-agent"),
        ("-i", "has no value"),
    ],
)
def test_lines_that_cannot_be_used_say_where_they_are(folder: Path, text: str, said: str) -> None:
    (folder / "pkg").mkdir()
    write(folder, "requirements.txt", text)
    with pytest.raises(InvalidInput) as caught:
        needs_of(folder, Said())
    assert said in str(caught.value)


def test_the_file_that_the_user_names_has_to_be_there(folder: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no file 'x\.txt'"):
        needs_of(folder, Said(file="x.txt"))


@pytest.mark.parametrize(
    ("files", "kfp"),
    [
        ({"c.py": "from kfp import dsl"}, ("kfp==2.17.0",)),
        ({"deep/c.py": "x\n  import kfp.dsl"}, ("kfp==2.17.0",)),
        ({"c.py": "import kfpx\n# import kfp"}, ()),
        ({"kfp_config.ini": "[Components]"}, ("kfp==2.17.0",)),
        (
            {"c.py": "import kfp", "Dockerfile": "FROM x\nRUN pip install --no-cache-dir kfp == 2.14.6\n"},
            ("kfp==2.14.6",),
        ),
        ({"c.py": "import kfp", "requirements.txt": "KFP[kubernetes]>2"}, ("KFP[kubernetes]>2",)),
        ({"c.py": "import kfp", "requirements.txt": "kfp"}, ("kfp",)),
        ({"c.py": "import kfp", "requirements.txt": "kfp-kubernetes"}, ("kfp-kubernetes", "kfp==2.17.0")),
    ],
)
def test_kfp_is_added_for_sources_that_use_it(folder: Path, files: dict[str, str], kfp: tuple[str, ...]) -> None:
    for name, text in files.items():
        write(folder, name, text)
    assert words(folder, Said(kfp="2.17.0")) == kfp


def test_kfp_of_any_version_where_nothing_says_which(folder: Path) -> None:
    write(folder, "c.py", "import kfp")
    assert words(folder) == ("kfp",)


@pytest.mark.parametrize(
    ("dockerfile", "python"),
    [
        ("FROM python:3.12-slim", "3.12"),
        ("# x\nfrom --platform=linux/amd64 python:3.10\n", "3.10"),
        ("FROM node:20 AS ui\nFROM python:3.13 as run\n", "3.13"),
        ("FROM alpine", ""),
        ("RUN x", ""),
    ],
)
def test_the_python_is_that_of_the_image_that_it_is_built_on(folder: Path, dockerfile: str, python: str) -> None:
    write(folder, "Dockerfile", dockerfile)
    assert needs_of(folder, Said()).python == python
    assert needs_of(folder, Said(python="3.9")).python == "3.9"


def test_components_that_were_never_built(folder: Path) -> None:
    write(folder, "steps/parts.py", COMPONENTS)
    write(folder, "old.py", "print 'x'")
    found = components_in(folder)
    assert found.files == {"one": "steps/parts.py", "two": "steps/parts.py"}
    needs = needs_of(folder, Said(kfp="2.17.0"))
    assert needs.requirements == ("a==1", "b", "kfp==2.17.0")
    assert needs.python == "3.12"
    assert (folder / "kfp_config.ini").read_text() == "[Components]\none = steps/parts.py\ntwo = steps/parts.py\n"


def test_components_that_were_built_are_left_as_they_are(folder: Path) -> None:
    write(folder, "parts.py", COMPONENTS)
    write(folder, "kfp_config.ini", "[Components]\none = parts.py\n")
    write(folder, "runtime-requirements.txt", "a==2")
    assert words(folder, Said(kfp="2.17.0")) == ("a==2", "kfp==2.17.0")
    assert (folder / "kfp_config.ini").read_text() == "[Components]\none = parts.py\n"
