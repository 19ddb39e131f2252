from dataclasses import replace

import pytest

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.model.claim import Claim, check_claim

CLAIM = Claim(uid="u", namespace="", name="data", size="5Gi", created_at=Instant(1))


@pytest.mark.parametrize("name", ["a", "data-1", "demo-1234.my-pvc", "9", "a" * 253])
def test_names_of_kubernetes(name: str) -> None:
    check_claim(replace(CLAIM, name=name))


@pytest.mark.parametrize("name", ["", "Data", "a_b", "-a", "a-", "a..b", "a/b", "a\n", "a" * 254])
def test_names_that_it_refuses(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name of a claim"):
        check_claim(replace(CLAIM, name=name))


@pytest.mark.parametrize("size", ["5Gi", "1", "0.5Ti", "100M", "1e3", "128974848", "500m"])
def test_sizes_of_kubernetes(size: str) -> None:
    check_claim(replace(CLAIM, size=size))


@pytest.mark.parametrize("size", ["", "0", "0Gi", "5GB", "-1Gi", "Gi", "5 Gi", "a lot"])
def test_sizes_that_it_refuses(size: str) -> None:
    with pytest.raises(InvalidInput, match="is no size"):
        check_claim(replace(CLAIM, size=size))


@pytest.mark.parametrize("modes", [(), ("ReadWrite",), ("ReadWriteOnce", "")])
def test_access_modes_that_it_refuses(modes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="access mode"):
        check_claim(replace(CLAIM, access_modes=modes))
