"""Parts of texts are found whatever the case of their letters, and a page of what is found is as any other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.store.build import a_run, do, make_experiment, make_run
from tests.store.pages import all_runs, named, walk

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.model.catalog import Experiment
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.model.run import Run
from headrace.store import catalog, query
from headrace.store.db import Database


def test_substrings_are_found_whatever_their_case_on_every_database(database: Database) -> None:
    """The end of a word changes a Greek letter, and the upper case of one letter may be two."""
    long = "İ" * 255
    for at, name in enumerate(("Straße", "ÜBUNG macht", "plain_50%", "ΟΔΟΣΑ", long), start=1):
        make_run(database, a_run(name, at=at))
    for wanted, expected in (
        ("übung", "ÜBUNG macht"),
        ("STRASS", "Straße"),
        ("_50%", "plain_50%"),
        ("ΔΟΣ", "ΟΔΟΣΑ"),
        (long, long),
    ):
        assert named(database, Predicate("name", Operation.IS_SUBSTRING, wanted)) == [expected]
    for wanted in ("a%", f"{long}.", "x" * 60_000):
        assert named(database, Predicate("name", Operation.IS_SUBSTRING, wanted)) == []


def test_texts_without_an_index_are_searched_so_too(database: Database) -> None:
    for name in ("ÄRGER", "50%_\\"):
        make_experiment(database, name)

    def found(part: str) -> list[str]:
        asked = ListQuery((Predicate("name", Operation.IS_SUBSTRING, part),))
        return [each.name for each in database.read(lambda tx: query.list_experiments(tx, "", asked)).items]

    assert (found("ärg"), found("%_\\"), found("5%"), found("%" * 60_000)) == (["ÄRGER"], ["50%_\\"], [], [])


@pytest.mark.parametrize("few", [4, 8, 500])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_a_search(database: Database, monkeypatch: pytest.MonkeyPatch, few: int, descending: bool) -> None:
    """Whether what passes fits the one pass or not, the pages and the totals are the same."""
    monkeypatch.setattr("headrace.store.paging._FEW", few)
    made = [make_run(database, a_run(f"{'odd' if at % 2 else 'even'} {at}", at=at // 3 + 1)) for at in range(1, 16)]
    make_run(database, replace(a_run("odd elsewhere"), namespace="other"))
    of_experiment = make_experiment(database).experiment_id
    inside = make_run(database, replace(a_run("oddly", at=9), experiment_id=of_experiment))
    odd = [*made[::2], inside]
    by_key: dict[str, Callable[[Run], Any]] = {
        "created_at": lambda run: (run.created_at, run.run_id),
        "Created_At": lambda run: (run.created_at, run.run_id),
        "name": lambda run: (run.name, run.run_id),
        "metric:score": lambda run: run.run_id,
    }
    for sort_key, order in by_key.items():
        wanted = [run.run_id for run in sorted(odd, key=order, reverse=descending)]
        for size in (3, 7, 8, 9):
            asked = ListQuery((Predicate("name", Operation.IS_SUBSTRING, "ODD"),), sort_key, descending, size)
            assert [run.run_id for run in walk(database, all_runs, asked)] == wanted
            found = walk(database, lambda tx, asked: query.list_runs(tx, "", asked, of_experiment), asked)
            assert [run.run_id for run in found] == [inside.run_id]


@pytest.mark.parametrize("few", [2, 500])
def test_pages_of_a_search_in_a_list_without_an_index_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("headrace.store.paging._FEW", few)
    made = [make_experiment(database, f"{'odd' if at % 2 else 'even'} {at}", at=at).experiment_id for at in range(9)]
    asked = ListQuery((Predicate("name", Operation.IS_SUBSTRING, "odd"),), size=3)
    found = walk(database, lambda tx, asked: query.list_experiments(tx, "", asked), asked)
    assert [each.experiment_id for each in found] == made[1::2]


@pytest.mark.parametrize("descending", [False, True])
def test_long_texts_that_begin_alike_are_each_on_one_page(database: Database, descending: bool) -> None:
    made = [
        Experiment(ids.derived("", f"{at}"), f"{at}", "", Instant(1), description=f"{'ä' * 1024}{at:02}")
        for at in range(12)
    ]
    do(database, lambda tx: [catalog.create_experiment(tx, each) for each in made])
    asked = ListQuery(sort_key="description", descending=descending, size=5)
    found = walk(database, lambda tx, asked: query.list_experiments(tx, "", asked), asked)
    by_id = sorted((each.experiment_id for each in made), reverse=descending)
    assert [each.experiment_id for each in found] == by_id
