from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.clock import SECOND, Instant, SystemClock, from_rfc3339, to_rfc3339

EARLIEST = int(datetime(1, 1, 2, tzinfo=UTC).timestamp()) * SECOND
LATEST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp()) * SECOND

instants = st.integers(EARLIEST, LATEST).map(Instant)


@given(instants)
def test_an_instant_survives_its_text(instant: Instant) -> None:
    assert from_rfc3339(to_rfc3339(instant)) == instant


@given(instants, instants)
def test_texts_to_the_second_sort_as_instants_do(one: Instant, other: Instant) -> None:
    whole = [Instant(each - each % SECOND) for each in (one, other)]
    assert (to_rfc3339(whole[0]) < to_rfc3339(whole[1])) == (whole[0] < whole[1])


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_769_846_400 * SECOND, "2026-01-31T08:00:00Z"),
        (1_769_846_400 * SECOND + 250_000, "2026-01-31T08:00:00.250Z"),
        (1_769_846_400 * SECOND + 1, "2026-01-31T08:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (int(datetime(999, 1, 1, tzinfo=UTC).timestamp()) * SECOND, "0999-01-01T00:00:00Z"),
    ],
)
def test_the_fraction_has_the_digits_it_needs(instant: int, text: str) -> None:
    assert to_rfc3339(Instant(instant)) == text


@pytest.mark.parametrize(
    "text", ["2026-01-31T08:00:00Z", "2026-01-31T08:00:00", "2026-01-31T10:00:00+02:00", "2026-01-31T05:30:00-02:30"]
)
def test_offsets_are_understood_and_a_missing_one_is_utc(text: str) -> None:
    assert from_rfc3339(text) == 1_769_846_400 * SECOND


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "1769846400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_rfc3339(text)


def test_the_system_clock_counts_microseconds_since_1970() -> None:
    before = datetime.now(UTC).timestamp()
    now = SystemClock().now()
    assert before * SECOND - SECOND <= now <= datetime.now(UTC).timestamp() * SECOND + SECOND
