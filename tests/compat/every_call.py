"""Calls every method of `kfp.Client`, every command of `kfp` that talks to a server, and every operation of
`kfp_server_api` below them, and checks what each did. Run by the Python that the client is installed in:

    python every_call.py URL PACKAGE SLOW FOLDER

PACKAGE takes `count` and `word` and does nothing, SLOW does it for an hour. Prints what was called, as JSON.
"""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import kfp  # noqa: E402
import kfp_server_api  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from kfp import dsl  # noqa: E402
from kfp.cli.cli import cli  # noqa: E402

COUNT = {"count": 3}


class Noted:
    """Hands on every call, and notes its name."""

    def __init__(self, whole, called):
        self._whole, self._called = whole, called

    def __getattr__(self, name):
        self._called.add(name)
        return getattr(self._whole, name)


class Commands:
    """`kfp GROUP COMMAND ...` in this process; gives what it printed."""

    def __init__(self, url, called):
        self._url, self._called = url, called

    def __call__(self, group, command, *arguments, sure=False):
        self._called.add(f"{group} {command}")
        words = ["--endpoint", self._url, "--output", "json", group, command, *map(str, arguments)]
        done = CliRunner().invoke(cli, words, obj={}, input="y\n" if sure else None, catch_exceptions=False)
        assert done.exit_code == 0, (words, done.output)
        return done.output


def equals(name):
    return json.dumps({"predicates": [{"operation": 1, "key": "display_name", "stringValue": name}]})


def refused(call, *arguments):
    """The error with which the server refuses the call."""
    try:
        call(*arguments)
    except kfp_server_api.ApiException as error:
        return error
    raise AssertionError(f"{arguments} was not refused")


def gone(call, *arguments):
    assert refused(call, *arguments).status == 404


@dsl.container_component
def nothing(count: int):  # noqa: ARG001 (the pipeline's own)
    return dsl.ContainerSpec(image="busybox", command=["true"])


@dsl.pipeline(name="from-function")
def of_nothing(count: int):
    nothing(count=count)


def experiments(client, command):
    assert client.get_kfp_healthz().multi_user is False
    made = client.create_experiment("of client", description="d")
    assert client.create_experiment("of client").experiment_id == made.experiment_id
    assert client.get_experiment(experiment_name="of client").description == "d"
    assert client.list_experiments(filter=equals("of client")).experiments[0].experiment_id == made.experiment_id
    client.archive_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "ARCHIVED"
    client.unarchive_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "AVAILABLE"
    client.delete_experiment(made.experiment_id)
    assert client.list_experiments(filter=equals("of client")).experiments is None
    client.set_user_namespace("")
    assert client.get_user_namespace() == ""

    command("experiment", "create", "of command")
    found = client.get_experiment(experiment_name="of command")
    assert found.experiment_id in command("experiment", "list", "--filter", equals("of command"))
    assert found.experiment_id in command("experiment", "get", found.experiment_id)
    command("experiment", "archive", "--experiment-id", found.experiment_id)
    assert client.get_experiment(found.experiment_id).storage_state == "ARCHIVED"
    command("experiment", "unarchive", "--experiment-name", "of command")
    assert client.get_experiment(found.experiment_id).storage_state == "AVAILABLE"
    command("experiment", "delete", found.experiment_id, sure=True)
    gone(client.get_experiment, found.experiment_id)


def pipelines(client, command, package):
    made = client.upload_pipeline(package, pipeline_name="of client", description="d")
    assert client.get_pipeline_id("of client") == made.pipeline_id
    assert client.get_pipeline(made.pipeline_id).description == "d"
    assert client.list_pipelines(filter=equals("of client")).pipelines[0].pipeline_id == made.pipeline_id
    second = client.upload_pipeline_version(package, "v2", pipeline_id=made.pipeline_id, description="two")
    versions = client.list_pipeline_versions(made.pipeline_id, sort_by="created_at desc").pipeline_versions
    assert [each.display_name for each in versions] == ["v2", "of client"]
    shown = client.get_pipeline_version(made.pipeline_id, second.pipeline_version_id)
    assert (shown.description, "root" in shown.pipeline_spec) == ("two", True)
    third = client.upload_pipeline_version_from_pipeline_func(of_nothing, "v3", pipeline_name="of client")
    for version in (*versions, third):
        client.delete_pipeline_version(made.pipeline_id, version.pipeline_version_id)
    assert client.list_pipeline_versions(made.pipeline_id).pipeline_versions is None
    client.delete_pipeline(made.pipeline_id)
    gone(client.get_pipeline, made.pipeline_id)
    function = client.upload_pipeline_from_pipeline_func(of_nothing, pipeline_name="of function")
    assert client.get_pipeline(function.pipeline_id).display_name == "of function"

    command("pipeline", "create", "--pipeline-name", "of command", package)
    pipeline_id = client.get_pipeline_id("of command")
    assert pipeline_id in command("pipeline", "list", "--filter", equals("of command"))
    assert pipeline_id in command("pipeline", "get", pipeline_id)
    command("pipeline", "create-version", package, "--pipeline-version", "v2", "--pipeline-id", pipeline_id)
    listed = command("pipeline", "list-versions", pipeline_id)
    for version in client.list_pipeline_versions(pipeline_id).pipeline_versions:
        version_id = version.pipeline_version_id
        assert version_id in listed
        assert version_id in command("pipeline", "get-version", pipeline_id, version_id)
        command("pipeline", "delete-version", pipeline_id, version_id, sure=True)
    command("pipeline", "delete", pipeline_id, sure=True)
    gone(client.get_pipeline, pipeline_id)


