"""One more check for schemathesis, which loads this file (dev/api-conformance tells it to).

Its own check that right data are accepted knows nothing but statuses. Here, a 400 for data that keep to the schema is only
in order for a reason that no schema can state.
"""

import schemathesis

# Codes of mistakes that depend on more than the shape of one value.
BEYOND_SCHEMAS = {
    "invalid_cursor",  # cursors are handed out, not made up
    "invalid_period",  # from is before to
    "too_many_points",  # the period against the interval
    "invalid_time",  # a time that has passed, or one that ends before it begins
    "unknown_domain",  # a domain of the workspace
}


@schemathesis.check
def right_data_are_refused_with_reason_alone(ctx, response, case):
    """Data that keep to the schema are refused only for what no schema says."""
    is_right = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_right or response.status_code != 400:
        return
    codes = {error["code"] for error in response.json().get("errors", [])}
    unexplained = codes - BEYOND_SCHEMAS
    assert codes and not unexplained, f"refused although the schema allows it: {response.json()['detail']}"
