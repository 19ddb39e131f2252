"""Images over HTTP: mapped to an upload, kept by content, listed, unmapped; and what is refused."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Api

from headrace.api import body
from headrace.api import images as handlers

IMAGES = "/api/v1/images"
NAME = "registry.example.com/team/train:1"


def archive(**files: str) -> bytes:
    """A tar.gz; a name's `__` are dots."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as members:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(text)
            members.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def put(api: Api, data: bytes, *, image: str = NAME, requirements: str = "", **query: str) -> Any:
    texts = {"requirements": requirements} if requirements else {}
    return api.http.put(IMAGES, params={"image": image, **query}, files={"uploadfile": ("c", data)}, data=texts)


def contexts(api: Api) -> list[Path]:
    folder = api.services.home.contexts
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_an_image_is_mapped_again_listed_and_unmapped(api: Api) -> None:
    made = put(api, archive(main__py="print(1)", requirements__txt="numpy==2.0"), python="3.12").json()
    told = {"image": NAME, "python": "3.12", "requirements": ["numpy==2.0"], "files": 2, "size": "18"}
    assert {key: made[key] for key in told} == told
    [context] = contexts(api)
    assert context.name == made["context"]
    assert (context / "files" / "main.py").read_text() == "print(1)"
    again = put(api, archive(main__py="print(2)")).json()
    assert again["context"] != made["context"]
    assert again["created_at"] == made["created_at"] < again["updated_at"]
    assert "python" not in again
    other = put(api, archive(main__py="print(1)"), image="a/*").json()
    assert api.http.get(IMAGES).json() == {"images": [other, again]}
    assert len(contexts(api)) == 3
    assert api.http.delete(IMAGES, params={"image": NAME}).json() == {}
    assert api.http.delete(IMAGES, params={"image": NAME}).status_code == 404
    assert api.http.get(IMAGES).json() == {"images": [other]}


def test_requirements_come_as_a_text_too_and_their_credentials_stay_with_the_sources(api: Api) -> None:
    lines = "--index-url https://me:pa55@x/simple\nkfp==2.14.6\n"
    answer = put(api, archive(main__py="import kfp", requirements__txt="a"), requirements=lines, kfp="2.17.0")
    assert answer.json()["requirements"] == ["--index-url", "https://x/simple", "kfp==2.14.6"]
    assert "pa55" not in answer.text + api.http.get(IMAGES).text
    [context] = contexts(api)
    assert "pa55" in (context / "context.json").read_text()
    named = put(api, archive(main__py="import kfp", needs="b"), requirements_file="needs", kfp="2.17.0").json()
    assert named["requirements"] == ["b", "kfp==2.17.0"]


@pytest.mark.parametrize("image", ["", " ", "a b", "a\tb", "ä", "x" * 513, "a\nb"])
def test_what_is_no_image_is_refused(api: Api, image: str) -> None:
    answer = put(api, archive(a="x"), image=image)
    assert (answer.status_code, answer.json()["message"].startswith("image: ")) == (400, True)
    assert api.http.delete(IMAGES, params={"image": image}).status_code == 400


@pytest.mark.parametrize(
    ("data", "query", "said"),
    [
        (b"", {}, "the file is empty"),
        (b"no archive", {}, "no tar.gz"),
        (archive(a="x")[:-30], {}, "no tar.gz"),
        (archive(requirements__txt="-e ."), {}, "requirements.txt, line 1"),
        (archive(requirements__txt="--odd x"), {}, "--odd"),
        (archive(a="x"), {"requirements_file": "b"}, "no file 'b'"),
        (archive(a="x"), {"requirements_file": "../../headrace.db"}, "no file"),
        (archive(a="x"), {"python": "3.12; rm"}, "python: "),
        (archive(a="x"), {"kfp": "x y"}, "kfp: "),
        (archive(a="x"), {"requirements": "--hash x"}, "--hash"),
    ],
    ids=range(10),
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(
    api: Api, data: bytes, query: dict[str, str], said: str
) -> None:
    answer = put(api, data, **query)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["message"]
    assert contexts(api) == []
    assert api.http.get(IMAGES).json() == {}


def test_what_is_no_form_or_too_large_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = api.http.put(IMAGES, params={"image": NAME}, content=archive(a="x"))
    assert "no multipart form" in answer.json()["message"]
    answer = api.http.put(IMAGES, params={"image": NAME}, files={"file": ("c", b"x")})
    assert 'no file "uploadfile"' in answer.json()["message"]
    small = handlers.Kind("no", "hint", body.MEGABYTE)
    monkeypatch.setattr(handlers, "CONTEXT", small)
    assert put(api, bytes(body.MEGABYTE + 1)).status_code == 413
    assert put(api, bytes(3 * body.MEGABYTE)).status_code == 413
    assert contexts(api) == []
