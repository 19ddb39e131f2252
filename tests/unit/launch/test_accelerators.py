"""Which accelerators a machine has, and that they are shared by count, in order, and across restarts."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from headrace.launch.accelerators import Accelerators, find, maker_of
from headrace.spec.quantity import Quantities


def machine(root: Path, *files: str) -> Path:
    for name in files:
        file, _, content = name.partition("=")
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(content)
    return root


def gpus(count: int, kind: str = "nvidia.com/gpu") -> Quantities:
    return Quantities(accelerator_type=kind, accelerators=count)


def sharing(folder: Path, count: int = 2, over: Iterable[str] = ()) -> Accelerators:
    accelerators = Accelerators(
        {"nvidia": tuple(map(str, range(count)))}, folder / "accelerators", set(over).__contains__
    )
    accelerators.load()
    return accelerators


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        ((), {}, {}),
        (("dev/nvidia0", "dev/nvidia1", "dev/nvidiactl", "dev/nvidia-uvm"), {}, {"nvidia": ("0", "1")}),
        (("proc/driver/nvidia/gpus/0000:01:00.0/information",), {}, {"nvidia": ("0",)}),
        (("dev/nvidia3", "proc/driver/nvidia/gpus/a/i", "proc/driver/nvidia/gpus/b/i"), {}, {"nvidia": ("0",)}),
        (("dev/nvidia0", "dev/nvidia1"), {"CUDA_VISIBLE_DEVICES": "1"}, {"nvidia": ("1",)}),
        (("dev/nvidia0",), {"CUDA_VISIBLE_DEVICES": "GPU-1f, GPU-2e,-1,3"}, {"nvidia": ("GPU-1f", "GPU-2e")}),
        (("dev/nvidia0",), {"CUDA_VISIBLE_DEVICES": ""}, {}),
        ((), {"CUDA_VISIBLE_DEVICES": "0"}, {}),
        (("dev/kfd", "dev/dri/renderD128", "dev/dri/card0"), {}, {"amd": ("0",)}),
        (("dev/dri/renderD128",), {}, {}),
        (
            (
                "dev/kfd",
                "dev/dri/renderD128",
                "dev/dri/renderD129",
                "sys/class/drm/renderD128/device/vendor=0x8086\n",
                "sys/class/drm/renderD129/device/vendor=0x1002\n",
            ),
            {"HIP_VISIBLE_DEVICES": "0"},
            {"amd": ("0",)},
        ),
    ],
)
def test_what_a_machine_has(
    tmp_path: Path, files: tuple[str, ...], environment: dict[str, str], expected: dict[str, tuple[str, ...]]
) -> None:
    assert find(environment, machine(tmp_path, *files)) == expected


def test_who_makes_them() -> None:
    kinds = ("nvidia.com/gpu", "NVIDIA_TESLA_K80", "amd.com/gpu", "cloud-tpus.google.com/v3", "")
    assert [maker_of(each) for each in kinds] == ["nvidia", "nvidia", "amd", "", ""]


def test_they_are_shared_by_count(tmp_path: Path) -> None:
    shared = sharing(tmp_path)
    assert shared.held_up("a", gpus(1)) == ""
    assert shared.take("a", gpus(1)) == {"CUDA_VISIBLE_DEVICES": "0"}
    assert shared.take("b", gpus(1, "NVIDIA_TESLA_K80")) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert shared.held_up("c", gpus(1)) == "for 1 nvidia.com/gpu: this machine has 2, of which 0 are free"
    shared.give_back("a")
    assert shared.held_up("c", gpus(1)) == ""
    assert shared.take("c", gpus(1)) == {"CUDA_VISIBLE_DEVICES": "0"}


def test_one_that_asks_for_nothing_is_given_nothing(tmp_path: Path) -> None:
    shared = sharing(tmp_path)
    assert shared.take("a", Quantities()) == shared.take("b", gpus(0)) == {}
    assert (shared.held_up("c", Quantities()), shared.warning(Quantities())) == ("", "")


def test_who_came_first_is_not_overtaken(tmp_path: Path) -> None:
    shared = sharing(tmp_path)
    shared.take("a", gpus(1))
    assert "of which 1 are free" in shared.held_up("both", gpus(2))
    assert shared.held_up("later", gpus(1)).endswith("of which 1 are free, and 1 waited before it")
    shared.give_back("a")
    assert shared.held_up("later", gpus(1))
    assert shared.held_up("both", gpus(2)) == ""
    assert shared.take("both", gpus(2)) == {"CUDA_VISIBLE_DEVICES": "0,1"}
    shared.give_back("both")
    assert shared.held_up("later", gpus(1)) == ""


def test_one_that_was_killed_while_it_waited_leaves_the_row(tmp_path: Path) -> None:
    shared = sharing(tmp_path)
    shared.take("a", gpus(1))
    assert shared.held_up("both", gpus(2))
    shared.give_back("both")
    assert shared.held_up("later", gpus(1)) == ""


def test_what_the_machine_does_not_have_is_advice(tmp_path: Path) -> None:
    shared = sharing(tmp_path, 1)
    assert shared.warning(gpus(1)) == ""
    assert shared.warning(gpus(4)) == "it asks for 4 nvidia.com/gpu, and this machine has 1: it runs with that"
    assert shared.take("a", gpus(4)) == {"CUDA_VISIBLE_DEVICES": "0"}
    assert (
        shared.warning(gpus(2, "amd.com/gpu"))
        == "it asks for 2 amd.com/gpu, and this machine has none: it runs without"
    )
    assert shared.take("b", gpus(2, "amd.com/gpu")) == {}
    assert shared.held_up("c", gpus(1, "cloud-tpus.google.com/v3")) == ""


def test_they_are_kept_across_a_restart(tmp_path: Path) -> None:
    before = sharing(tmp_path)
    before.take("other", gpus(1))
    before.take("adopted", gpus(1))
    before.give_back("other")
    after = sharing(tmp_path)
    assert "of which 1 are free" in after.held_up("both", gpus(2))
    assert after.held_up("adopted", gpus(1)) == "", "it has what it needs, whoever waits"
    assert after.take("adopted", gpus(1)) == {"CUDA_VISIBLE_DEVICES": "1"}
    after.give_back("adopted")
    assert after.held_up("both", gpus(2)) == ""
    assert list((tmp_path / "accelerators").iterdir()) == []


def test_the_id_of_a_part_may_hold_slashes(tmp_path: Path) -> None:
    part, folder = "MIG-GPU-1f/1/0", tmp_path / "accelerators"
    first = Accelerators({"nvidia": (part,)}, folder, lambda _: False)
    assert first.take("a", gpus(1)) == {"CUDA_VISIBLE_DEVICES": part}
    again = Accelerators({"nvidia": (part,)}, folder, lambda _: False)
    again.load()
    assert again.held_up("b", gpus(1))
    assert again.take("a", gpus(1)) == {"CUDA_VISIBLE_DEVICES": part}
    again.give_back("a")
    assert list(folder.iterdir()) == []


def test_those_of_a_step_that_ended_unseen_are_taken_back_once_somebody_waits(tmp_path: Path) -> None:
    sharing(tmp_path, 1).take("gone", gpus(1))
    after = sharing(tmp_path, 1, over=["gone"])
    assert after.held_up("next", gpus(1)) == ""
    assert after.take("next", gpus(1)) == {"CUDA_VISIBLE_DEVICES": "0"}
