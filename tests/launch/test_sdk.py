"""What the SDK compiles today is recognised, whatever a component asks for."""

import json
import subprocess
import sys
from pathlib import Path

from headrace.launch.command import recognise
from headrace.launch.pip import parse

COMPILE = """
import itertools, json
from kfp import dsl

def step(x: int) -> int:
    return x

choices = itertools.product(
    [None, ['pandas', 'a[b]>=1,<2']],
    [None, ['https://u:p@h/simple'], ['https://h/simple', 'https://i/simple']],
    [None, [], ['h']],
    [False, True],
    [True, False],
    [None, 'git+https://example.org/pipelines.git@master#subdirectory=sdk/python'],
)
found = []
for packages, indexes, hosts, venv, kfp, path in choices:
    made = dsl.component(step, packages_to_install=packages, pip_index_urls=indexes, pip_trusted_hosts=hosts,
                         use_venv=venv, install_kfp_package=kfp, kfp_package_path=path)
    container = made.component_spec.implementation.container
    found.append((packages, indexes, kfp, container.command, container.args))
print(json.dumps(found))
"""


def test_all_that_a_component_can_ask_for(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(COMPILE)
    done = subprocess.run([sys.executable, "-W", "ignore", program], capture_output=True, text=True, check=True)
    compiled = json.loads(done.stdout)
    assert len(compiled) == 144
    for packages, indexes, kfp, command, args in compiled:
        found = recognise(tuple(command), tuple(args))
        assert found.component is not None
        assert found.component.light
        assert found.component.function == "step"
        installs = [parse(install) for install in found.installs]
        assert len(installs) == bool(packages) + kfp
        assert not packages or list(installs[0].requirements) == packages
        for install in installs:
            assert install.sources.index == (indexes or [""])[0]
