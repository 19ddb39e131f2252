"""`kubernetes.CreatePVC` and `DeletePVC`: container components whose image says that the back end is to do it itself.

Upstream's driver does, at these two images; so does this server. Gives leaves of the plan, and what their inputs say.
"""

from collections.abc import Mapping

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonValue
from headrace.model.claim import STORAGE_CLASS, Claim, check_claim
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import CreateClaim, DeleteClaim, Interface
from headrace.spec.text import describe, to_text

_KINDS: dict[str, type[CreateClaim] | type[DeleteClaim]] = {
    "argostub/createpvc": CreateClaim,
    "argostub/deletepvc": DeleteClaim,
}
_NAME, _SUFFIX = "pvc_name", "pvc_name_suffix"
OUTPUT = "name"
"""The output parameter of CreatePVC: the claim's name."""


def kind_of(image: str) -> type[CreateClaim] | type[DeleteClaim] | None:
    """What a component of that image is to do; None where it is an ordinary container."""
    return _KINDS.get(image.partition(":")[0])


def compile_claims(
    kind: type[CreateClaim] | type[DeleteClaim], component: str, interface: Interface, label: str
) -> CreateClaim | DeleteClaim:
    """The leaf. Raises InvalidSpec where its interface is not that of the SDK's component."""
    if kind is DeleteClaim and _NAME not in interface.input_parameters:
        raise InvalidSpec(f"there is no input parameter {_NAME}", where=f"components.{component}.inputDefinitions")
    gives = {OUTPUT} if kind is CreateClaim else set()
    if interface.output_artifacts or set(interface.output_parameters) != gives:
        raise InvalidSpec(
            f"a component of this image gives {' and '.join(gives) or 'nothing'}",
            where=f"components.{component}.outputDefinitions",
            hint="Use the component of kfp-kubernetes as it is",
        )
    return kind(component, interface, label)


def wanted(parameters: Mapping[str, JsonValue], context: RunContext, namespace: str) -> Claim:
    """The claim that CreatePVC is to make, but for its uid and time of birth. Raises InvalidInput.

    A suffix makes a name of the run's own; with neither name nor suffix the run's resource name is it.
    """
    name, suffix = _text(parameters, _NAME), _text(parameters, _SUFFIX)
    if name and suffix:
        raise InvalidInput(f"{_NAME} and {_SUFFIX} are both given", where=_NAME, hint="Give one of them")
    if parameters.get("data_source"):
        raise InvalidInput(
            "a claim cannot be made of a snapshot or of another claim here", where="data_source", hint="Leave it out"
        )
    modes = parameters.get("access_modes") or ()
    if not isinstance(modes, list | tuple):
        raise InvalidInput(f"{describe(modes)} is no list of access modes", where="access_modes")
    annotations = parameters.get("annotations") or {}
    if not isinstance(annotations, Mapping):
        raise InvalidInput(f"{describe(annotations)} is no dict", where="annotations")
    claim = Claim(
        uid="",
        namespace=namespace,
        name=name or f"{context.resource_name}{suffix}",
        size=_text(parameters, "size"),
        created_at=Instant(0),
        access_modes=tuple(to_text(mode) for mode in modes),
        storage_class=_text(parameters, "storage_class_name") or STORAGE_CLASS,
        volume_name=_text(parameters, "volume_name"),
        annotations={key: to_text(value) for key, value in annotations.items()},
    )
    check_claim(claim)
    return claim


def is_named(parameters: Mapping[str, JsonValue]) -> bool:
    """Whether the pipeline itself names the claim: then it may be there from an earlier run."""
    return bool(_text(parameters, _NAME))


def unwanted(parameters: Mapping[str, JsonValue]) -> str:
    """The name of the claim that DeletePVC is to delete. Raises InvalidInput."""
    name = _text(parameters, _NAME)
    if not name:
        raise InvalidInput("no claim is named", where=_NAME, hint="Give the name that CreatePVC gave")
    return name


def _text(parameters: Mapping[str, JsonValue], key: str) -> str:
    value = parameters.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{describe(value)} is no text", where=key)
    return value
