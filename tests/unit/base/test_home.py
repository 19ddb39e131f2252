from pathlib import Path

import pytest

from headrace.base.home import Home


def test_the_default_is_in_the_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEADRACE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.default().root == tmp_path / ".headrace"


def test_the_environment_names_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path / "elsewhere"))
    assert Home.default().root == tmp_path / "elsewhere"


def test_an_empty_variable_names_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADRACE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.default().root == tmp_path / ".headrace"


def test_a_relative_home_does_not_move_with_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADRACE_HOME", "here")
    home = Home.default()
    monkeypatch.chdir("/")
    assert home.root == tmp_path / "here"


def test_every_path_is_inside(tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = [
        home.database,
        home.settings,
        home.server,
        home.lock,
        home.store,
        home.attempts,
        home.environments,
        home.attempt("a"),
        home.log("a"),
        home.volumes,
        home.volume("a"),
        home.workspaces,
        home.workspace("a"),
    ]
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(tmp_path) for path in paths)
    assert home.log("a").parent == home.attempt("a")
