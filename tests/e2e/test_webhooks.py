"""`headrace webhook`, as a user types it."""

from tests.e2e.conftest import Cli


def test_a_webhook_is_called_as_its_url_begins(up: Cli) -> None:
    url = f"https://example.org/{'x' * 500}"
    made = up.json("webhook", "create", url)
    assert (made["url"], made["display_name"]) == (url, url[:128])
    assert made["webhook_id"][:8] in up.run("webhook", "ls").stdout
    assert up.json("webhook", "get", url[:128])["webhook_id"] == made["webhook_id"]
    assert up.json("webhook", "delete", made["webhook_id"]) == {"webhook_id": made["webhook_id"]}
    assert up.json("webhook", "ls") == []
