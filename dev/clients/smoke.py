"""Uses the generated client for one of each kind of operation: single, page, edit, bulk, report, and what goes wrong."""

import os

from elido_client import AuthenticatedClient
from elido_client.api.analytics import get_analytics_summary
from elido_client.api.audit import list_audit_events
from elido_client.api.links import create_link, create_links, delete_link, get_link, list_links, update_link
from elido_client.api.me import get_me
from elido_client.models import (
    AnalyticsSummary,
    BulkCreate,
    BulkResultCreated,
    BulkResultFailed,
    BulkResults,
    ConditionCountries,
    ConditionCountriesAnyOfItem,
    ConditionCountriesType,
    Link,
    LinkDraft,
    LinkPatch,
    MePerson,
    OutcomeDestination,
    OutcomeDestinationType,
    PageAuditEvent,
    PageLink,
    Problem,
    Rule,
)
from elido_client.types import UNSET

URL = os.environ["ELIDO_URL"]
WORKSPACE = os.environ["ELIDO_WORKSPACE"]


def main() -> None:
    client = AuthenticatedClient(base_url=URL, token=os.environ["ELIDO_TOKEN"])
    assert isinstance(get_me.sync(client=client), MePerson)

    germany = ConditionCountries(type_=ConditionCountriesType.COUNTRIES, any_of=[ConditionCountriesAnyOfItem.DE])
    outcome = OutcomeDestination(type_=OutcomeDestinationType.DESTINATION, destination_url="https://example.com/de")
    draft = LinkDraft(
        destination_url="https://example.com/from-python",
        tags=["python"],
        rules=[Rule(name="Germany", conditions=[germany], outcome=outcome)],
    )
    made = create_link.sync_detailed(WORKSPACE, client=client, body=draft, idempotency_key="smoke-python")
    again = create_link.sync(WORKSPACE, client=client, body=draft, idempotency_key="smoke-python")
    assert isinstance(made.parsed, Link) and isinstance(again, Link) and again.id == made.parsed.id
    link = made.parsed.id
    read = get_link.sync(WORKSPACE, link, client=client)
    assert isinstance(read, Link) and isinstance(read.rules, list) and isinstance(read.rules[0].outcome, OutcomeDestination)

    etag = made.headers["etag"]
    renamed = update_link.sync(WORKSPACE, link, client=client, body=LinkPatch(title="Renamed"), if_match=etag)
    assert isinstance(renamed, Link) and renamed.title == "Renamed"
    lost = update_link.sync(WORKSPACE, link, client=client, body=LinkPatch(title="Lost"), if_match=etag)
    assert isinstance(lost, Problem) and lost.status == 412

    drafts = [LinkDraft(destination_url=f"https://example.com/{number}", tags=["python"]) for number in range(4)]
    drafts.append(LinkDraft(destination_url="no address"))
    bulk = create_links.sync(WORKSPACE, client=client, body=BulkCreate(links=drafts))
    assert isinstance(bulk, BulkResults)
    assert all(isinstance(each, BulkResultCreated) for each in bulk.results[:4])
    failed = bulk.results[4]
    assert isinstance(failed, BulkResultFailed) and pointer(failed.problem) == "/links/4/destination_url"

    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = list_links.sync(WORKSPACE, client=client, tag="python", limit=2, cursor=cursor or UNSET)
        assert isinstance(page, PageLink)
        seen.update(each.id for each in page.data)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 5

    summary = get_analytics_summary.sync(WORKSPACE, client=client, link=[link])
    assert isinstance(summary, AnalyticsSummary) and summary.clicks == 0
    audit = list_audit_events.sync(WORKSPACE, client=client, action="link.updated")
    assert isinstance(audit, PageAuditEvent) and audit.data[0].target == link

    wrong = create_link.sync(WORKSPACE, client=client, body=LinkDraft(destination_url="no address"))
    assert isinstance(wrong, Problem) and pointer(wrong) == "/destination_url"
    assert delete_link.sync_detailed(WORKSPACE, link, client=client).status_code == 204
    gone = get_link.sync(WORKSPACE, link, client=client)
    assert isinstance(gone, Problem) and gone.code == "not_found"
    stranger = AuthenticatedClient(base_url=URL, token="session_of_nobody")
    assert get_me.sync_detailed(client=stranger).status_code == 401


def pointer(problem: Problem) -> str:
    """Where the first error of a problem points."""
    assert isinstance(problem.errors, list)
    return problem.errors[0].pointer


if __name__ == "__main__":
    main()
