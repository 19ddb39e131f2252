"""Recurring runs with the real client, the real command line and the generated API, against a server that runs them."""

import json
import subprocess
import sys
import time
import uuid
import warnings
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.harness import PATIENCE, Server
from tests.ir import pipeline, shell_task

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp
    import kfp_server_api

HOUR = 3600


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pipeline that takes a text."""
    spec = pipeline(shell_task("say", "true"), name="recurring")
    spec["root"]["inputDefinitions"] = {"parameters": {"day": {"parameterType": "STRING", "defaultValue": ""}}}
    file = tmp_path_factory.mktemp("recurring") / "pipeline.yaml"
    file.write_text(yaml.safe_dump(spec))
    return str(file)


@pytest.fixture(scope="module")
def client(server: Server) -> kfp.Client:
    return kfp.Client(host=server.url)


@pytest.fixture(scope="module")
def experiment(client: kfp.Client) -> str:
    """Its id."""
    made: str = client.create_experiment(f"recurring {uuid.uuid4()}").experiment_id
    return made


def ago(hours: float) -> str:
    return f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def ended(server: Server, recurring_run_id: str, count: int) -> list[dict[str, Any]]:
    """Its runs by their due time, once there are so many and all have ended."""
    predicate = {"operation": "EQUALS", "key": "recurring_run_id", "string_value": recurring_run_id}
    wanted = json.dumps({"predicates": [predicate]})
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        runs: list[dict[str, Any]] = server.get(f"/apis/v2beta1/runs?sort_by=scheduled_at&filter={wanted}").get(
            "runs", []
        )
        if len(runs) >= count and all(run["state"] == "SUCCEEDED" for run in runs):
            return runs
        time.sleep(0.05)
    raise AssertionError(f"{runs}\n{server.log()}")


def test_missed_ticks_are_made_up_for_one_at_a_time(
    server: Server, client: kfp.Client, experiment: str, package: str
) -> None:
    start, end = ago(3.5), ago(0.2)
    made = client.create_recurring_run(
        experiment,
        "hourly",
        description="d",
        interval_second=HOUR,
        start_time=start,
        end_time=end,
        pipeline_package_path=package,
        params={"day": "[[ScheduledTime.2006-01-02T15:04:05]] [[Index]] [[RunUUID]]"},
    )
    assert (made.display_name, made.max_concurrency, made.status, made.mode) == ("hourly", "1", "ENABLED", "ENABLE")
    assert made.trigger.periodic_schedule.interval_second == str(HOUR)
    runs = ended(server, made.recurring_run_id, 3)
    first = datetime.fromisoformat(start)
    for index, run in enumerate(runs, start=1):
        tick = first + timedelta(hours=index)
        assert datetime.fromisoformat(run["scheduled_at"]) == tick
        assert run["runtime_config"]["parameters"]["day"] == f"{tick:%Y-%m-%dT%H:%M:%S} {index} {run['run_id']}"
        assert run["experiment_id"] == experiment
        assert run["display_name"].startswith("hourly-")
    for before, after in pairwise(runs):
        assert before["finished_at"] <= after["created_at"]
    found = client.get_recurring_run(made.recurring_run_id)
    assert found.error is None
    client.delete_recurring_run(made.recurring_run_id)
    assert client.get_run(runs[0]["run_id"]).recurring_run_id == made.recurring_run_id


def test_without_catch_up_the_latest_is_made(server: Server, client: kfp.Client, experiment: str, package: str) -> None:
    start, end = ago(30.5), ago(0.2)
    made = client.create_recurring_run(
        experiment,
        "latest",
        cron_expression="TZ=Europe/Berlin 0 0 * * * *",
        start_time=start,
        end_time=end,
        no_catchup=True,
        pipeline_package_path=package,
    )
    (run,) = ended(server, made.recurring_run_id, 1)
    at = datetime.fromisoformat(run["scheduled_at"])
    assert (at.minute, at.second) == (0, 0)
    assert datetime.fromisoformat(end) - timedelta(hours=1) < at <= datetime.fromisoformat(end)


def test_every_method_of_the_client(client: kfp.Client, experiment: str, package: str) -> None:
    uploaded = client.upload_pipeline(package, pipeline_name=f"recurring {uuid.uuid4()}")
    (version,) = client.list_pipeline_versions(uploaded.pipeline_id).pipeline_versions
    made = client.create_recurring_run(
        experiment,
        "off",
        cron_expression="0 0 0 1 1 ?",
        pipeline_id=uploaded.pipeline_id,
        version_id=version.pipeline_version_id,
        enabled=False,
        max_concurrency=10,
        pipeline_root="minio://b/root",
        service_account="me",
    )
    assert (made.status, made.mode, made.max_concurrency) == ("DISABLED", "DISABLE", "10")
    assert made.pipeline_version_reference.pipeline_version_id == version.pipeline_version_id
    assert (made.runtime_config.pipeline_root, made.service_account) == ("minio://b/root", "me")
    one = made.recurring_run_id
    client.enable_recurring_run(one)
    assert client.get_recurring_run(one).status == "ENABLED"
    client.disable_recurring_run(one)
    assert client.get_recurring_run(one).status == "DISABLED"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client.enable_job(one)
        assert client.get_recurring_run(recurring_run_id=one).status == "ENABLED"
        client.disable_job(one)
    listed = client.list_recurring_runs(experiment_id=experiment, sort_by="created_at desc", page_size=1)
    assert [each.recurring_run_id for each in listed.recurring_runs] == [one]
    assert listed.total_size >= 1
    named = {"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": "off"}]}
    assert one in [
        each.recurring_run_id for each in client.list_recurring_runs(filter=json.dumps(named)).recurring_runs
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client.delete_job(one)
    with pytest.raises(kfp_server_api.ApiException) as gone:
        client.get_recurring_run(one)
    assert gone.value.status == 404
    for bad in ({"cron_expression": "not cron"}, {"cron_expression": "@daily", "max_concurrency": 11}):
        with pytest.raises(kfp_server_api.ApiException) as refused:
            client.create_recurring_run(experiment, "bad", pipeline_package_path=package, **bad)
        assert refused.value.status == 400


def test_the_newest_version_is_run_unless_one_is_named(
    server: Server, client: kfp.Client, experiment: str, package: str
) -> None:
    uploaded = client.upload_pipeline(package, pipeline_name=f"versions {uuid.uuid4()}")
    (first,) = client.list_pipeline_versions(uploaded.pipeline_id).pipeline_versions
    window = {"interval_second": HOUR, "start_time": ago(1.5), "end_time": ago(0.2)}
    newest = server.post(
        "/apis/v2beta1/recurringruns",
        {
            "display_name": "newest",
            "experiment_id": experiment,
            "pipeline_version_reference": {"pipeline_id": uploaded.pipeline_id},
            "runtime_config": {"parameters": {}},
            "max_concurrency": 1,
            "trigger": {"periodic_schedule": window},
        },
    )["recurring_run_id"]
    pinned = client.create_recurring_run(
        experiment,
        "pinned",
        pipeline_id=uploaded.pipeline_id,
        version_id=first.pipeline_version_id,
        enabled=False,
        **window,
    ).recurring_run_id
    second = client.upload_pipeline_version(package, "second", pipeline_id=uploaded.pipeline_id)
    for made, version in ((newest, second), (pinned, first)):
        client.enable_recurring_run(made)
        (run,) = ended(server, made, 1)
        assert run["pipeline_version_reference"]["pipeline_version_id"] == version.pipeline_version_id


def kfp_command(server: Server, *words: str) -> Any:
    command = [str(Path(sys.executable).parent / "kfp"), "--endpoint", server.url, "--output", "json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, input="y\n")
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_command_of_the_command_line(server: Server, experiment: str, package: str) -> None:
    made = json.loads(
        kfp_command(
            server,
            *("recurring-run", "create", "--job-name", "cli", "--experiment-id", experiment, "--enabled"),
            *("--cron-expression", "0 0 0 1 1 *", "--pipeline-package-path", package, "day=x"),
        )
    )
    one = made["recurring_run_id"]
    assert made["runtime_config"]["parameters"] == {"day": "x"}
    assert one in kfp_command(server, "recurring-run", "list", "--experiment-id", experiment)
    kfp_command(server, "recurring-run", "disable", one)
    assert json.loads(kfp_command(server, "recurring-run", "get", one))["status"] == "DISABLED"
    kfp_command(server, "recurring-run", "enable", one)
    assert json.loads(kfp_command(server, "recurring-run", "get", one))["status"] == "ENABLED"
    kfp_command(server, "recurring-run", "delete", one)
    assert one not in kfp_command(server, "recurring-run", "list", "--experiment-id", experiment)


def test_every_operation_of_the_generated_api(server: Server, experiment: str, package: str) -> None:
    configuration = kfp_server_api.Configuration(host=server.url)
    api = kfp_server_api.RecurringRunServiceApi(kfp_server_api.ApiClient(configuration))
    body = kfp_server_api.V2beta1RecurringRun(
        display_name="generated",
        experiment_id=experiment,
        pipeline_spec=yaml.safe_load(Path(package).read_text()),
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(parameters={}),
        max_concurrency="2",
        mode="ENABLE",
        trigger=kfp_server_api.V2beta1Trigger(
            cron_schedule=kfp_server_api.V2beta1CronSchedule(
                cron="@yearly", start_time=datetime(2030, 1, 1, tzinfo=UTC)
            )
        ),
    )
    made = api.recurring_run_service_create_recurring_run(recurring_run=body)
    one = made.recurring_run_id
    found = api.recurring_run_service_get_recurring_run(recurring_run_id=one)
    assert found.trigger.cron_schedule.start_time == datetime(2030, 1, 1, tzinfo=UTC)
    assert found.pipeline_spec == body.pipeline_spec
    assert api.recurring_run_service_disable_recurring_run(recurring_run_id=one) == {}
    assert api.recurring_run_service_enable_recurring_run(recurring_run_id=one) == {}
    listed = api.recurring_run_service_list_recurring_runs(experiment_id=experiment, page_size=200)
    assert one in [each.recurring_run_id for each in listed.recurring_runs]
    assert listed.total_size == len(listed.recurring_runs)
    deleted = api.recurring_run_service_delete_recurring_run(recurring_run_id=one, propagation_policy="BACKGROUND")
    assert deleted == {}
    api.api_client.close()