def runs(client, command, package, slow):
    experiment = client.create_experiment("runs")
    first = client.create_run_from_pipeline_package(package, arguments=COUNT, experiment_name="runs")
    assert client.wait_for_run_completion(first.run_id, timeout=120).state == "SUCCEEDED"
    second = client.create_run_from_pipeline_func(of_nothing, arguments=COUNT, experiment_id=experiment.experiment_id)
    third = client.run_pipeline(experiment.experiment_id, "third", package, params=COUNT, enable_caching=False)
    listed = client.list_runs(experiment_id=experiment.experiment_id, sort_by="created_at desc").runs
    assert [each.run_id for each in listed] == [third.run_id, second.run_id, first.run_id]
    assert client.get_run(first.run_id).runtime_config.parameters == COUNT
    client.archive_run(first.run_id)
    assert client.get_run(first.run_id).storage_state == "ARCHIVED"
    client.unarchive_run(first.run_id)
    assert client.get_run(first.run_id).storage_state == "AVAILABLE"
    waiting = client.run_pipeline(experiment.experiment_id, "waiting", slow, params=COUNT)
    client.terminate_run(waiting.run_id)
    assert client.get_run(waiting.run_id).state in ("CANCELING", "CANCELED")
    over = refused(client.terminate_run, first.run_id)
    assert over.status == 400
    assert "Failed to terminate a run" in over.body
    for each in (*listed, waiting):
        client.delete_run(each.run_id)
        gone(client.get_run, each.run_id)

    command("run", "create", "-e", "runs", "-r", "of command", "-f", package, "word=text")
    [made] = client.list_runs(filter=equals("of command")).runs
    assert made.run_id in command("run", "list", "--experiment-id", experiment.experiment_id)
    assert made.run_id in command("run", "get", made.run_id)
    command("run", "archive", made.run_id)
    assert client.get_run(made.run_id).storage_state == "ARCHIVED"
    command("run", "unarchive", made.run_id)
    assert client.get_run(made.run_id).storage_state == "AVAILABLE"
    command("run", "delete", made.run_id, sure=True)
    gone(client.get_run, made.run_id)


def recurring_runs(client, command, package):
    experiment = client.create_experiment("schedules")
    made = client.create_recurring_run(
        experiment.experiment_id, "of client", interval_second=86_400, pipeline_package_path=package, params=COUNT
    )
    listed = client.list_recurring_runs(experiment_id=experiment.experiment_id).recurring_runs
    assert [each.recurring_run_id for each in listed] == [made.recurring_run_id]
    for off, on in (
        (client.disable_recurring_run, client.enable_recurring_run),
        (client.disable_job, client.enable_job),
    ):
        off(made.recurring_run_id)
        assert client.get_recurring_run(made.recurring_run_id).status == "DISABLED"
        on(made.recurring_run_id)
        assert client.get_recurring_run(made.recurring_run_id).status == "ENABLED"
    client.delete_recurring_run(made.recurring_run_id)
    gone(client.get_recurring_run, made.recurring_run_id)
    other = client.create_recurring_run(
        experiment.experiment_id, "other", cron_expression="0 0 0 1 1 *", pipeline_package_path=package, params=COUNT
    )
    client.delete_job(other.recurring_run_id)
    gone(client.get_recurring_run, other.recurring_run_id)

    schedule = ["--job-name", "of command", "--interval-second", 86_400, "--experiment-id", experiment.experiment_id]
    command("recurring-run", "create", *schedule, "--pipeline-package-path", package, "word=text")
    [found] = client.list_recurring_runs(experiment_id=experiment.experiment_id).recurring_runs
    run_id = found.recurring_run_id
    assert run_id in command("recurring-run", "list", "--experiment-id", experiment.experiment_id)
    assert run_id in command("recurring-run", "get", run_id)
    command("recurring-run", "disable", run_id)
    assert client.get_recurring_run(run_id).status == "DISABLED"
    command("recurring-run", "enable", run_id)
    assert client.get_recurring_run(run_id).status == "ENABLED"
    command("recurring-run", "delete", run_id, sure=True)
    gone(client.get_recurring_run, run_id)


