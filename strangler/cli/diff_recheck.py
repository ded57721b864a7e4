"""The verb `diff recheck`: asks both sides again, and says whether they still differ."""

from strangler.cli.diff_list import DIFFERENCES, SHORT_ID
from strangler.cli.diff_live import ask_live
from strangler.cli.diff_request import finding_and_table, request_of
from strangler.cli.options import DEFAULT_STORE, FindingId, RequestHeaders, RequestPath, StoreUrl
from strangler.cli.output import tell


def recheck(
    finding_id: FindingId,
    path: RequestPath = None,
    header: RequestHeaders = None,
    store: StoreUrl = DEFAULT_STORE,
) -> int:
    """Ask both sides again. Exit code 2: they still differ as the finding says; 0: no longer."""
    found, table = finding_and_table(store, finding_id)
    told = ask_live(request_of(found, table, path, header or []), table)
    met = told.of_kind(found.kind, found.change, found.paths)
    if met:
        places = ", ".join(dict.fromkeys(each.path for each in met))
        tell(f"{found.id} ({found.title}): still so, at {places}")
        return DIFFERENCES
    others = len(told.lasting)
    beside = f"; {others} other differences" if others else ""
    tell(f"{found.id} ({found.title}): no longer so{beside}")
    if found.matters:
        tell(f"if it is mended: `strangler diff fixed {found.id[:SHORT_ID]} -m WHY`")
    return 0
