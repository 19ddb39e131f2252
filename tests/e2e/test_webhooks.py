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


def test_what_it_is_about_must_be_there(up: Cli) -> None:
    for option in ("--experiment", "--schedule", "--run"):
        said = up.run("webhook", "create", "https://example.org/hook", option, "nowhere", code=2).stderr
        assert said.startswith("headrace: nowhere: no ")
    assert "nowhere" not in up.run("ls", "experiments").stdout


def test_names_are_shown_as_they_are(up: Cli) -> None:
    name = "[/hooks] :smile: \x1b[31m"
    made = up.json("webhook", "create", "https://example.org/hook", "--name", name)
    assert "[/hooks] :smile: [31m" in up.run("webhook", "ls").stdout
    assert "[/hooks] :smile: [31m\n" in up.run("webhook", "get", made["webhook_id"][:8]).stdout
    up.run("webhook", "deliveries", made["webhook_id"])
    up.run("webhook", "delete", name)
