"""Compiled pipelines through the real client: each ends as it must; what needs more than this machine says so."""

import os
import random
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import kfp
import pytest
from kfp_server_api import ApiException
from tests.compat.conftest import Sample, corpus, invalid
from tests.harness import PATIENCE, Server
from tests.mounting import skip_where_forbidden

EASIER = {
    "take_nap_compiled.yaml": {"naptime_secs": 1},
    "take_nap_pipeline_root_compiled.yaml": {"naptime_secs": 1},
    "long-running.yaml": None,
    "log_streaming_compiled.yaml": {},
}
"""Parameters that spare the tests a long sleep; None leaves the run to a test that terminates it."""

SHARED_FILE = "local_execution/local_execution_pipeline_with_retry.yaml"
"""Its step counts its tries in a file, which must be none of an attempt's own."""

ON_KUBERNETES = "a3"
"""The class of what asks for something of Kubernetes."""

CLASSES = ("a1", "a2", ON_KUBERNETES, "aX", "b")
ELSEWHERE = "c"
"""The class of what needs more than this machine: it need not succeed, but says why, and harms nothing."""

_ROOT_ARTIFACT = "the pipeline needs an artifact as its input, which a run cannot be given"
_NO_PROGRAM = "cannot execute 'my_program': No such file or directory. The image '.*' is not run as a container"
_NOT_HERE = "gs://ml-pipeline-playground/.*, is not on this machine: it would be at /"
_NO_MODULE = "No module named 'google_cloud_pipeline_components'.*is not run as a container here"
_NO_PACKAGE = "not found in the provided package locations(.|\n)*Packages come from the indexes"
WHY = {
    "component_with_metadata_fields.yaml": _ROOT_ARTIFACT,
    "component_with_task_final_status_GH-12033.yaml": "requires type TASK_FINAL_STATUS, which is invalid for root",
    "components_with_optional_artifacts.yaml": "",
    "container_io.yaml": _NO_PROGRAM,
    "container_with_artifact_output.yaml": "run.sh: No such file",
    "container_with_concat_placeholder.yaml": _NO_PROGRAM,
    "container_with_if_placeholder.yaml": _NO_PROGRAM,
    "container_with_placeholder_in_fstring.yaml": _NO_PROGRAM,
    "containerized_python_component.yaml": "image 'kfp-image',? (which )?is not run as a container",
    "critical/modelcar.yaml": "The model does not exist at: /oci/",
    "critical/pipeline_with_artifact_upload_download.yaml": _NO_PACKAGE,
    "gpu-scheduling/nvidia_gpu_scheduling_check.yaml": "",
    "input_artifact.yaml": _ROOT_ARTIFACT,
    "integration/ray_integration_compiled.yaml": _NO_PACKAGE,
    "pipeline_with_condition_dynamic_task_output_custom_training_job.yaml": _NO_MODULE,
    "pipeline_with_dynamic_task_output_custom_training_job.yaml": _NO_MODULE,
    "pipeline_with_google_artifact_type.yaml": "aiplatform",
    "pipeline_with_importer.json": _NOT_HERE,
    "pipeline_with_importer.yaml": _NOT_HERE,
    "pipeline_with_importer_and_gcpc_types.yaml": "The image 'dummy' is not run as a container",
    "pipeline_with_metadata_fields.yaml": _ROOT_ARTIFACT,
    "pipeline_with_various_io_types.yaml": _ROOT_ARTIFACT,
    "pythonic_artifact_with_single_return.yaml": _NOT_HERE,
    "sequential_v2.yaml": "gsutil: not found|No URLs matched",
    "take_nap_pipeline_root_compiled.yaml": "",
    "two_step_pipeline.yaml": 'gsutil: not found|Unrecognized scheme "minio"',
    "upload_download_compiled.yaml": _NO_PACKAGE,
    "xgboost_sample_pipeline.yaml": "pipefail|curl",
}
"""What is said of each of that class; nothing of what can run after all."""

MUCH_TO_INSTALL = (
    "critical/pipeline_with_artifact_upload_download.yaml",
    "integration/ray_integration_compiled.yaml",
    "upload_download_compiled.yaml",
)
"""Of that class, what would install half of the internet before it asks for the other half: it finds no index."""

