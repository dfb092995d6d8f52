"""The vendor's words stay with the vendor: what its API calls things, and how it spells a call's status."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from dialer.provider.bolna.sandbox.plan import STATUSES

PACKAGE = Path(__file__).parent.parent / "dialer"
ALLOWED = ("provider/", "config/campaign/")
"""Where they may stand: `[call]` of a campaign file is the vendor's own table."""
FIELDS = (
    *("recipient_phone_number", "from_phone_number", "user_data", "agent_data", "voice_id", "retry_config"),
    *("retry_on_statuses", "max_retries", "bypass_call_guardrails", "context_details", "recipient_data"),
    *("telephony_data", "to_number", "from_number", "user_number", "conversation_duration", "answered_by_voice_mail"),
    *("total_cost", "extracted_data", "agent_name", "agent_welcome_message", "has_more", "page_number", "phone_number"),
)
OURS = {
    ("campaign_file.py", "user_data"): "a table of the campaign file",
    ("payload.py", "user_data"): "a table of the campaign file",
    ("columns.py", "recipient_phone_number"): "a column of the results",
    ("reading.py", "recipient_phone_number"): "a column of the results",
    ("run.py", "agent_id"): "a field of the plan",
    ("batch_state.py", "stopped"): "a state of a batch",
    ("last_run.py", "failed"): "how a run ended",
    ("serve.py", "failed"): "how the work of the page ended",
    ("dnc.py", "phone_number"): "a column of what is exported",
    ("number.py", "voicemail"): "a type of number",
    ("numbers.py", "voicemail"): "a type of number",
    ("plans.py", "voicemail"): "a type of number",
}
"""The same word for something of ours, by module."""
# Of the statuses, "queued" and "error" are also states of a recipient.
STATUS_WORDS = {*STATUSES, "voicemail"} - {"queued", "error"}
COMMENT = re.compile("--.*")
IN_SQL = re.compile("'([a-z-]+)'|\\$\\.([a-z_]+)")


NAMED = ("provider/", "config/", "store/sqlite/schema.py")
"""Where the vendor's name may stand: `schema.py` holds steps that old ledgers were made by."""


def texts(path: Path) -> set[str]:
    """Return every text of a module that is not a docstring; of SQL, the texts in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    }
    return found | {word for text in found for pair in IN_SQL.findall(COMMENT.sub("", text)) for word in pair if word}


def test_no_module_but_the_provider_s_holds_a_word_of_the_vendor_s() -> None:
    for path in PACKAGE.rglob("*.py"):
        if not path.relative_to(PACKAGE).as_posix().startswith(ALLOWED):
            words = (STATUS_WORDS | {*FIELDS}) & texts(path)
            assert {word for word in words if (path.name, word) not in OURS} == set(), path


def test_no_module_but_the_provider_s_names_the_vendor() -> None:
    """Also not in a comment: what a person reads has the name from the provider in use."""
    others = [path for path in PACKAGE.rglob("*.py") if not path.relative_to(PACKAGE).as_posix().startswith(NAMED)]
    assert [str(path) for path in others if "bolna" in path.read_text(encoding="utf-8").casefold()] == []
