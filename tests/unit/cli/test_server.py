"""What a server refuses before it opens anything."""

import asyncio
from pathlib import Path

import pytest

from headrace.base.errors import InvalidInput
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.cli.server import run_server


def test_a_default_root_in_which_no_artifact_could_be_is_refused(tmp_path: Path) -> None:
    home, settings = Home(tmp_path / "home"), Settings(pipeline_root="file:///tmp/x")
    with pytest.raises(InvalidInput, match=r"^pipeline_root: "):
        asyncio.run(run_server(home, settings, ready=print, stop=asyncio.Event()))
    assert not home.root.exists()
