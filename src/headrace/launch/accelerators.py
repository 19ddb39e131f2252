"""The accelerators of this machine, and which attempt has which: steps share them by count.

Takes what steps ask for (`Quantities`); gives the ids that an attempt may use, the variables that tell its libraries
so, or the reason why it has to wait. Who has which is in the home, a file for each that is taken, so that steps which
were adopted keep theirs. What the machine does not have is advice: the step runs without, and is warned.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from headrace.spec.quantity import Quantities

_VARIABLES = {"nvidia": "CUDA_VISIBLE_DEVICES", "amd": "HIP_VISIBLE_DEVICES"}
"""What a maker's libraries read; the server's own narrows down what steps get."""

_AMD = "0x1002"


def find(environment: Mapping[str, str], root: Path = Path("/")) -> dict[str, tuple[str, ...]]:
    """The ids of the machine's accelerators, by their maker; those of them that the server itself may see."""
    counts = {"nvidia": _nvidia(root), "amd": _amd(root)}
    found = {}
    for maker, count in counts.items():
        visible = environment.get(_VARIABLES[maker])
        ids = tuple(map(str, range(count))) if visible is None or not count else tuple(_visible(visible))
        if ids:
            found[maker] = ids
    return found


def _visible(text: str) -> Iterator[str]:
    """The ids up to the first that is none, as the libraries read them."""
    for each in map(str.strip, text.split(",")):
        if not each or each.startswith("-"):
            return
        yield each


def _nvidia(root: Path) -> int:
    """The devices, which a container has only some of; else those that the driver names."""
    devices = [each for each in root.glob("dev/nvidia[0-9]*") if each.name.removeprefix("nvidia").isdigit()]
    return len(devices) or sum(1 for _ in root.glob("proc/driver/nvidia/gpus/*"))


def _amd(root: Path) -> int:
    """The render nodes of AMD's, where its compute driver is loaded."""
    if not (root / "dev/kfd").exists():
        return 0
    nodes = (each.name for each in root.glob("dev/dri/renderD*"))
    return sum(1 for name in nodes if _is_amd(root / f"sys/class/drm/{name}/device/vendor"))


def _is_amd(vendor: Path) -> bool:
    try:
        return vendor.read_text().strip() == _AMD
    except OSError:
        return True  # nobody says otherwise


def maker_of(kind: str) -> str:
    """Who makes accelerators of that type, such as `nvidia.com/gpu` or `NVIDIA_TESLA_K80`; "" for others."""
    return next((maker for maker in _VARIABLES if maker in kind.lower()), "")


@dataclass(slots=True)
class Accelerators:
    """`machine` is what `find` gives, `folder` where it is noted who has which.

    `is_over` tells of an attempt that was given some before this server was started whether it has ended.
    """

    machine: Mapping[str, tuple[str, ...]]
    folder: Path
    is_over: Callable[[str], bool]
    _taken: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Maker and ids, by attempt."""
    _inherited: set[str] = field(default_factory=set)
    """Attempts that an earlier server gave some, and that were not launched again yet."""
    _waiting: dict[str, dict[str, None]] = field(default_factory=dict)
    """By maker, the attempts that wait, in the order in which they came."""

    def load(self) -> None:
        """Take note of what attempts were given before. Raises OSError. Blocking."""
        held: dict[str, list[tuple[str, str]]] = {}
        for maker in _VARIABLES:
            for file in self.folder.glob(f"{maker}-*"):
                held.setdefault(file.read_text(), []).append((maker, unquote(file.name.removeprefix(f"{maker}-"))))
        for attempt_id, devices in held.items():
            self._taken[attempt_id] = devices[0][0], tuple(sorted(device for _, device in devices))
        self._inherited = set(held)

    def held_up(self, attempt_id: str, asked: Quantities) -> str:
        """Why the attempt has to wait, which gives it a place in the row; "" where it may have all, or has it."""
        maker, count = self._wanted(asked)
        if not count or attempt_id in self._taken:
            return ""
        row = self._waiting.setdefault(maker, {})
        row.setdefault(attempt_id)
        free = self._free(maker)
        if len(free) < count and self._inherited:
            self._settle()
            free = self._free(maker)
        before = list(row).index(attempt_id) if next(iter(row)) != attempt_id else 0
        if not before and len(free) >= count:
            return ""
        others = f", and {before} waited before it" if before else ""
        return (
            f"for {count} {asked.accelerator_type}: this machine has {len(self.machine[maker])}, "
            f"of which {len(free)} are free{others}"
        )

    def take(self, attempt_id: str, asked: Quantities) -> dict[str, str]:
        """Give the attempt what it asks for, or had; the variables that say what. Raises OSError.

        An attempt that ran before is given what it had; one that was not made to wait, what there is.
        """
        maker, count = self._wanted(asked)
        if not count:
            return {}
        self._inherited.discard(attempt_id)
        if attempt_id not in self._taken:
            ids = self._free(maker)[:count]
            self.folder.mkdir(parents=True, exist_ok=True)
            for each in ids:
                file = self._file(maker, each)
                fresh = file.with_name(f".{file.name}")
                fresh.write_text(attempt_id)
                fresh.replace(file)
            self._taken[attempt_id] = maker, ids
        self._waiting.get(maker, {}).pop(attempt_id, None)
        return {_VARIABLES[maker]: ",".join(self._taken[attempt_id][1])}

    def give_back(self, attempt_id: str) -> None:
        """The attempt has ended, or will not start."""
        for row in self._waiting.values():
            row.pop(attempt_id, None)
        self._inherited.discard(attempt_id)
        maker, ids = self._taken.pop(attempt_id, ("", ()))
        for each in ids:
            self._file(maker, each).unlink(missing_ok=True)

    def warning(self, asked: Quantities) -> str:
        """What is to be said of what the machine does not have."""
        has = len(self.machine.get(maker_of(asked.accelerator_type), ()))
        if asked.accelerators <= has:
            return ""
        instead = f"has {has}: it runs with {'that' if has == 1 else 'these'}" if has else "has none: it runs without"
        return f"it asks for {asked.accelerators} {asked.accelerator_type}, and this machine {instead}"

    def _wanted(self, asked: Quantities) -> tuple[str, int]:
        """Whose, and how many: what it asks for, as far as the machine has it."""
        maker = maker_of(asked.accelerator_type)
        return maker, min(asked.accelerators, len(self.machine.get(maker, ())))

    def _free(self, maker: str) -> tuple[str, ...]:
        taken = {each for whose, ids in self._taken.values() if whose == maker for each in ids}
        return tuple(each for each in self.machine[maker] if each not in taken)

    def _settle(self) -> None:
        """Take back what attempts have that ended while no server looked."""
        for attempt_id in [each for each in self._inherited if self.is_over(each)]:
            self.give_back(attempt_id)

    def _file(self, maker: str, device: str) -> Path:
        return self.folder / f"{maker}-{quote(device, safe='')}"  # older drivers have slashes in a part's id
