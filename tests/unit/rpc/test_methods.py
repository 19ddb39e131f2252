"""The table of methods against the .proto files."""

import re
import subprocess
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from headrace.rpc.methods import FILES, RULES, descriptors

ROOT = Path(__file__).parents[3]
PROTO = Path("src/headrace/rpc/proto")
METHODS = list(descriptors())


def test_every_method_has_its_rule() -> None:
    assert sorted(each.name for each in METHODS) == sorted(RULES)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_rule_names_fields_of_its_request(method: MethodDescriptor) -> None:
    rule, request = RULES[method.name], method.input_type
    for path in re.findall(r"\{([a-z_.]+)(?::path)?\}", rule.path):
        message: Descriptor = request
        *parents, last = path.split(".")
        for parent in parents:
            message = message.fields_by_name[parent].message_type
        assert last in message.fields_by_name
    if rule.body not in ("", "*"):
        assert request.fields_by_name[rule.body].message_type is not None
    assert rule.body == "" or rule.verb in ("POST", "PATCH")
    GetMessageClass(method.output_type)


def test_what_is_generated_is_of_the_proto_files(tmp_path: Path) -> None:
    """`make proto` was run after the last change of them."""
    subprocess.run([ROOT / ".ci/proto", tmp_path], check=True, capture_output=True)
    made = tmp_path / PROTO.relative_to("src")
    names = {each.name for each in made.iterdir()}
    assert names == {each.name for each in (ROOT / PROTO).glob("*_pb2.py*")}
    for name in names:
        assert (made / name).read_text() == (ROOT / PROTO / name).read_text(), f"{name}: run `make proto`"
    assert all(file.package == "kubeflow.pipelines.backend.api.v2beta1" for file in FILES)
