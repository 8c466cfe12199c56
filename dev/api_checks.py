"""One more check for schemathesis, which loads this file (dev/api-conformance tells it to), and keys that are used once.

Its own check that right data are accepted knows nothing but statuses. Here, a 400 for data that keep to the schema is only
in order for a reason that no schema can state.
"""

import itertools

import schemathesis

KEYS = itertools.count()

# Codes of errors that depend on more than the shape of one value.
BEYOND_SCHEMAS = {
    "invalid_address",  # of either version of IP
    "invalid_character",  # control characters
    "in_the_past",  # an end that has passed
    "not_after_start",  # an end before the beginning
    "needs_hsts_max_age",  # hsts_include_subdomains against hsts_max_age
    "links_to_itself",  # an address that the link, or the domain, itself has
    "links_in_a_loop",  # a short link that leads back here
    "invalid_cursor",  # cursors are handed out, not made up
    "invalid_url",  # hosts have a grammar of their own
    "refused_url",  # addresses that lead into the network of the operator
    "not_with_recipients",  # a report by mail and to a webhook
    "goes_to_webhook",  # recipients of a report that goes to a webhook
    "goes_by_mail",  # a webhook of a report that goes by mail
    "invalid_redirect_uri",  # addresses have a grammar of their own
    "names_a_period",  # the filters of a share
    "in_closed_folder",  # a link that cannot be shared
    "invalid_period",  # from is before to
    "no_room_for_others",  # what the settings leave to one workspace
    "too_many_points",  # the period against the interval
    "period_too_long",  # the period against how many hours are counted
    "nothing_chosen",  # an erasure of all clicks, by an empty choice
    "invalid_time",  # a time that has passed, or one that ends before it begins
    "invalid_length",  # counted without the white space around a text
    "invalid_slug",  # letters of other scripts have a grammar of their own
    "unicode_slug",  # what the domain allows
    "unknown_workspace",  # a workspace of the caller
    "same_workspace",  # another one than that of the path
    "unknown_domain",  # a domain of the workspace
    "unknown_folder",  # a folder of the workspace
    "read_only_folder",  # a folder in which the caller changes nothing
    "unknown_member",  # a member of the workspace
    "unknown_utm_template",  # a template of the workspace
    "duplicate",  # a list that names something twice
    "differs",  # the external id of the path against that of the body
    "not_here",  # a choice that only other operations have
    "not_alone",  # a deletion with another change
    "empty_changes",  # an edit that changes nothing
    "required",  # the token of a dry run, where it is no dry run
    "reserved_word",  # a list of words
    "offensive_word",  # a list of words
    "invalid_hostname",  # host names have a grammar of their own
    "mixed_scripts",  # letters of several scripts in a part of a host name
    "reserved",  # the host names of the instance itself
    "another_name",  # another way to write the same host name
    "invalid_domain",  # host names have a grammar of their own
    "empty_range",  # an end before the beginning, or a part of the audit trail without a row
    "ambiguous_range",  # numbers and times at once
    "no_such_row",  # a row of the audit trail
    "invalid_token",  # secrets are handed out, not made up
    "clashes_with_targets",  # rules against ios_url and android_url
    "empty_preview",  # a preview without any of its fields
    "invalid_robots",  # a grammar of its own
    "invalid_association",  # files have forms of their own
    "too_large",  # bytes of a file
    "too_light",  # one colour against the other
    "too_little_contrast",  # one colour against the other
    "too_low_for_logo",  # error_correction against logo
    "too_small",  # the size of a PNG against what its code has to say
    "invalid_logo",  # files have forms of their own
    "unknown_time_zone",  # a name of the IANA's
    "not_in_funnels",  # parameters that all reports have, and whose part a funnel's steps take
}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Any request may be answered 431; the document says so once, for all operations."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            operation["responses"]["431"] = {"description": "The head is too long."}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key of its own for each right request: under one that was used, the response of then comes again, also of what is gone."""
    is_right = case.meta is not None and case.meta.generation.mode.is_positive
    if is_right and case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"conformance-{next(KEYS)}"


@schemathesis.check
def right_data_are_refused_with_reason_alone(ctx, response, case):
    """Data that keep to the schema are refused only for what no schema says."""
    is_right = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_right or response.status_code != 400:
        return
    errors = response.json().get("errors", [])
    unexplained = [error for error in errors if not is_beyond_schemas(error)]
    assert errors and not unexplained, f"refused although the schema allows it: {unexplained}"


def is_beyond_schemas(error):
    """Whether an error is one that no schema could have told of."""
    # To a schema, 3.0 is an integer.
    is_whole_float = error["code"] == "invalid_type" and "fraction" in error["detail"]
    # Which values a filter of analytics may have depends on its dimension, and is told by the response.
    is_filter = error["code"] == "invalid_value" and not error["pointer"].startswith("/")
    # Countries, hosts, languages and patterns have grammars of their own.
    is_rule = "/rules/" in error["pointer"]
    # The campaign parameters and the destination are only together too long.
    is_sum = error["pointer"] == "/utm" and error["code"] == "too_long"
    # Which clicks a share is about is a query string.
    is_query = error["pointer"] == "/filters"
    # What a key may ask for is the operator's setting.
    is_setting = error["pointer"] == "/rate_limit_per_minute" and "of this instance" in error["detail"]
    return error["code"] in BEYOND_SCHEMAS or is_whole_float or is_filter or is_rule or is_sum or is_query or is_setting