def what_the_client_leaves_out(url, package, called):
    """Operations of the generated API that neither `kfp.Client` nor `kfp` has a use for."""
    api = kfp_server_api
    transport = api.ApiClient(api.Configuration(host=url))
    pipelines = Noted(api.PipelineServiceApi(transport), called)
    runs = Noted(api.RunServiceApi(transport), called)
    made = pipelines.pipeline_service_create_pipeline(api.V2beta1Pipeline(display_name="by hand"))
    by_name = pipelines.pipeline_service_get_pipeline_by_name("by hand")
    assert by_name.pipeline_id == made.pipeline_id
    if hasattr(api.PipelineServiceApi, "pipeline_service_update_pipeline"):
        changed = api.V2beta1Pipeline(display_name="renamed", tags={"team": "vision"})
        answer = pipelines.pipeline_service_update_pipeline(made.pipeline_id, changed)
        assert (answer.display_name, answer.tags) == ("renamed", {"team": "vision"})
    upload = api.PipelineUploadServiceApi(transport)
    version = upload.upload_pipeline_version(package, pipelineid=made.pipeline_id, name="v1")
    if hasattr(api.PipelineServiceApi, "pipeline_service_update_pipeline_version"):
        changed = api.V2beta1PipelineVersion(display_name="renamed")
        ids = (made.pipeline_id, version.pipeline_version_id)
        assert pipelines.pipeline_service_update_pipeline_version(*ids, changed).display_name == "renamed"
    elsewhere = api.V2beta1Url(pipeline_url="https://example.org/pipeline.yaml")
    from_url = api.V2beta1PipelineVersion(pipeline_id=made.pipeline_id, display_name="v", package_url=elsewhere)
    both = api.V2beta1CreatePipelineAndVersionRequest(api.V2beta1Pipeline(display_name="p"), from_url)
    for error in (
        refused(pipelines.pipeline_service_create_pipeline_version, made.pipeline_id, from_url),
        refused(pipelines.pipeline_service_create_pipeline_and_version, both),
    ):
        assert (error.status, "pipeline_url_allowed_domains" in error.body) == (400, True), error.body
    reference = api.V2beta1PipelineVersionReference(pipeline_id=made.pipeline_id)
    config = api.V2beta1RuntimeConfig(parameters=COUNT)
    wanted = api.V2beta1Run(display_name="by hand", pipeline_version_reference=reference, runtime_config=config)
    try:
        run = runs.run_service_create_run(run=wanted)
    except TypeError:  # older ones name the body so
        run = runs.run_service_create_run(body=wanted)
    return run.run_id, runs


def main():
    url, package, slow, folder = sys.argv[1:]
    methods, commands, operations = set(), set(), set()
    client, command = Noted(kfp.Client(host=url), methods), Commands(url, commands)
    experiments(client, command)
    pipelines(client, command, package)
    runs(client, command, package, slow)
    recurring_runs(client, command, package)
    run_id, api = what_the_client_leaves_out(url, package, operations)
    assert client.wait_for_run_completion(run_id, timeout=120).state == "SUCCEEDED"
    api.run_service_retry_run(run_id)
    assert client.wait_for_run_completion(run_id, timeout=120).state == "SUCCEEDED"
    source, compiled = Path(folder) / "p.py", Path(folder) / "p.yaml"
    source.write_text("from kfp import dsl\n@dsl.component\ndef a() -> int:\n    return 1\n")
    done = CliRunner().invoke(cli, ["dsl", "compile", "--py", str(source), "--output", str(compiled)], obj={})
    assert done.exit_code == 0, done.output
    assert compiled.is_file()
    offered = {name for name in dir(kfp.Client) if not name.startswith("_")}
    groups = ("experiment", "pipeline", "run", "recurring-run")
    leaves = {f"{group} {name}" for group in groups for name in cli.commands[group].commands}
    told = {"version": kfp.__version__, "left_out": sorted(offered - methods) + sorted(leaves - commands)}
    print(json.dumps({**told, "operations": sorted(operations)}))


if __name__ == "__main__":
    main()
