"""Ages as people write them."""

import pytest

from headrace.base import age
from headrace.base.clock import SECOND
from headrace.base.errors import InvalidInput
from headrace.base.settings import RETENTION, Settings
from headrace.model import retention
from headrace.model.retention import FOREVER, Retention


@pytest.mark.parametrize(
    ("text", "seconds", "spelt"),
    [
        ("90d", 90 * 86_400, "90d"),
        ("14d", 14 * 86_400, "2w"),
        ("1.5h", 5400, "90m"),
        ("0s", 0, "0s"),
        ("0.5s", 0.5, "0.5s"),
    ],
)
def test_an_age_is_read_and_spelt(text: str, seconds: float, spelt: str) -> None:
    micros = age.parse(text, "here")
    assert micros == seconds * SECOND
    assert age.spell(micros) == spelt
    assert age.parse(spelt, "here") == micros


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1d2h", "1y", "9999999999d", "999999999w", "1000000d"])
def test_what_is_no_age_names_where_it_stands(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"here: .* is no age"):
        age.parse(text, "here")


@pytest.mark.parametrize("name", RETENTION)
def test_a_setting_of_retention_is_an_age_or_forever(name: str) -> None:
    for text in ("", "forever", "30d"):
        assert getattr(Settings(**{name: text}), name) == text
    with pytest.raises(InvalidInput, match=name):
        Settings(**{name: "long"})


def test_an_experiment_goes_before_the_server() -> None:
    server, own = Retention(runs=1, logs=2), Retention(runs=FOREVER, cache=3)
    assert own.over(server) == Retention(runs=FOREVER, logs=2, cache=3)
    assert Retention(runs=FOREVER).keeps_all
    assert not server.keeps_all
    assert [retention.parse(retention.spell(part), "") for part in (None, FOREVER, SECOND)] == [None, FOREVER, SECOND]
