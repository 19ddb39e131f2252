"""Pipelines and versions made of a package, whether it was uploaded or fetched: checked, kept as bytes, then as rows.

The document is checked, not compiled: that is done when a run is made of it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headrace.api import limits
from headrace.api.services import Services
from headrace.model.catalog import Pipeline, PipelineVersion
from headrace.spec.load import Document, load_document
from headrace.store import catalog
from headrace.store.db import Tx

PACKAGES = "minio://mlpipeline/pipelines"
"""Where the bytes of packages are kept, each under the id of its version."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a client calls a pipeline or a version. Either name stands in for the other, `fallback` for both."""

    name: str = ""
    display_name: str = ""
    fallback: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def unique(self) -> str:
        """Raises InvalidInput where there is none."""
        return limits.name(self.name or self.display_name or self.fallback, "name")

    @property
    def shown(self) -> str:
        """Raises InvalidInput where it is blank."""
        return limits.name(self.display_name or self.unique, "display_name")


@dataclass(frozen=True, slots=True)
class Package:
    """The bytes, what is in them, and where they came from."""

    data: bytes
    document: Document
    package_url: str = ""
    code_source_url: str = ""


@dataclass(frozen=True, slots=True)
class Packages:
    """What makes rows of packages."""

    services: Services

    async def open(self, data: bytes, filename: str, *, package_url: str = "", code_source_url: str = "") -> Package:
        """Raises InvalidSpec."""
        document = await asyncio.to_thread(load_document, data, filename)
        return Package(data, document, package_url, code_source_url)

    def pipeline(self, labels: Labels, namespace: str) -> Pipeline:
        """A pipeline that is not written yet."""
        return Pipeline(
            pipeline_id=self.services.fresh_id(),
            name=labels.unique,
            display_name=labels.shown,
            namespace=namespace,
            created_at=self.services.clock.now(),
            description=labels.description,
            tags=labels.tags,
        )

    async def keep(
        self, package: Package, labels: Labels, pipeline_id: str, new: Pipeline | None = None
    ) -> PipelineVersion:
        """Keep the bytes, then the rows: of the version, and of its pipeline where that is `new`.

        Without the rows the bytes go again. Raises InvalidInput, NotFound for the pipeline, AlreadyExists.
        """
        version = PipelineVersion(
            pipeline_version_id=self.services.fresh_id(),
            pipeline_id=pipeline_id,
            name=labels.unique,
            display_name=labels.shown,
            created_at=self.services.clock.now(),
            plan_id=package.document.plan_id,
            description=labels.description,
            code_source_url=package.code_source_url,
            package_url=package.package_url,
            tags=labels.tags,
        )

        def unit(tx: Tx) -> None:
            if new is not None:
                catalog.create_pipeline(tx, new)
            catalog.create_version(tx, version, package.document.as_json())

        uri = f"{PACKAGES}/{version.pipeline_version_id}"
        await asyncio.to_thread(self.services.blobs.write, uri, package.data)
        try:
            await asyncio.wrap_future(self.services.database.submit(unit))
        except BaseException:
            await asyncio.to_thread(self.services.blobs.delete, uri)
            raise
        return version

    async def forget(self, version_ids: Iterable[str]) -> None:
        """Delete the bytes of versions whose rows are gone."""
        for version_id in version_ids:
            await asyncio.to_thread(self.services.blobs.delete, f"{PACKAGES}/{version_id}")