ROOTS = {"artifacts_simple.yaml": "gs://bucket/pipelines"}
"""A container of it takes its uris for those of one store, which it opens at a mount."""

SECRETS = {
    "test-secret-1": {"username": "user1"},
    "test-secret-2": {"password": "psw1"},
    "test-secret-3": {"password": "psw2"},
}
CLAIM = "corpus-claim"

POSTGRESQL_THIRD, MARIADB_THIRD = 0, 1
"""Which third of the samples also runs on that server: the first, fourth, seventh..., and the second, fifth, ..."""


LONG = {"log_streaming_compiled.yaml"}
"""Prints as fast as it can for a minute. So it does that once, beside the other samples, and after them in line."""


Begun = dict[str, tuple[Server, tuple[str, ApiException | None]]]
"""By the name of a sample: where its run is, and what `submit` gave."""


def arguments(sample: Sample, folder: Path) -> dict[str, Any]:
    """A value for each required parameter, of the kind that upstream's own tests make up."""
    rng = random.Random(sample.name)
    kinds: dict[str, Callable[[], Any]] = {
        "NUMBER_INTEGER": lambda: rng.randrange(1000),
        "NUMBER_DOUBLE": rng.random,
        "STRING": lambda: "".join(rng.choices(string.ascii_letters, k=20)),
        "BOOLEAN": lambda: True,
        "STRUCT": lambda: {"A": "one", "B": "two"},
        "LIST": lambda: ["one", "two"],
    }
    given = {name: kinds[kind]() for name, kind in sample.required.items()} | (EASIER.get(sample.name) or {})
    if "pvc_name" in given:
        given["pvc_name"] = CLAIM
    return given | ({"counter_path": str(folder / "counter")} if sample.name == SHARED_FILE else {})


def submit(server: Server, sample: Sample, folder: Path) -> tuple[str, ApiException | None]:
    """The id of the sample's run, or how it was refused."""
    client = kfp.Client(host=server.url)
    try:
        run = client.create_run_from_pipeline_package(
            str(sample.file),
            arguments=arguments(sample, folder),
            enable_caching=False,
            pipeline_root=ROOTS.get(sample.name),
        )
    except ApiException as refusal:
        return "", refusal
    return run.run_id, None


def _here(sample: Sample) -> bool:
    return sample.group in CLASSES and EASIER.get(sample.name, {}) is not None


def runnable(third: int | None = None) -> list[Any]:
    """All samples that run here, or a third of them: the first, every third from it, and so on."""
    samples = [each for each in corpus() if _here(each)]
    samples = samples if third is None else samples[third::3]
    return [pytest.param(each, id=each.name) for each in samples if each.name not in LONG]


def long_ones() -> list[Any]:
    return [pytest.param(each, id=each.name) for each in corpus() if _here(each) and each.name in LONG]


def of_class(group: str) -> list[Any]:
    return [pytest.param(each, id=each.name) for each in corpus() if each.group == group]


def provide(server: Server) -> None:
    """The objects that upstream's tests make in their cluster."""
    for name, values in SECRETS.items():
        httpx2.put(f"{server.url}/api/v1/secrets/{name}", json={"string_data": values}).raise_for_status()
    made = httpx2.post(f"{server.url}/api/v1/pvcs", json={"name": CLAIM, "size": "1Gi"})
    assert made.status_code in (200, 409), made.text


def ends_as_it_must(server: Server, sample: Sample, folder: Path) -> None:
    if sample.name in ROOTS or sample.group == ON_KUBERNETES:
        skip_where_forbidden(folder)
    if sample.group == ON_KUBERNETES:
        provide(server)
    ended_as_it_must(server, sample, *submit(server, sample, folder))


def ended_as_it_must(server: Server, sample: Sample, run_id: str, refusal: ApiException | None) -> None:
    assert refusal is None, refusal
    found = server.wait(run_id)
    assert found["state"] == sample.expected, found.get("error")


