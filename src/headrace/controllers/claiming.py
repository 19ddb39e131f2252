"""What `kubernetes.CreatePVC` and `DeletePVC` do here: write and delete the row of a persistent volume claim.

Units for the store's writer. They may be done twice for one attempt, and do once what is to be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.controllers.publish import Published
from headrace.model.artifact import Bindings
from headrace.model.claim import Claim
from headrace.spec.claims import OUTPUT, is_named, unwanted, wanted
from headrace.spec.placeholders import RunContext
from headrace.store import claims
from headrace.store.db import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """The inputs of an attempt at CreatePVC. `takes`: a claim of that name and kind that is there will do."""

    attempt_id: str
    run_id: str
    task_id: str
    namespace: str
    parameters: Mapping[str, JsonValue]
    context: RunContext
    takes: bool


def create(tx: Tx, asked: Asked, at: Instant) -> Published:
    """Make the claim. Raises AlreadyExists, InvalidInput.

    In Kubeflow Pipelines the cache answers for a second CreatePVC of a name that the pipeline gives, whether or not the
    claim is there still. Here its being there is the answer, as far as the task may be cached.
    """
    claim = wanted(asked.parameters, asked.context, asked.namespace)
    outputs = Bindings(parameters={OUTPUT: claim.name})
    there = claims.find(tx, asked.namespace, claim.name)
    if asked.takes and is_named(asked.parameters) and there is not None and _is_same(there, claim):
        return Published(outputs, "" if there.task_id == asked.task_id else f"the claim {claim.name} was there")
    uid = ids.derived(asked.attempt_id, "claim")
    claims.create(tx, replace(claim, uid=uid, created_at=at, run_id=asked.run_id, task_id=asked.task_id))
    return Published(outputs)


def delete(tx: Tx, namespace: str, parameters: Mapping[str, JsonValue], attempt_id: str) -> None:
    """Delete the claim; who has it mounted keeps it until its end. Raises NotFound, InvalidInput."""
    claims.remove(tx, namespace, unwanted(parameters), attempt_id)


def _is_same(there: Claim, wanted: Claim) -> bool:
    keys = ("size", "access_modes", "storage_class", "volume_name", "annotations")
    return all(getattr(there, key) == getattr(wanted, key) for key in keys)
