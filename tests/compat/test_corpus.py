"""Compiled pipelines through the real client: each ends as it must, or is refused with a reason.

What a pipeline may still need that Headrace cannot execute yet is refused when the run is created, by name; anything
else that is refused is a failure here.
"""

import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kfp
import pytest
from kfp_server_api import ApiException
from tests.compat.conftest import Sample, corpus, invalid
from tests.harness import Server
from tests.mounting import skip_where_forbidden

NOT_YET = "is not supported yet"
"""The words of every refusal of a construct that a later version executes."""

EASIER = {"take_nap_compiled.yaml": {"naptime_secs": 1}, "long-running.yaml": None, "log_streaming_compiled.yaml": {}}
"""Parameters that spare the tests a long sleep; None leaves the run to a test that terminates it."""

SHARED_FILE = "local_execution/local_execution_pipeline_with_retry.yaml"
"""Its step counts its tries in a file, which must be none of an attempt's own."""

CLASSES = ("a1", "a2", "aX", "b")

ROOTS = {"artifacts_simple.yaml": "gs://bucket/pipelines"}
"""A container of it takes its uris for those of one store, which it opens at a mount."""

POSTGRESQL_THIRD, MARIADB_THIRD = 0, 1
"""Which third of the samples also runs on that server: the first, fourth, seventh..., and the second, fifth, ..."""


LONG = {"log_streaming_compiled.yaml"}
"""Prints for a minute; once is enough."""


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
    if third is not None:
        samples = [each for each in samples[third::3] if each.name not in LONG]
    return [pytest.param(each, id=each.name) for each in samples]


def ends_as_it_must(server: Server, sample: Sample, folder: Path) -> None:
    if sample.name in ROOTS:
        skip_where_forbidden(folder)
    run_id, refusal = submit(server, sample, folder)
    if refusal is not None:
        assert refusal.status == 400
        assert NOT_YET in refusal.body
        return
    found = server.wait(run_id)
    assert found["state"] == sample.expected, found.get("error")


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
