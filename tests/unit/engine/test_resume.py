"""Runs that were resumed from another one, event by event: what is taken over, what runs, and why."""

from dataclasses import replace

import pytest
from tests.unit.engine.test_step import RUN, Game

from headrace.base.json import JsonValue
from headrace.engine.explain import why
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.run import Resume
from headrace.model.task import Earlier, task_id
from headrace.spec.plan import Container, Dag, FinalStatus, ParameterSpec, ParameterType, Passed
from headrace.testing.plans import constant, dag, leaf, output_of

OLD = "22222222-2222-4222-8222-222222222222"


def resumed(root: Dag, *at: str, cache: dict[str, Bindings] | None = None, **earlier: Earlier) -> Game:
    """A run that goes on from one in which these tasks, by name, succeeded."""
    game = Game(root, cache=cache)
    run = replace(game.state.run, resume=Resume(OLD, tuple(f"root.{each}" for each in at)))
    game.state = RunState(game.state.plan, game.state.options, run)
    game.earlier = {task_id(OLD, f"root.{name}"): each for name, each in earlier.items()}
    return game


def done(name: str = "a", inputs: Bindings | None = None, **values: JsonValue) -> Earlier:
    return Earlier(f"earlier {name}", inputs or Bindings(), Bindings(values))


def data(name: str, digest: str, uri: str = "minio://b/x") -> Artifact:
    return Artifact(name, name, "system.Dataset", uri, digest=digest, size=1)


def test_what_is_before_the_spot_is_taken_over_and_the_rest_runs() -> None:
    pipeline = dag(leaf("a"), leaf("b", parameters={"x": output_of("a")}), leaf("c", after=["b"]), leaf("d"))
    game = resumed(pipeline, "b", a=done(Output="one"), b=done("b"), c=done("c"), d=done("d"))
    assert game.begin() == ["root.b"]
    assert game.succeed("root.b", Output="") == ["root.c"]
    game.succeed("root.c", Output="")
    assert game.states() == {"root": "SUCCEEDED", "a": "CACHED", "b": "SUCCEEDED", "c": "SUCCEEDED", "d": "CACHED"}
    taken = game.state.tasks["root.a"]
    assert (taken.cached_from, taken.outputs.parameters) == ("earlier a", {"Output": "one"})
    assert why(game.state, "root.a").headline == f"it was not run: its outputs were taken from run {OLD}"
    assert ("resumed", f"from run {OLD} at b") in why(game.state, "root").details


def test_what_did_not_succeed_there_runs() -> None:
    game = resumed(dag(leaf("a"), leaf("b")), "b")
    assert game.begin() == ["root.b", "root.a"]
    assert game.state.tasks["root.a"].reason == f"not taken from run {OLD}: it did not succeed there"


@pytest.mark.parametrize(("before", "then"), [("1", "CACHED"), ("2", "PENDING"), (1, "PENDING")])
def test_a_step_whose_input_is_not_what_it_was_runs(before: JsonValue, then: str) -> None:
    """Here since `a`, which is not taken over, gives something else than before."""
    pipeline = dag(leaf("a"), leaf("b", parameters={"x": output_of("a")}), leaf("z"))
    game = resumed(pipeline, "z", b=done("b", Bindings({"x": before})))
    assert game.begin() == ["root.z", "root.a"]
    game.succeed("root.a", Output="1")
    assert game.states()["b"] == then
    reason = game.state.tasks["root.b"].reason
    taken = then == "CACHED"
    assert reason == (
        f"taken from run {OLD}" if taken else f"not taken from run {OLD}: its input x was not the same there"
    )


def test_the_bytes_of_an_artifact_count_and_not_its_name() -> None:
    pipeline = dag(leaf("a", made=["data"]), leaf("b", artifacts={"x": output_of("a", "data")}), leaf("c"))
    same, other = (done("b", Bindings({}, {"x": (data("old", digest),)})) for digest in ("sha256:1", "sha256:2"))
    for earlier, expected in ((same, "CACHED"), (other, "PENDING")):
        game = resumed(pipeline, "c", b=earlier)
        game.begin()
        game.succeed("root.a", made={"data": data("new", "sha256:1", "minio://b/y")}, Output="")
        assert game.states()["b"] == expected
    assert game.state.tasks["root.b"].reason.endswith("its input x was not the same there")


def test_what_the_document_says_is_no_change_though_it_names_the_run() -> None:
    told = leaf("exit", parameters={"status": FinalStatus("a")}, always=True)
    pipeline = dag(leaf("a", parameters={"x": constant("{{$.pipeline_job_uuid}}")}), told, leaf("z"))
    before = done(inputs=Bindings({"x": OLD}))
    game = resumed(pipeline, "z", a=before)
    assert game.begin() == ["root.z", "root.exit"]
    assert game.state.tasks["root.a"].inputs.parameters == {"x": RUN}
    assert game.states()["a"] == "CACHED"


def test_what_a_step_is_told_of_its_configuration_is_no_change_either() -> None:
    task = leaf("a")
    assert isinstance(task.component, Container)
    told = replace(
        task.component,
        interface=replace(
            task.component.interface, input_parameters={"c": ParameterSpec(ParameterType.TASK_CONFIG, optional=True)}
        ),
        passed=Passed(env=(("RUN", "{{$.pipeline_job_uuid}}"),)),
    )
    before = done(inputs=Bindings({"c": {"env": [{"name": "RUN", "value": OLD}], "resources": {}}}))
    game = resumed(dag(replace(task, component=told), leaf("z")), "z", a=before)
    game.begin()
    now = {"env": [{"name": "RUN", "value": RUN}], "resources": {}}
    assert (game.state.tasks["root.a"].inputs.parameters, game.states()["a"]) == ({"c": now}, "CACHED")


def test_an_artifact_that_was_lost_meanwhile_is_made_again() -> None:
    game = resumed(dag(leaf("a"), leaf("b")), "b", a=replace(done(), is_intact=False))
    assert game.begin() == ["root.b", "root.a"]
    assert "is gone, or was changed" in game.state.tasks["root.a"].reason


def test_the_cache_is_asked_for_what_is_not_taken_over_and_not_for_what_is_to_run() -> None:
    pipeline = dag(leaf("a", cached=True), leaf("b", cached=True), leaf("c", cached=True, after=["b"]))
    game = resumed(pipeline, "b", cache={f"root.{each}": Bindings({"Output": "cached"}) for each in "abc"})
    assert game.begin() == ["root.b"]
    assert game.looked_up == ["root.a"]
    assert game.succeed("root.b", Output="") == ["root.c"]
    assert game.states() == {"root": "RUNNING", "a": "CACHED", "b": "SUCCEEDED", "c": "PENDING"}