@pytest.fixture(scope="module", autouse=True)
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """Long samples begin before the others, where they were asked for, on a server that lets others go first."""
    last = "test_what_takes_long_ends_as_it_must"
    wanted = [item.callspec.params["sample"] for item in request.session.items if item.name.startswith(last)]
    if not wanted:
        yield {}
        return
    folder = tmp_path_factory.mktemp("long")
    running = Server(folder / "home", ["--slots", str(len(wanted))]).start()
    try:
        assert running.process is not None
        os.setpriority(os.PRIO_PROCESS, running.process.pid, 10)
        yield {sample.name: (running, submit(running, sample, folder)) for sample in wanted}
    finally:
        running.stop()


@pytest.fixture(scope="session")
def without_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has no packages to install."""
    running = Server(tmp_path_factory.mktemp("offline") / "home", environment={"PIP_NO_INDEX": "1"})
    try:
        yield running.start()
    finally:
        running.stop()


def post(server: Server, sample: Sample) -> tuple[str, str]:
    """The id of the sample's run, or how it was refused; without the SDK, which reads no JSON."""
    files = {"uploadfile": (sample.file.name, sample.file.read_bytes())}
    upload = httpx2.post(
        f"{server.url}/apis/v2beta1/pipelines/upload", files=files, params={"name": f"c {sample.name}"}
    )
    pipeline = upload.raise_for_status().json()["pipeline_id"]
    body = {
        "display_name": sample.name,
        "pipeline_version_reference": {"pipeline_id": pipeline},
        "runtime_config": {"parameters": arguments(sample, sample.file.parent)},
    }
    answer = httpx2.post(f"{server.url}/apis/v2beta1/runs", json=body, timeout=PATIENCE)
    if answer.is_success:
        return str(answer.json()["run_id"]), ""
    assert answer.status_code == 400, answer.text
    return "", str(answer.json()["message"])


@pytest.mark.skipif(not corpus(), reason="the corpus is not there: set HEADRACE_CORPUS to its folder")
class TestCorpus:
    @pytest.mark.parametrize("sample", runnable())
    def test_it_ends_as_it_must(self, server: Server, sample: Sample, tmp_path: Path) -> None:
        ends_as_it_must(server, sample, tmp_path)

    @pytest.mark.parametrize("sample", runnable(POSTGRESQL_THIRD))
    def test_it_ends_as_it_must_on_postgresql(self, on_postgresql: Server, sample: Sample, tmp_path: Path) -> None:
        ends_as_it_must(on_postgresql, sample, tmp_path)

    @pytest.mark.parametrize("sample", runnable(MARIADB_THIRD))
    def test_it_ends_as_it_must_on_mariadb(self, on_mariadb: Server, sample: Sample, tmp_path: Path) -> None:
        ends_as_it_must(on_mariadb, sample, tmp_path)

    @pytest.mark.parametrize("sample", of_class(ELSEWHERE))
    def test_what_needs_more_than_this_machine_says_so(self, sample: Sample, request: pytest.FixtureRequest) -> None:
        server: Server = request.getfixturevalue("without_index" if sample.name in MUCH_TO_INSTALL else "server")
        run_id, told = post(server, sample)
        if run_id:
            run = server.wait(run_id)
            assert run["state"] == ("FAILED" if WHY[sample.name] else "SUCCEEDED")
            told = run.get("error", {}).get("message", "")
        assert re.search(WHY[sample.name], told), told
        assert server.get("/apis/v2beta1/healthz")

    @pytest.mark.parametrize("sample", [pytest.param(each, id=each.name) for each in corpus()])
    def test_it_uploads(self, server: Server, sample: Sample) -> None:
        name = f"upload {sample.name}"
        pipeline = kfp.Client(host=server.url).upload_pipeline(str(sample.file), pipeline_name=name)
        assert pipeline.display_name == name

    @pytest.mark.parametrize("file", [pytest.param(each, id=each.name) for each in invalid()])
    def test_a_bad_document_is_refused(self, server: Server, file: Path) -> None:
        with pytest.raises(ApiException) as refused:
            kfp.Client(host=server.url).upload_pipeline(str(file), pipeline_name=f"bad {file.name}")
        assert refused.value.status == 400
        assert "error_message" in refused.value.body

    @pytest.mark.parametrize("sample", long_ones())
    def test_what_takes_long_ends_as_it_must(self, begun: Begun, sample: Sample) -> None:
        server, submitted = begun[sample.name]
        ended_as_it_must(server, sample, *submitted)
