"""The SDK's commands, in all their spellings, are recognised; everything else is left as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.launch.command import Command, PipInstall, PythonComponent, recognise

ARGS = ("--executor_input", "{{$}}", "--function_to_execute", "train")
ENSURE = """
if ! [ -x "$(command -v pip)" ]; then
    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
fi

"""
PIP = "python3 -m pip install --quiet --no-warn-script-location"
FLAGS = ("--quiet", "--no-warn-script-location")
VENV = """
export PIP_DISABLE_PIP_VERSION_CHECK=1
tmp=$(mktemp -d)
python3 -m venv "$tmp/venv" --system-site-packages
. "$tmp/venv/bin/activate"
"""
RUN = (
    'program_path=$(mktemp -d)\n\nprintf "%s" "$0" > "$program_path/ephemeral_component.py"\n'
    "_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path "
    '                        "$program_path/ephemeral_component.py"                         "$@"\n'
)
COMPONENT = PythonComponent("kfp.dsl.executor_main", True, "source", ARGS)
KFP = "'kfp==2.14.6' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"'"
KFP_WORDS = ("kfp==2.14.6", "--no-deps", 'typing-extensions>=3.7.4,<5; python_version<"3.9"')


def of(script: str, run: str = RUN) -> Command:
    return recognise(("sh", "-c", script, "sh", "-ec", run, "source"), ARGS)


@pytest.mark.parametrize(
    ("script", "installs"),
    [
        (f'{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} {KFP} && "$0" "$@"\n', [KFP_WORDS]),
        (
            f"{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} 'a==1' 'b'  &&  {PIP} {KFP} && \"$0\" \"$@\"\n",
            [("a==1", "b"), KFP_WORDS],
        ),
        (
            f"{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} --index-url https://x/simple "
            f'--extra-index-url https://y/simple?a=b --trusted-host https://x/simple {KFP} && "$0" "$@"\n',
            [
                (
                    *("--index-url", "https://x/simple", "--extra-index-url", "https://y/simple?a=b"),
                    *("--trusted-host", "https://x/simple", *KFP_WORDS),
                )
            ],
        ),
        (f'{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {VENV} {PIP} {KFP} && "$0" "$@"\n', [KFP_WORDS]),
        (
            f'{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} \'a\'  &&  {VENV} {PIP} {KFP} && "$0" "$@"\n',
            [("a",), KFP_WORDS],
        ),
        (
            f"{ENSURE}PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} 'git+https://x/y@refs/pull/1/merge#egg=kfp' '--no-deps'"
            ' && "$0" "$@"\n',
            [("git+https://x/y@refs/pull/1/merge#egg=kfp", "--no-deps")],
        ),
        (
            f"(PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} 'a==1' 'b' || PIP_DISABLE_PIP_VERSION_CHECK=1 {PIP} 'a==1' 'b' "
            '--user) && "$0" "$@"',
            [("a==1", "b")],
        ),
    ],
    ids=["usual", "packages first", "indexes", "use_venv", "packages and use_venv", "kfp_package_path", "SDK 1.8"],
)
def test_bootstraps(script: str, installs: list[tuple[str, ...]]) -> None:
    found = of(script)
    assert found.installs == tuple(PipInstall((*FLAGS, *words)) for words in installs)
    assert found.component == COMPONENT
    assert COMPONENT.function == "train"


def test_no_bootstrap_at_all() -> None:
    assert recognise(("sh", "-ec", RUN, "source"), ARGS) == Command((), ("sh", "-ec", RUN, "source", *ARGS), COMPONENT)


@pytest.mark.parametrize(
    ("run", "component"),
    [
        (RUN.replace("   ", " \\\n   "), COMPONENT),
        (
            RUN.replace("_KFP_RUNTIME=true ", "").replace("kfp.dsl", "kfp.components"),
            PythonComponent("kfp.components.executor_main", False, "source", ARGS),
        ),
        (RUN + "rm -rf $program_path\n", None),
        (RUN.replace("kfp.dsl.executor_main", "other"), None),
    ],
    ids=["continued lines", "SDK 2.0", "something after it", "another module"],
)
def test_runs(run: str, component: PythonComponent | None) -> None:
    assert recognise(("sh", "-ec", run, "source"), ARGS).component == component


@pytest.mark.parametrize(
    "script",
    [
        'apt-get update && "$0" "$@"',
        f'{PIP} a && rm -rf / && "$0" "$@"',
        f'{PIP} $PACKAGES && "$0" "$@"',
        f'{PIP} a; "$0" "$@"',
        f'{PIP} a && "$0" "$@" || true',
        f'({PIP} a || {PIP} b --user) && "$0" "$@"',
        f'{PIP} "a && "$0" "$@"',
        f'{PIP} a && exec "$0" "$@"',
        "echo hello",
        "",
    ],
)
def test_other_scripts_are_left_alone(script: str) -> None:
    found = of(script)
    assert found.installs == ()
    assert found.component is None
    assert found.argv == ("sh", "-c", script, "sh", "-ec", RUN, "source", *ARGS)


def test_pip_before_another_command() -> None:
    found = recognise(("sh", "-c", f'{PIP} \'a\' && "$0" "$@"', "python3", "-u", "-c", "program"), ("--x", "1"))
    assert found == Command((PipInstall((*FLAGS, "a")),), ("python3", "-u", "-c", "program", "--x", "1"), None)


@given(st.lists(st.text(max_size=40), max_size=6), st.lists(st.text(max_size=10), max_size=3))
def test_any_command_comes_out_as_it_went_in(command: list[str], args: list[str]) -> None:
    assert recognise(tuple(command), tuple(args)).argv == (*command, *args)


@given(st.text(alphabet="ab '\"\\$&|;()\n-=", max_size=60))
def test_any_script_is_taken_or_left(script: str) -> None:
    found = of(script)
    assert found.argv[0] == "sh"


def test_a_containerized_component_has_its_code_in_its_image() -> None:
    """What `target_image` compiles to."""
    command = ("python3", "-m", "kfp.dsl.executor_main")
    component = PythonComponent("kfp.dsl.executor_main", False, None, ARGS)
    assert recognise(command, ARGS) == Command((), (*command, *ARGS), component)
    assert component.function == "train"


@pytest.mark.parametrize(
    "argv", [("python3", "-m"), ("python3", "-m", "kfp.x"), ("python", "-m", "kfp.dsl.executor_main")]
)
def test_other_modules_are_commands(argv: tuple[str, ...]) -> None:
    assert recognise(argv, ()) == Command((), argv, None)
