from pathlib import Path

import pytest

from headrace.base.errors import InvalidInput
from headrace.base.settings import ImageSetting, Settings, load

NO_FILE = Path("/nonexistent/headrace.toml")


def written(folder: Path, text: str) -> Path:
    file = folder / "headrace.toml"
    file.write_text(text)
    return file


def test_without_anything_the_defaults_hold() -> None:
    assert load(NO_FILE, {}, {}) == Settings()


def test_later_sources_win(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 1\nslots = 2\nkill_grace = 3")
    environment = {"HEADRACE_PORT": "10", "HEADRACE_SLOTS": "20", "HEADRACE_UNRELATED": "x", "PORT": "9"}
    settings = load(file, environment, {"port": 100, "host": None})
    assert (settings.port, settings.slots, settings.kill_grace, settings.host) == (100, 20, 3.0, "127.0.0.1")


def test_each_type_is_read_from_the_environment() -> None:
    settings = load(
        NO_FILE,
        {
            "HEADRACE_HOST": "0.0.0.0",
            "HEADRACE_CACHE": "No",
            "HEADRACE_KILL_GRACE": "2.5",
            "HEADRACE_PASS_ENV": "AWS_PROFILE, TOKEN,",
            "HEADRACE_IMAGES": '{"*torch*": {"python": "3.12", "packages": ["torch"]}}',
        },
        {},
    )
    assert settings.host == "0.0.0.0"
    assert settings.cache is False
    assert settings.kill_grace == 2.5
    assert settings.pass_env == ("AWS_PROFILE", "TOKEN")
    assert settings.images == {"*torch*": ImageSetting(python="3.12", packages=("torch",))}


def test_images_are_tables_in_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[images."registry.example/team/*"]\nvenv = "/envs/team"\ncontext = "/src/team"\n')
    expected = {"registry.example/team/*": ImageSetting(venv="/envs/team", context="/src/team")}
    assert load(file, {}, {}).images == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = ", ["headrace.toml", "not TOML"]),
        ("prot = 1", ["headrace.toml", "unknown setting 'prot'", "port"]),
        ('port = "8888"', ["headrace.toml", "port takes a whole number"]),
        ("port = true", ["headrace.toml", "port takes a whole number"]),
        ("kill_grace = false", ["kill_grace takes a number"]),
        ("pass_env = 'A'", ["pass_env takes a list of strings"]),
        ("pass_env = [1]", ["pass_env takes a list of strings"]),
        ("images = 1", ["images takes a table"]),
        ("images.x = {pyhton = '3.11'}", ["images.'x'", "python"]),
        ("images.x = {packages = 'torch'}", ["images.'x'", "packages"]),
        ("images.x = {python = 3.11}", ["images.'x'", "python"]),
        ("slots = 0", ["slots", "less than 1"]),
        ("port = 70000", ["port", "70000"]),
        ("kill_grace = -1", ["kill_grace", "-1"]),
        ("log_level = 'loud'", ["log_level", "loud"]),
        ("kfp_compat = '1'", ["kfp_compat", "2.17"]),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_remedy(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(written(tmp_path, text), {}, {})
    for word in words:
        assert word in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "headrace.toml"
    file.write_bytes(b'host = "\xff"')
    with pytest.raises(InvalidInput, match="not TOML"):
        load(file, {}, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HEADRACE_PORT", "http"),
        ("HEADRACE_CACHE", "maybe"),
        ("HEADRACE_KILL_GRACE", ""),
        ("HEADRACE_IMAGES", "{"),
        ("HEADRACE_IMAGES", '{"x": []}'),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(NO_FILE, {name: text}, {})
    assert name in str(caught.value)
