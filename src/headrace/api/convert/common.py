"""What several nouns share: states, failures, histories."""

from headrace.api.proto_json import timestamp
from headrace.api.wire.common import RuntimeState, RuntimeStatus, Status
from headrace.model.run import Failure, StateChange
from headrace.model.state import RUNTIME_STATE, State


def runtime_state(state: State) -> RuntimeState:
    return RuntimeState[RUNTIME_STATE[state]]


def status(failure: Failure | None) -> Status | None:
    return None if failure is None else Status(code=failure.code, message=failure.message)


def history(changes: tuple[StateChange, ...]) -> list[RuntimeStatus]:
    """A state history, oldest first."""
    return [
        RuntimeStatus(update_time=timestamp(each.at), state=runtime_state(each.state), error=status(each.failure))
        for each in changes
    ]
