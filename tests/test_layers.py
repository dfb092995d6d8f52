"""The house keeps its walls: layers, third-party packages, the closed top level, and what `--help` may load."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dialer"

# Low to high; a module imports only from layers below its own, or from its own package.
LAYERS = (
    {"escaping", "streams", "models", "clocks", "nearest"},
    {"moments", "input_rows"},
    {"messages"},
    {"errors", "files", "reference", "rate", "manual"},
    {"provider"},
    {"store", "numbers"},
    {"hours"},
    {"engine", "config"},
    {"intake"},
    {"sync", "export"},
    {"operations"},
    {"pages"},
    {"web"},
    {"cli"},
    {"__main__", "__init__"},
)
PAGES = "dialer.messages.pages"
"""What a person reads of the values of operations; the other messages are sentences, and lie below all rooms."""
SANDBOX = "dialer.provider.bolna.sandbox"
SANDBOX_FOLDER = PACKAGE.joinpath(*SANDBOX.split(".")[1:])
HOMES = {
    "pandas": {"export", "operations"},
    "numpy": {"numbers", "intake"},
    "phonenumbers": {"numbers"},
    "httpx": {"provider"},
    "httpcore": {"provider"},
    "sqlite3": {"store"},
    "filelock": {"store"},
    "psycopg": {"store"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "dotenv": {"config"},
    "tqdm": {"cli"},
    "click": {"cli"},
    "keyring": {"config"},
    "starlette": {"provider", "web"},
    "uvicorn": {"provider", "web"},
    "openpyxl": {"intake"},
    "xlsxwriter": {"export"},
    "jinja2": {"export", "web"},
    "markupsafe": {"export"},
    "matplotlib": {"export"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def noun(path: Path) -> str:
    """Return the module's name, a package counting as one."""
    return part_of(".".join(["dialer", *path.relative_to(PACKAGE).with_suffix("").parts]))


def part_of(module: str) -> str:
    return "pages" if module.startswith(PAGES) else module.split(".")[1]


def rank(name: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if name in layer)


@functools.cache
def imported(path: Path) -> set[str]:
    """Return every dotted module a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            of_package = node.module in {"dialer", "dialer.messages"}
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if of_package else {node.module}
    return found


def test_a_module_imports_only_from_lower_layers() -> None:
    for path in modules():
        own = noun(path)
        ours = {part_of(name) for name in imported(path) if name.startswith("dialer.")}
        higher = {name for name in ours - {own} if rank(name) >= rank(own)}
        assert not higher, f"{path.relative_to(PACKAGE)} imports {higher}"


def test_the_sandbox_shares_no_code_with_what_it_stands_in_for() -> None:
    for path in modules():
        ours = {name for name in imported(path) if name.startswith("dialer.")}
        sandbox = {name for name in ours if name.startswith(SANDBOX)}
        if SANDBOX_FOLDER in path.parents:
            assert ours == sandbox, path
        else:
            assert not sandbox or noun(path) == "provider", path


def test_nothing_but_the_provider_knows_the_vendor() -> None:
    others = [path for path in modules() if noun(path) != "provider"]
    assert [path for path in others if any(name.startswith("dialer.provider.bolna") for name in imported(path))] == []


def test_a_third_party_package_is_imported_only_where_it_belongs() -> None:
    for path in modules():
        for name in {name.split(".")[0] for name in imported(path)} & HOMES.keys():
            assert noun(path) in HOMES[name], f"{path.relative_to(PACKAGE)} imports {name}"


SQL = re.compile(r"\b(SELECT\b.*\bFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", re.DOTALL)
STORE = PACKAGE / "store"
QUERIES = [*STORE.glob("*/queries/*.py")]
WITH_SQL = {*QUERIES, *STORE.glob("*/schema.py")}


def test_sql_is_written_in_one_place() -> None:
    """Every other module uses a statement by its name."""
    texts = {
        (path, node.value)
        for path in set(modules()) - WITH_SQL
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [(path.name, text) for path, text in texts if SQL.search(text)] == []


def test_every_query_is_asked() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in STORE.rglob("*.py"))
    used = Counter(re.findall(r"\w+", code))
    names = {
        target.id
        for path in QUERIES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert {name for name in names if used[name] < 2} == set()


def test_every_module_has_its_layer() -> None:
    assert {noun(path) for path in modules()} == set().union(*LAYERS)


def test_the_top_level_is_closed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = {name.split("/")[0] for name in tracked if not name.startswith(".")}
    assert names <= {"pyproject.toml", "README.md", "dialer", "campaigns", "tests", "sample_data"}


def loaded_after(code: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


HEAVY = {"pandas", "numpy", "phonenumbers", "httpx", "pydantic", "starlette", "uvicorn"}


def test_help_loads_nothing_but_its_page() -> None:
    """What reads a command line takes several times as long to load as a person should wait for help."""
    loaded = loaded_after("from dialer.cli import main\nassert main(['--help']) == 0")
    assert not loaded & {*HEAVY, "click", "dataclasses", "json", "asyncio"}


def test_status_loads_nothing_heavy(tmp_path: Path) -> None:
    campaign = tmp_path / "c.toml"
    campaign.write_text('agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "r.csv"\n')
    # There is no ledger yet, which is found out only when it would be read.
    code = f"from dialer.cli import main\nassert main(['status', {str(campaign)!r}]) == 0"
    assert not loaded_after(code) & HEAVY


def test_a_plain_csv_is_judged_without_pandas(tmp_path: Path) -> None:
    """Its import takes as long as all the rest of a start."""
    campaign = tmp_path / "c.toml"
    campaign.write_text('agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "r.csv"\n')
    (tmp_path / "r.csv").write_text("phone,name\n+919812345678,Zoe\n")
    code = f"from dialer.cli import main\nassert main(['check', '--sandbox', {str(campaign)!r}]) == 0"
    assert "pandas" not in loaded_after(code)
