"""Every error that Headrace raises on purpose.

HeadraceError
├── InvalidInput          a request, file or option is wrong                400  INVALID_ARGUMENT (3)
│   └── InvalidSpec       a pipeline document is wrong, or not executable   400  INVALID_ARGUMENT (3)
├── NotFound              nothing has that id or name                       404  NOT_FOUND (5)
├── AlreadyExists         a unique name is taken                            409  ALREADY_EXISTS (6)
├── PermissionDenied      the principal may not do this                     403  PERMISSION_DENIED (7)
├── FailedPrecondition    right request, wrong moment                       400  FAILED_PRECONDITION (9)
├── Conflict              it lost to something concurrent                   409  ABORTED (10)
├── Unimplemented         a route or feature that does not exist here       501  UNIMPLEMENTED (12)
├── Unavailable           try again later: disk full, shutting down         503  UNAVAILABLE (14)
├── StepError             a step could not be started or its outputs read   (ends the attempt, never a request)
└── LeaseLost             another controller owns the run                   (ends the actor, never a request)

An error says what was wrong, where (`where`: a path in the pipeline or a field of the request) and what to do
(`hint`). They are caught only at loop tops and at the API's edge.
"""


class HeadraceError(Exception):
    """Base of the tree. `str(error)` is the whole sentence for a person: where, what, what to do."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}. {self.hint}" if self.hint else text


class InvalidInput(HeadraceError):
    """A request, file or option is wrong; nothing was written."""


class InvalidSpec(InvalidInput):
    """A pipeline document is wrong or uses what cannot be executed; `where` is the path in the document."""


class NotFound(HeadraceError):
    """Nothing has that id or name."""


class AlreadyExists(HeadraceError):
    """A unique name is taken."""


class PermissionDenied(HeadraceError):
    """The principal may not do this."""


class FailedPrecondition(HeadraceError):
    """The request is right but the object is in a state that forbids it."""


class Conflict(HeadraceError):
    """The request lost to something concurrent."""


class Unimplemented(HeadraceError):
    """A method or feature that does not exist here."""


class Unavailable(HeadraceError):
    """Headrace cannot do this now, and may be able to later."""


class StepError(HeadraceError):
    """A step could not be started, or its outputs could not be read. `infrastructure`: not the step's fault."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", infrastructure: bool = False) -> None:
        super().__init__(message, where=where, hint=hint)
        self.infrastructure = infrastructure


class LeaseLost(HeadraceError):
    """Another controller owns the run; what this one holds in memory is void."""
