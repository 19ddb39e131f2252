"""Control flow as users write it with the SDK: conditions, loops, exit tasks, tries. What the steps got is checked."""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.compat.pipelines import conditions, ends, loops, mixtures, tries
from tests.compat.pipelines.play import Back, compiled, content, lines, until
from tests.compat.pipelines.steps import OWN
from tests.harness import Server, artifacts_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp
    from kfp_server_api import ApiException


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    """One server for all: each test has its own runs and its own files."""
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "1"}
    server = Server(tmp_path_factory.mktemp("flow") / "home", ["--slots", "4"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


class TestConditions:
    def test_every_kind_of_operand(self, back: Back) -> None:
        found = back.play(conditions.comparisons)
        holds = [name for name, (_, expected) in conditions.COMPARISONS.items() if expected]
        assert sorted(found.said()) == sorted(f"{name} 'none'" for name in [*holds, "old spelling"])
        skipped = [each for each in found.tasks.values() if each["state"] == "SKIPPED"]
        assert len(skipped) == len(conditions.COMPARISONS) - len(holds)
        assert all(each["status_metadata"]["message"] for each in skipped)

    @pytest.mark.parametrize(
        ("grade", "word", "chosen"),
        [
            (9, "a", "high 'high a'"),
            (9, "b", "high 'high b'"),
            (9, "c", "high 'high else'"),
            (6, "a", "middle"),
            (3, "a", "deep a"),
            (3, "b", "deep else"),
            (1, "a", "none"),
        ],
    )
    def test_one_branch_runs_and_its_output_is_chosen(self, back: Back, grade: int, word: str, chosen: str) -> None:
        found = back.play(conditions.branches, grade=grade, word=word)
        assert found.output() == chosen
        assert f"chosen {chosen!r}" in found.said()

    @pytest.mark.parametrize(("word", "inner"), [("a", None), ("b", "file b"), ("c", "file else")])
    def test_artifacts_are_chosen(self, back: Back, word: str, inner: str | None) -> None:
        found = back.play(conditions.files, word=word)
        outer = "last" if inner else "file a"
        assert sorted(found.said()) == ([f"inner {inner!r}"] if inner else []) + [f"outer {outer!r}"]
        (made,) = artifacts_of(found.tasks["root"])["Output"]
        assert content(back, made) == outer

    def test_what_is_skipped_says_why(self, back: Back) -> None:
        """The SDK has no way to say that a task comes after a branch; documents can, and then it is skipped, too."""
        spec = compiled(conditions.skipping)
        spec["root"]["dag"]["tasks"]["give-text-2"]["dependentTasks"] = ["condition-1"]
        found = back.end(back.server.submit(spec))
        assert found.states("condition-1") == found.states("give-text-2") == found.states("text-2") == ["SKIPPED"]
        assert "go" in found.message("condition-1")
        assert found.message("give-text-2") == "upstream task condition-1 is SKIPPED"
        assert found.message("text-2") == "upstream task give-text-2 is SKIPPED"
        assert found.named("condition-2") == []
        assert found.said() == ["even so 'none'", "beside 'none'"]


def labelled(what: str, *values: Any) -> list[str]:
    return [f"{what} {value!r}" for value in values]


class TestLoops:
    def test_over_constants(self, back: Back) -> None:
        """The SDK takes an item for a text where it cannot tell; what a step gets has the type that it asks for."""
        rows = [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}]
        assert sorted(back.play(loops.constants).said()) == sorted(
            [
                *labelled("int", 1, 2),
                *labelled("double", 0.5, 2.5),
                *labelled("string", "a", "it's", "7"),
                *labelled("dict", *rows),
                *labelled("field n", 1, 2),
                *labelled("field s", "x", "y"),
                *labelled("list", [1, 2], [], [3]),
                *labelled("nested", {"deep": [1, 2]}),
            ]
        )

    def test_over_parameters_and_outputs(self, back: Back) -> None:
        rows = [{"title": "p", "cells": [1, 2]}, {"title": "q", "cells": []}, {"title": "r", "cells": "[3]"}]
        expected = [
            *labelled("parameter", 7, 8),
            *labelled("field", "p", "q", "r"),
            *labelled("cell", 1, 2, 3),
            *labelled("output", 7, 8),
        ]
        assert sorted(back.play(loops.sources, numbers=[7, 8], rows=rows).said()) == sorted(expected)

    def test_over_fields_of_items(self, back: Back) -> None:
        rows = [{"title": "p", "cells": [1, 2]}, {"title": "q", "cells": "[3]"}]
        found = back.play(loops.fields, rows=rows)
        assert sorted(found.said()) == sorted([*labelled("name", "p", "q"), *labelled("cell", 1, 2, 3)])

    @pytest.mark.parametrize("cells", [5, "five", "5", {"a": 1}])
    def test_not_over_what_is_no_list(self, back: Back, cells: Any) -> None:
        found = back.play(loops.fields, "FAILED", rows=[{"title": "p", "cells": [1]}, {"title": "q", "cells": cells}])
        assert sorted(found.said()) == sorted([*labelled("name", "p", "q"), *labelled("cell", 1)])
        good, bad = found.named("for-loop-2")
        assert (good["state"], bad["state"]) == ("SUCCEEDED", "FAILED")
        assert "loop" in bad["status_metadata"]["message"]

    def test_over_values_of_all_kinds(self, back: Back) -> None:
        """Where a text is asked for, a value is its text. A null is no value, and a step that needs one fails."""
        found = back.play(loops.kinds, "FAILED", values=["é\n'", "skip", 1, 2.5, True, {"k": [1]}, None])
        texts = ["é\n'", "1", "2.5", "true", '{"k":[1]}']
        assert sorted(found.said()) == sorted(
            [*labelled("item", "skip", *texts), *labelled("within", *(f"<{each}>" for each in texts))]
        )
        assert "iteration 6 of for-loop-1 failed: " in found.message("for-loop-1")

    def test_texts_made_of_items_of_two_loops_are_refused(self, back: Back) -> None:
        """The SDK forgets to hand the outer item to the inner loop; no back end could run what it writes."""
        with pytest.raises(ApiException, match=r"there is no input parameter .*loop-item-param-1") as refused:
            back.submit(loops.formatted)
        assert refused.value.status == 400

    def test_nested_and_collected(self, back: Back) -> None:
        found = back.play(loops.nested, values=[10, 20])
        assert [each for each in found.said() if not each.startswith("in a")] == [
            "cells [['1a', '1b', '1c'], ['2a', '2b', '2c']]",
            "some [1]",
            "within [[10, 20], [10, 20]]",
            "kept [1, 3, 4]",
        ]
        assert [each for each in found.said() if each.startswith("in a")] == labelled("in a branch", 5, 6)
        assert found.output() == [1, 3, 4]

    def test_artifacts(self, back: Back) -> None:
        found = back.play(loops.artifacts)
        assert sorted(found.said()) == sorted(
            [
                "cells ['1a', '1b', '2a', '2b']",
                "some ['2']",
                "written ['x', 'y', 'z']",
                *labelled("looped", "x", "y", "z"),
                *labelled("given", "x", "y", "z"),
            ]
        )
        made = artifacts_of(found.tasks["root"])["Output"]
        assert [content(back, each) for each in made] == ["1a", "1b", "2a", "2b"]

    def test_over_nothing(self, back: Back) -> None:
        found = back.play(loops.empty, values=[])
        assert found.states("for-loop-1") == ["SUCCEEDED"]
        assert found.said() == ["collected []"]
        assert found.output() == []

    def test_no_more_at_once_than_was_asked_for(self, back: Back, tmp_path: Path) -> None:
        found = back.play(loops.crowds, folder=str(tmp_path))
        assert max(found.outputs("crowd")) == 1
        assert max(found.outputs("crowd-2")) == 2
        assert max(back.play(loops.all_at_once, folder=str(tmp_path)).outputs("crowd")) == 4

    def test_three_hundred_and_again_from_the_cache(self, back: Back) -> None:
        values = list(range(300))
        first = back.play(loops.large, caching=True, values=values)
        assert first.output() == values
        assert set(first.states("give-whole")) == {"SUCCEEDED"}
        again = back.play(loops.large, caching=True, values=values)
        assert again.output() == values
        assert again.states("give-whole") == ["CACHED"] * 300

    def test_a_failure_stops_no_other_iteration(self, back: Back, tmp_path: Path) -> None:
        found = back.play(loops.failing, "FAILED", bad=[2, 3], file=str(tmp_path / "file"))
        assert found.states("fail-if") == ["SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]
        assert found.states("note") == ["SUCCEEDED", "SKIPPED", "SKIPPED", "SUCCEEDED"]
        assert lines(tmp_path / "file") == ["after 1", "after 4"]
        assert found.states("many") == ["SKIPPED"]
        assert found.message("for-loop-2").startswith("iteration 1 of for-loop-2 failed (and 1 more): ")

    def test_terminated_midway(self, back: Back, tmp_path: Path) -> None:
        file, release = tmp_path / "file", tmp_path / "release"
        run_id = back.submit(loops.held, values=list(range(50)), file=str(file), release=str(release))
        until(lambda: len(lines(file)) == 4, "four iterations")
        back.terminate(run_id)
        found = back.end(run_id, "CANCELED")
        assert {each["status_metadata"]["message"] for each in found.named("hold")} == {"the run was terminated"}
        assert {each["state"] for each in found.run["run_details"]["task_details"]} == {"CANCELED"}
        assert len(lines(file)) == 4


class TestEnds:
    def test_exit_tasks_after_success(self, back: Back) -> None:
        found = back.play(ends.good)
        assert sorted(found.said()) == sorted(
            [
                *labelled("in the first", "none"),
                "first SUCCEEDED exit-handler-1 0",
                *labelled("in the second", 1, 2),
                *labelled("tidied", "second"),
                *labelled("after the first", "none"),
            ]
        )

    def test_exit_tasks_after_failure(self, back: Back) -> None:
        found = back.play(ends.bad, "FAILED")
        said = {each.split(" ")[0]: each for each in found.said()}
        assert set(said) == {"first", "tidied", "outer", "inside", "beside", "independent"}
        assert said["first"].startswith("first FAILED exit-handler-1 ")
        assert "broken on purpose" in said["first"]
        assert said["tidied"] == "tidied 'second'"
        assert said["inside"].startswith("inside FAILED exit-handler-1 ")
        assert said["outer"].startswith("outer FAILED exit-handler-")
        assert "broken deep within" in said["outer"]

    def test_a_failed_exit_task_fails_the_run(self, back: Back) -> None:
        found = back.play(ends.bad_exit, "FAILED")
        assert found.said() == ["fine 'none'"]
        assert "the exit task is broken" in found.message("fail")

    def test_failures_that_are_ignored(self, back: Back) -> None:
        found = back.play(ends.ignoring, "FAILED")
        assert sorted(found.said()) == sorted(["after a skip 'none'", "default 'none'", "given 'fine'"])
        assert found.message("text-3") == "upstream task fail is FAILED"

    def test_after_groups(self, back: Back, tmp_path: Path) -> None:
        back.play(ends.order, file=str(tmp_path / "file"))
        noted = lines(tmp_path / "file")
        assert sorted(noted[:4]) == ["a", "b", "exit", "handled"]
        assert noted[4:] == ["last", "very last"]

    def test_exit_tasks_of_a_terminated_run(self, back: Back, tmp_path: Path) -> None:
        """Those of handlers that had begun run, with all that is in them; the others do not."""
        file = tmp_path / "file"
        run_id = back.submit(ends.cut_short, file=str(file), release=str(tmp_path / "release"))
        until(lambda: lines(file) == ["begun"], "the step")
        back.terminate(run_id)
        found = back.end(run_id, "CANCELED")
        assert sorted(found.said()) == ["outer CANCELED exit-handler-1 1 the run was terminated", "tidied 'inner'"]


class TestTries:
    def test_a_step_is_tried_again(self, back: Back, tmp_path: Path) -> None:
        found = back.play(tries.steps, folder=str(tmp_path))
        first, second, third = map(float, lines(tmp_path / "third"))
        assert second - first >= 1
        assert third - second >= 1.5
        assert found.outputs("count-up") == [3]
        (task,) = found.named("count-up")
        assert len(task["pods"]) == 3
        assert found.said() == ["tries [2, 2]"]

    def test_a_step_fails_after_its_last_try(self, back: Back, tmp_path: Path) -> None:
        found = back.play(tries.in_vain, "FAILED", folder=str(tmp_path))
        assert len(lines(tmp_path / "never")) == 3
        (task,) = found.named("count-up")
        assert len({each["name"] for each in task["pods"]}) == 3
        assert "try 3 fails" in found.message("count-up")
        logs = [back.log(found.run["run_id"], "count-up", number) for number in (1, 2, 3)]
        assert [f"try {number} fails" in log for number, log in enumerate(logs, 1)] == [True, True, True]

    def test_a_pipeline_is_tried_again(self, back: Back, tmp_path: Path) -> None:
        found = back.play(tries.pipelines, folder=str(tmp_path))
        assert found.output() == 3
        assert lines(tmp_path / "before") == ["before"]
        assert len(found.named("inner")[0]["pods"]) == 2
        assert len(found.named("count-up")[0]["pods"]) == 3

    def test_a_failed_run_is_run_again_twice(self, back: Back, tmp_path: Path) -> None:
        """What succeeded is kept; exit tasks ran on what failed, so they run again."""
        file, first, second = tmp_path / "file", tmp_path / "first", tmp_path / "second"
        run_id = back.submit(tries.repaired, file=str(file), first=str(first), second=str(second))
        found = back.end(run_id, "FAILED")
        assert sorted(lines(file)) == sorted(
            ["kept", "broken", "broken", "exit", "loop kept", "loop", "nested kept", "nested"]
        )
        file.unlink()
        first.touch()
        back.retry(run_id)
        found = back.end(run_id, "FAILED")
        assert sorted(lines(file)) == sorted(["broken", "later", "exit", "loop", "nested"])
        assert "later is broken" in found.run["error"]["message"]
        file.unlink()
        second.touch()
        back.retry(run_id)
        found = back.end(run_id)
        assert lines(file) == ["later", "exit"]
        assert len(found.named("needs")[0]["pods"]) == 3
        assert len(found.named("needs-2")[0]["pods"]) == 2
        assert [each["state"] for each in found.run["state_history"]] == [
            *("PENDING", "RUNNING", "FAILED"),
            *("PENDING", "RUNNING", "FAILED"),
            *("PENDING", "RUNNING", "SUCCEEDED"),
        ]

    def test_a_canceled_run_is_run_again(self, back: Back, tmp_path: Path) -> None:
        file, release = tmp_path / "file", tmp_path / "release"
        run_id = back.submit(tries.stopped, file=str(file), release=str(release))
        until(lambda: lines(file) == ["kept", "held"], "the step")
        back.terminate(run_id)
        back.end(run_id, "CANCELED")
        release.touch()
        back.retry(run_id)
        found = back.end(run_id)
        assert lines(file) == ["kept", "held", "held", "last"]
        assert found.states("note-2") == ["SUCCEEDED"]


class TestMixtures:
    def test_choices_in_loops(self, back: Back) -> None:
        found = back.play(mixtures.choices, levels=[1, 2, 3])
        assert found.output() == [10, 20, 30]
        assert sorted(found.said()) == sorted(
            [*labelled("file", "one", "other", "other"), *labelled("both", 2, 3), "made [10, 20, 30]"]
        )

    def test_some_iterations_of_nested_loops_run_again(self, back: Back, tmp_path: Path) -> None:
        file, repair = tmp_path / "file", tmp_path / "repair"
        rows = [{"line": "a", "columns": ["good", "bad"]}, {"line": "b", "columns": ["good"]}]
        run_id = back.submit(mixtures.grid, rows=rows, file=str(file), repair=str(repair))
        found = back.end(run_id, "FAILED")
        assert sorted(lines(file)) == ["a", "a", "b"]
        assert found.said() == []
        repair.touch()
        back.retry(run_id)
        found = back.end(run_id)
        assert sorted(lines(file)) == ["a", "a", "a", "b"]
        assert found.said() == ["grid [['a', 'a'], ['b']]"]

    def test_a_pipeline_with_a_loop_is_tried_again(self, back: Back, tmp_path: Path) -> None:
        file, repair = tmp_path / "file", tmp_path / "repair"
        run_id = back.submit(mixtures.patient, file=str(file), repair=str(repair))
        found = back.end(run_id, "FAILED")
        assert sorted(lines(file)) == ["1", "2", "2", "2", "3"]
        assert len(found.named("needs")[0]["pods"]) == 3
        repair.touch()
        back.retry(run_id)
        back.end(run_id)
        assert sorted(lines(file)) == ["1", "2", "2", "2", "2", "3"]

    def test_exit_tasks_are_waited_for(self, back: Back, tmp_path: Path) -> None:
        """KFP's API grants a termination once, so nothing cuts an exit task short."""
        file, release = tmp_path / "file", tmp_path / "release"
        run_id = back.submit(mixtures.stubborn, file=str(file), release=str(release))
        until(lambda: lines(file) == ["step"], "the step")
        back.terminate(run_id)
        until(lambda: lines(file) == ["step", "exit"], "the exit task")
        assert back.server.run(run_id)["state"] == "CANCELING"
        with pytest.raises(ApiException, match="is CANCELING"):
            back.terminate(run_id)
        release.touch()
        found = back.end(run_id, "CANCELED")
        assert found.outputs("hold") == ["exit"]

    def test_terminated_between_two_tries(self, back: Back) -> None:
        run_id = back.submit(mixtures.waiting)
        until(lambda: "trying again" in json.dumps(back.server.run(run_id)), "the first try")
        back.terminate(run_id)
        found = back.end(run_id, "CANCELED")
        assert len(found.named("fail")[0]["pods"]) == 1

    def test_a_task_that_ignores_failures_is_told_of_them(self, back: Back) -> None:
        found = back.play(mixtures.watched, "FAILED")
        assert found.outputs("told-2") == ["fine SUCCEEDED text 0"]
        (broken,) = found.outputs("told")
        assert broken.startswith("broken FAILED fail ")
        assert "broken on purpose" in broken

    def test_a_loop_that_was_cut_short_goes_on(self, back: Back, tmp_path: Path) -> None:
        file, release = tmp_path / "file", tmp_path / "release"
        run_id = back.submit(mixtures.cut_loop, values=[1, 2, 3, 4, 5], file=str(file), release=str(release))
        until(lambda: len(lines(file)) == 2, "two iterations")
        back.terminate(run_id)
        found = back.end(run_id, "CANCELED")
        assert len(found.named("pair")) == 2
        release.touch()
        back.retry(run_id)
        found = back.end(run_id)
        assert found.output() == [[f"{number}{letter}" for letter in "ab"] for number in range(1, 6)]
        assert len(lines(file)) == 2 + 10

    def test_a_loop_over_what_a_loop_made(self, back: Back) -> None:
        for states in ({"SUCCEEDED"}, {"CACHED"}):
            found = back.play(mixtures.collected_files, caching=True, values=["x", "skip", "y"])
            assert sorted(found.said()) == sorted([*labelled("looped", "x", "y"), "all ['x', 'y']"])
            assert {each["state"] for each in found.tasks.values() if each["type"] == "RUNTIME"} == states
