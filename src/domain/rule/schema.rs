//! Schemas of conditions and outcomes for the OpenAPI document. They are written
//! out because each kind refuses the fields of the others, which a derived schema does not say.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::limits::{PATTERN_CHARACTERS_MAX, VALUE_BYTES_MAX, VALUES_MAX, VARIANTS_MAX};
use super::{Condition, Device, Outcome, TestKind, TimeWindow, Variant, Weekday, country};
use crate::domain::url::DESTINATION_BYTES_MAX;

type Named = (String, RefOr<Schema>);

impl PartialSchema for Condition {
    fn schema() -> RefOr<Schema> {
        let listed = |kind: TestKind, about: &str, item: RefOr<Schema>| {
            condition(kind, about).property("any_of", list(item, VALUES_MAX)).required("any_of")
        };
        let windows = listed(
            TestKind::TimeWindows,
            "Weekly or dated windows, by the clocks of a time zone.",
            reference::<TimeWindow>(),
        )
        .property("time_zone", text("IANA time zone.", "Europe/Berlin").max_length(Some(64)))
        .required("time_zone");
        let pattern = text("A regular expression that the header contains, in any case.", "MyApp/[0-9]+");
        let user_agent = condition(TestKind::UserAgent, "The `User-Agent` header.")
            .property("pattern", pattern.min_length(Some(1)).max_length(Some(PATTERN_CHARACTERS_MAX)))
            .required("pattern");
        OneOfBuilder::new()
            .item(listed(TestKind::Countries, "The visitor's country.", countries()))
            .item(listed(TestKind::Regions, "The visitor's part of a country.", regions()))
            .item(listed(TestKind::Devices, "The visitor's kind of device.", reference::<Device>()))
            .item(listed(TestKind::Os, "The visitor's operating system, in any case.", value("Android")))
            .item(listed(TestKind::Browsers, "The visitor's browser, in any case.", value("Safari")))
            .item(listed(TestKind::Languages, "The visitor's most preferred language; `en` fits `en-GB`. `no` is `nb`, `iw` is `he`, `in` is `id`, `ji` is `yi`, `zh-TW` is `zh-Hant`, `zh-CN` is `zh-Hans`.", languages()))
            .item(windows)
            .item(listed(TestKind::ReferrerHosts, "The page that the visitor comes from; `example.com` fits whatever is under it too, and `www.example.com` fits `example.com`.", value("example.com")))
            .item(user_agent)
            .item(listed(TestKind::Query, "`key` or `key=value` in the short link's query string.", value("utm_source=news")))
            .item(condition(TestKind::Bots, "Bots, link previews and prefetches."))
            .description(Some("One condition: what is asked of the visitor. True if any listed value fits; `negate` turns the response round."))
            .into()
    }
}

impl ToSchema for Condition {
    fn schemas(schemas: &mut Vec<Named>) {
        schemas.extend([
            (Device::name().into_owned(), Device::schema()),
            (TimeWindow::name().into_owned(), TimeWindow::schema()),
            (Weekday::name().into_owned(), Weekday::schema()),
        ]);
    }
}

impl PartialSchema for Outcome {
    fn schema() -> RefOr<Schema> {
        let destination_url = text("An absolute URL.", "https://example.com/")
            .format(Some(SchemaFormat::Custom("uri".to_owned())))
            .max_length(Some(DESTINATION_BYTES_MAX));
        let destination = tagged("destination", "All visitors to one place.")
            .property("destination_url", destination_url)
            .required("destination_url");
        let split =
            tagged("split", "Each visitor to one of several, always the same one, in proportion to the weights.")
                .property("variants", list(reference::<Variant>(), VARIANTS_MAX))
                .required("variants");
        OneOfBuilder::new().item(destination).item(split).description(Some("Where the visitors of a rule go.")).into()
    }
}

impl ToSchema for Outcome {
    fn schemas(schemas: &mut Vec<Named>) {
        schemas.push((Variant::name().into_owned(), Variant::schema()));
    }
}

/// Refers to a type's entry among the components.
fn reference<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

fn condition(kind: TestKind, about: &str) -> ObjectBuilder {
    let negate = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .default(Some(false.into()))
        .description(Some("Whether the condition is true exactly where the test is not."));
    tagged(kind.as_str(), about).property("negate", negate)
}

fn tagged(kind: &str, about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(about))
        .property("type", ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind])))
        .required("type")
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn list(item: RefOr<Schema>, items_max: usize) -> ArrayBuilder {
    ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(items_max))
}

fn text(about: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).examples([example])
}

fn value(example: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    text.min_length(Some(1)).max_length(Some(VALUE_BYTES_MAX)).into()
}

fn countries() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(country::assigned_codes()));
    text.description(Some("ISO 3166-1 alpha-2 code.")).into()
}

fn regions() -> RefOr<Schema> {
    text("ISO 3166-2 code.", "DE-BY").pattern(Some("^[A-Z]{2}-[A-Z0-9]{1,3}$")).into()
}

fn languages() -> RefOr<Schema> {
    text("Language tag (RFC 5646).", "en-GB").pattern(Some("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$")).into()
}
