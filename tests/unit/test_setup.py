"""The set-up script: how pip's settings reach uv, and what a machine that lacks something is told."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("headrace_setup", ROOT / ".ci" / "setup.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pips_options_become_uvs_variables(setup: ModuleType, tmp_path: Path) -> None:
    pip = {
        "index-url": "https://one.example/simple",
        "extra-index-url": f"https://two.example/simple file://{tmp_path} file://{tmp_path}/absent",
        "find-links": f"{tmp_path} {tmp_path}/absent https://links.example/",
        "cert": "/certs.pem",
    }
    assert setup.uv_settings({}, pip) == {
        "UV_DEFAULT_INDEX": "https://one.example/simple",
        "UV_INDEX": f"https://two.example/simple file://{tmp_path}",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": f"{tmp_path},https://links.example/",
        "SSL_CERT_FILE": "/certs.pem",
    }


def test_without_pip_settings_uv_is_left_alone(setup: ModuleType) -> None:
    assert setup.uv_settings({}, {}) == {}
    assert setup.uv_settings({}, {"find-links": "/nonexistent"}) == {}


def test_what_the_user_told_uv_stands(setup: ModuleType) -> None:
    own = {"UV_DEFAULT_INDEX": "https://own.example/simple"}
    assert setup.uv_settings(own, {"index-url": "https://one.example/simple"}) == {}


def test_pips_files_and_environment_are_read_as_pip_ranks_them(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\ntimeout = 1\ncert = /global.pem\nfind-links =\n  /a\n  /b\n"
        "[install]\ncert = /install.pem\n[download]\ncert = /download.pem\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_TIMEOUT", "9")
    settings = setup.pip_settings(pip_python())
    assert (settings["timeout"], settings["cert"], settings["find-links"]) == ("9", "/install.pem", "/a /b")


def pip_python() -> str:
    """An interpreter that has pip: the one that set `.tools` up, or the one that `.venv` was made of."""
    tools = ROOT / ".tools" / "bin" / "python"
    return str(tools) if tools.exists() else sys._base_executable  # type: ignore[attr-defined,no-any-return]


def test_a_machine_with_nothing_is_told_what_to_install(tmp_path: Path) -> None:
    """A copy of the script in an empty repository, under a Python that can make no environment."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".ci" / "setup.py").write_bytes((ROOT / ".ci" / "setup.py").read_bytes())
    (tmp_path / "requirements" / "tools.txt").write_text("uv==0\n")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "No module named $2" >&2\nexit 1\n')
    python.chmod(0o755)
    program = f"import sys; sys.argv = ['setup.py']; sys.executable = {str(python)!r}; import runpy; " + (
        f"runpy.run_path({str(tmp_path / '.ci' / 'setup.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert [line for line in done.stderr.splitlines() if line == "  pip --target: No module named pip"]
    assert "Traceback" not in done.stderr


def test_an_environment_that_is_a_link_is_not_touched(setup: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    setup.VENV = tmp_path / ".venv"
    setup.VENV.symlink_to(tmp_path / "other")
    with pytest.raises(setup.SetupError, match="is a link"):
        setup.make_environment("uv", "python", {})
    assert not list((tmp_path / "other").iterdir())
