"""Public means documented: each setting, option, route and metric has its place in docs/, and nothing else has one."""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from headrace.api.app import build_app
from headrace.api.metrics import Scrape, load_registry
from headrace.api.openapi import document
from headrace.api.route import ApiRoute
from headrace.api.routes import tagged_routes
from headrace.api.services import Services
from headrace.api.waiting import Closing
from headrace.base import ids
from headrace.base.clock import SystemClock
from headrace.base.home import Home
from headrace.base.settings import ImageSetting, Settings
from headrace.blobs.folder import FolderStore
from headrace.cli.arguments import build_parser
from headrace.controllers.feed import Feed
from headrace.controllers.pruner import Pruner, Went, kept
from headrace.spec.plans import Plans
from headrace.store.db import Database
from headrace.store.vault import Vault

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def sections(document: str, level: int) -> dict[str, str]:
    """Heading to text, for the headings of that level; a section ends at the next heading of that level or above."""
    parts = re.split(rf"^(#{{1,{level}}}) (.+)$", (DOCS / document).read_text(), flags=re.MULTILINE)
    marks, titles, texts = parts[1::3], parts[2::3], parts[3::3]
    return {
        title.strip("`"): text for mark, title, text in zip(marks, titles, texts, strict=True) if len(mark) == level
    }


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command of the command line, by its name; of a group, each command in it."""
    return dict(leaves("", build_parser()))


def leaves(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands under this one, or itself if it has none."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, inner in group.choices.items():
            yield from leaves(f"{name} {word}".strip(), inner)


def table(document: str, columns: int) -> Iterator[tuple[str, ...]]:
    """The rows of the document's tables whose first `columns` cells are code: those cells."""
    cell = r"\| `([^`]+)` "
    for match in re.finditer(rf"^{cell * columns}\|", (DOCS / document).read_text(), re.MULTILINE):
        yield match.groups()


@dataclass(frozen=True)
class Idle:
    """Controllers that have nothing to do."""

    live_runs: int = 0
    running_steps: int = 0
    queued_steps: int = 0
    pruned: Went = Went()


@pytest.fixture
def registry() -> CollectorRegistry:
    return load_registry(Idle())


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """What the application is over: a new home, with nothing in it."""
    home, clock = Home(tmp_path), SystemClock()
    database = Database.open(f"sqlite:///{home.database}", clock)
    blobs = FolderStore(home.store)
    yield Services(
        database=database,
        blobs=blobs,
        plans=Plans(),
        settings=Settings(),
        home=home,
        clock=clock,
        fresh_id=ids.fresh,
        wake=lambda _run_id: None,
        schedules_changed=lambda: None,
        notify=lambda: None,
        waits_for=lambda _attempt: "",
        feed=Feed(),
        pruner=Pruner(database, blobs, home, kept(Settings()), clock, "me", settle_seconds=0),
        vault=Vault.of(home, Settings()),
    )
    database.close()


@pytest.fixture
def app(services: Services, registry: CollectorRegistry) -> Starlette:
    """The application; nobody calls it."""
    return build_app(services, registry)


def test_the_settings_reference_names_every_setting_and_nothing_else() -> None:
    assert set(sections("settings.md", 3)) == {field.name for field in fields(Settings)}


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_a_setting_is_described_with_its_variable_and_default(name: str) -> None:
    text = sections("settings.md", 3)[name].strip()
    variable, _, rest = text.partition(" · default ")
    assert variable == f"`HEADRACE_{name.upper()}`"
    default = getattr(Settings(), name)
    if name == "slots":
        assert rest.startswith("the number of cores\n")
    elif default in ((), {}, ""):
        assert rest.startswith("none\n")
    else:
        assert rest.startswith(f"`{str(default).lower() if isinstance(default, bool) else default}`\n")
    assert len(rest.partition("\n")[2].split()) >= 8


def test_the_parts_of_an_image_are_described() -> None:
    keys = re.findall(r"^\| `(\w+)` \|", sections("settings.md", 3)["images"], re.MULTILINE)
    assert keys == [field.name for field in fields(ImageSetting)]


def test_every_command_is_described_and_nothing_else() -> None:
    assert list(sections("cli.md", 2)) == [f"headrace {name}" for name in commands()]


@pytest.mark.parametrize("name", commands())
def test_every_option_is_described_and_nothing_else(name: str) -> None:
    text = sections("cli.md", 2)[f"headrace {name}"]
    listed = "\n".join(line.partition(":")[0] for line in text.splitlines() if line.startswith("- "))
    described = set(re.findall(r"`(--?[a-z][a-z-]*)", listed))
    options = {option for action in commands()[name]._actions for option in action.option_strings}
    assert described == options - {"-h", "--help"}


def documented() -> dict[tuple[str, str], tuple[str, str]]:
    """The rows of the tables of routes: method and path, to heading and words without their links."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for heading, text in sections("api.md", 2).items():
        for method, path, words in re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \| (.*) \|$", text, re.MULTILINE):
            found[method, path] = (heading, re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", words))
    return found


def test_every_route_says_what_it_does(app: Starlette) -> None:
    bare = [route for route in app.routes if not isinstance(route, ApiRoute)]
    assert not bare, "make it an ApiRoute with an Operation, in a file of api/routes"
    names = [route.operation.name for route in app.routes if isinstance(route, ApiRoute)]
    assert len(set(names)) == len(names)


def test_every_route_is_described_in_its_own_words_and_nothing_else(services: Services) -> None:
    described = documented()
    paths = document(tagged_routes(services, Closing(), Scrape(CollectorRegistry())), "1")["paths"]
    for path, item in cast(dict[str, Any], paths).items():
        for method, told in item.items():
            words = told["description"][0].lower() + told["description"][1:]
            line = f"| `{method.upper()}` | `{path}` | {words} |"
            row = described.pop((method.upper(), path), None)
            assert row == (told["tags"][0], words), f'docs/api.md lacks this line under "{told["tags"][0]}":\n{line}'
    assert not described, "docs/api.md describes what is no route"


def test_every_metric_is_described_and_nothing_else(app: Starlette, registry: CollectorRegistry) -> None:
    families = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    described = {name for (name,) in table("operations.md", 1) if name.startswith("headrace_")}
    assert app.routes
    assert described == families


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("*/*.md")), ids=lambda path: path.name
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for link, anchor in re.findall(r"\]\(([^):#]*)(#[^)]*)?\)", document.read_text()):
        target = document.parent / link if link else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}, anchor
