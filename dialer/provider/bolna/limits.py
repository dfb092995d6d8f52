"""What Bolna is called, and what it allows as its documentation gives it (https://www.bolna.ai/docs)."""

from datetime import timedelta

from dialer.messages.names import ProviderNames
from dialer.provider import NAME
from dialer.provider.interface import Limits
from dialer.rate import Rate

NAMES = ProviderNames(
    name=NAME,
    key="BOLNA_API_KEY",
    address="BOLNA_BASE_URL",
    agent="BOLNA_AGENT_ID",
    base_url="https://api.bolna.ai",
    example_key="bn-...",
)
LIMITS = Limits(
    calls=Rate(500, 60.0),
    stops=Rate(900, 60.0),  # of 1000 for the whole organisation
    reads=Rate(950, 60.0),  # of the same 1000
    pages=Rate(450, 60.0),  # of 500
    page_rows=50,
    longest_span=timedelta(days=7),
    soonest=timedelta(minutes=3),  # it refuses less than two
    furthest=timedelta(days=30),
)
