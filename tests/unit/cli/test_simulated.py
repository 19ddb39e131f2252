"""What `headrace sim` says where tasks never began, and where a rule was broken."""

import io
from collections import Counter

from rich.console import Console

from headrace.base.clock import SECOND, Instant
from headrace.cli.sim import command_again
from headrace.cli.simulated import as_json, report
from headrace.model.state import State
from headrace.store.views import EventRow
from headrace.testing.luck import Trouble
from headrace.testing.survey import Fate, Survey, Violation


def said(survey: Survey, *, story: bool = False) -> str:
    out = Console(width=200, file=io.StringIO())
    with out.capture() as captured:
        for part in report(survey, "training", 1.5, story=story):
            out.print(part)
    return captured.get()


def a_survey() -> Survey:
    fates = {
        "root.flip": Fate("root.flip", False, began=9, ends=Counter({State.SUCCEEDED: 8, State.FAILED: 1})),
        "root.tails": Fate(
            "root.tails", True, "x == 'tails'", ends=Counter({State.SKIPPED: 9}), reason="x == 'tails'  (x = \"heads\")"
        ),
        "root.tails.inside": Fate("root.tails.inside", False),
        "root.last": Fate("root.last", False, reason="upstream task tails is SKIPPED"),
    }
    survey = Survey(fates, seeds=9, runs=Counter({State.SUCCEEDED: 8, State.FAILED: 1}), steps=[1, 1, 2], commits=30)
    survey.troubles[Trouble.LOST] = 4
    survey.story = ("commit: event 1 is the last", str(Trouble.LOST))
    return survey


def broken() -> Survey:
    survey = a_survey()
    events = (EventRow(1, Instant(SECOND), "AttemptFailed", "root.flip", "FAILED", {"exit_code": 1}),)
    survey.violation = Violation(17, "root.flip was executed 2 times in 1 attempts", ("crash",) * 300, events)
    return survey


def test_branches_that_were_never_taken_are_named_with_their_conditions() -> None:
    out = said(a_survey())
    assert "training: 9 seeds in 1.5 s, 30 commits, 4 troubles; every rule held" in out
    assert "Runs ended as: 8 SUCCEEDED, 1 FAILED" in out
    assert "tails: its condition was never true: x == 'tails'  (x = \"heads\")" in out
    assert "last: upstream task tails is SKIPPED" in out
    assert "Never began in 9 seeds" in out
    assert "tails.inside" not in out, "it goes without saying"
    assert "canceled" not in out, "a column without a number"


def test_a_story_is_told_where_it_was_asked_for() -> None:
    assert str(Trouble.LOST) not in said(a_survey())
    assert str(Trouble.LOST) in said(a_survey(), story=True)


def test_a_broken_rule_is_said_with_its_seed_its_history_and_how_to_play_it_again() -> None:
    out = said(broken())
    assert "Seed 17 broke a rule: root.flip was executed 2 times in 1 attempts" in out
    assert "1970-01-01T00:00:01Z  AttemptFailed flip -> FAILED" in out
    assert "(100 lines before these: see --json)" in out
    again = command_again("my pipe.py", ["epochs=3"], "python3.12", broken())
    assert again == "headrace sim 'my pipe.py' -p epochs=3 --python python3.12 --seed 17"
    assert command_again("pipe.py", [], None, a_survey()) == ""


def test_the_document_holds_all_of_it() -> None:
    found = as_json(broken(), "training", 1.5, "again", story=False)
    violation = found["violation"]
    assert isinstance(violation, dict)
    assert (violation["seed"], violation["again"], len(violation["story"])) == (17, "again", 300)
    assert violation["events"][0]["payload"] == {"exit_code": 1}
    assert found["executed"] == {"median": 1, "most": 2}
    tasks = {each["task"]: each for each in found["tasks"]} if isinstance(found["tasks"], list) else {}
    assert tasks["tails"]["condition"] == "x == 'tails'"
    assert "story" in as_json(a_survey(), "training", 1.5, "", story=True)
