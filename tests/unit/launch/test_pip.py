"""pip's arguments and configuration mean the same to uv, or are refused by name; secrets do not show."""

from pathlib import Path

import pytest

from headrace.base.errors import StepError
from headrace.launch.command import PipInstall
from headrace.launch.pip import Install, Sources, configured, parse, redact


def test_arguments() -> None:
    words = (
        *("--quiet", "--no-warn-script-location", "--index-url", "https://a/simple", "--extra-index-url=https://b"),
        *(
            "--trusted-host",
            "https://a:1/simple",
            "--trusted-host",
            "b:1",
            "-f",
            "/wheels",
            "--pre",
            "x==1",
            "--no-deps",
            "--only-binary",
            ":all:",
        ),
        'typing-extensions>=3.7.4,<5; python_version<"3.9"',
    )
    assert parse(PipInstall(words)) == Install(
        requirements=("x==1",),
        no_deps=True,
        pre=True,
        options=("--only-binary", ":all:"),
        sources=Sources("https://a/simple", ("https://b",), ("/wheels",), ("b:1",)),
    )


@pytest.mark.parametrize("words", [("--target", "/x"), ("-r", "file"), ("-e", "."), ("--index-url",)])
def test_what_is_not_understood_is_refused_by_its_name(words: tuple[str, ...]) -> None:
    with pytest.raises(StepError, match=words[0]):
        parse(PipInstall(words))


def test_configuration_of_files_and_variables(tmp_path: Path) -> None:
    """Later wins: the user's file, the interpreter's, then variables; an unreadable file says nothing."""
    user = tmp_path / ".config" / "pip" / "pip.conf"
    user.parent.mkdir(parents=True)
    user.write_text(
        "[global]\nindex_url = https://user/simple\ncert = /ca.pem\nextra-index-url = https://1\n  https://2\n"
    )
    (tmp_path / "pip.conf").write_text("[install]\nindex-url = https://prefix/simple\n")
    (tmp_path / "broken").write_text("no section\n")
    environment = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": "/nonexistent",
        "PIP_FIND_LINKS": "/a /b",
        "PIP_CONFIG_FILE": str(tmp_path / "broken"),
    }
    found = configured(environment, tmp_path)
    assert found.index == "https://prefix/simple"
    assert found.extra_indexes[-2:] == ("https://1", "https://2")
    assert found.find_links == ("/a", "/b")
    assert configured({**environment, "PIP_INDEX_URL": "https://v"}, tmp_path).index == "https://v"
    assert configured({"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}, tmp_path) == Sources()


def test_what_uv_cannot_use_is_left_out(tmp_path: Path) -> None:
    """It fails on folders that do not exist, where pip goes on."""
    sources = Sources(
        extra_indexes=("https://a", "file:///no/such/index", tmp_path.as_uri(), "ftp://x"),
        find_links=("/no/such/folder", str(tmp_path)),
        certificates="/no/such/file",
    )
    assert sources.variables() == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INDEX": f"https://a {tmp_path.as_uri()}",
        "UV_FIND_LINKS": str(tmp_path),
    }


def test_a_components_own_sources_come_before_the_configured() -> None:
    own, server = Sources("https://own", ("https://e1",)), Sources("https://server", ("https://e2",), ("/f",))
    assert own.over(server) == Sources("https://own", ("https://e2", "https://e1"), ("/f",))
    assert Sources().over(server) == server


def test_credentials_are_redacted() -> None:
    text = "https://user:secret@host/simple and git+ssh://git@host/x, not https://host/a@b"
    assert redact(text) == "https://host/simple and git+ssh://host/x, not https://host/a@b"
