//! The columns of a CSV file: which fields of a link they are, and how their cells become JSON and back.

use serde_json::{Map, Value};

use super::RowError;

/// A field of a link that a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The field's name, which is the heading.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The cell is the value.
    Text,
    /// A whole number that is not negative.
    Number,
    /// A moment, or a day, which means its beginning in UTC.
    Time,
    /// `true` or `false`, in any case.
    Flag,
    /// Items with commas between them, those that hold one in quotes.
    List,
    /// A JSON document.
    Json,
    /// Written by an export and known to the server alone: passed over.
    ReadOnly,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// Every column, in the order that an export writes.
pub const COLUMNS: [Column; 42] = [
    column("short_url", Kind::ReadOnly),
    column("destination_url", Kind::Text),
    column("domain", Kind::Text),
    column("slug", Kind::Text),
    column("title", Kind::Text),
    column("description", Kind::Text),
    column("image_url", Kind::Text),
    column("comment", Kind::Text),
    column("tags", Kind::List),
    column("external_id", Kind::Text),
    column("redirect_status", Kind::Number),
    column("starts_at", Kind::Time),
    column("expires_at", Kind::Time),
    column("expired_url", Kind::Text),
    column("expired_text", Kind::Text),
    column("not_found_text", Kind::Text),
    column("preview", Kind::Json),
    column("robots", Kind::Text),
    column("ios_url", Kind::Text),
    column("android_url", Kind::Text),
    column("max_clicks", Kind::Number),
    column("click_budget", Kind::Json),
    column("budget_use", Kind::ReadOnly),
    column("password", Kind::Text),
    column("password_protected", Kind::ReadOnly),
    column("forward_query", Kind::Text),
    column("forward_path", Kind::Flag),
    column("utm", Kind::Json),
    column("rules", Kind::Json),
    column("folder_id", Kind::Text),
    column("archived", Kind::Flag),
    column("needs_approval", Kind::Flag),
    column("printed_at", Kind::ReadOnly),
    column("disabled_reason", Kind::ReadOnly),
    column("clicks", Kind::ReadOnly),
    column("last_click_at", Kind::ReadOnly),
    column("used_clicks", Kind::ReadOnly),
    column("version", Kind::ReadOnly),
    column("id", Kind::ReadOnly),
    column("created_by", Kind::ReadOnly),
    column("created_at", Kind::ReadOnly),
    column("updated_at", Kind::ReadOnly),
];

/// What other products call the same, in lower case and with spaces for all that stands between words.
const OTHER_NAMES: [(&str, &str); 46] = [
    ("destination", "destination_url"),
    ("long url", "destination_url"),
    ("longurl", "destination_url"),
    ("original url", "destination_url"),
    ("originalurl", "destination_url"),
    ("target url", "destination_url"),
    ("target", "destination_url"),
    ("url", "destination_url"),
    ("alias", "slug"),
    ("back half", "slug"),
    ("key", "slug"),
    ("keyword", "slug"),
    ("path", "slug"),
    ("short code", "slug"),
    ("shortcode", "slug"),
    ("slashtag", "slug"),
    ("domain name", "domain"),
    ("hostname", "domain"),
    ("name", "title"),
    ("comments", "comment"),
    ("note", "comment"),
    ("notes", "comment"),
    ("labels", "tags"),
    ("external id", "external_id"),
    ("externalid", "external_id"),
    ("valid since", "starts_at"),
    ("validsince", "starts_at"),
    ("expires", "expires_at"),
    ("expiresat", "expires_at"),
    ("valid until", "expires_at"),
    ("validuntil", "expires_at"),
    ("max visits", "max_clicks"),
    ("maxvisits", "max_clicks"),
    ("short link", "short_url"),
    ("shorturl", "short_url"),
    ("bitlink", "short_url"),
    ("short link url", "short_url"),
    ("ip", "created_by"),
    ("created", "created_at"),
    ("createdat", "created_at"),
    ("date created", "created_at"),
    ("timestamp", "created_at"),
    ("visits", "clicks"),
    ("visits count", "clicks"),
    ("visitscount", "clicks"),
    ("total clicks", "clicks"),
];

impl Column {
    /// The column with this heading, in any case, or with the one that another product gives it.
    #[must_use]
    pub fn named(heading: &str) -> Option<Self> {
        let words = heading.trim().to_lowercase().replace(['_', '-'], " ");
        let other = OTHER_NAMES.iter().find(|(name, _)| *name == words).map(|(_, name)| *name);
        COLUMNS.into_iter().find(|column| column.name.replace('_', " ") == words || Some(column.name) == other)
    }

    /// Adds the value of a cell; an empty cell adds nothing.
    ///
    /// # Errors
    /// Says what a cell of this column holds.
    pub fn read(self, cell: &str, fields: &mut Map<String, Value>) -> Result<(), RowError> {
        if cell.is_empty() {
            return Ok(());
        }
        let error = |detail: &str| RowError {
            pointer: format!("/{}", self.name),
            code: "invalid_value",
            detail: detail.to_owned(),
        };
        let value = match self.kind {
            Kind::ReadOnly => return Ok(()),
            Kind::Text => Value::from(cell),
            Kind::Number => number(cell)
                .map(Value::from)
                .ok_or_else(|| error("expected a whole number, without points between its digits"))?,
            Kind::Time => Value::from(time(cell)),
            Kind::Flag => flag(cell).map(Value::from).ok_or_else(|| error("expected true or false"))?,
            Kind::List => items(cell).ok_or_else(|| error("expected items with commas between them"))?.into(),
            Kind::Json => serde_json::from_str(cell).map_err(|_| error("expected a JSON document"))?,
        };
        fields.insert(self.name.to_owned(), value);
        Ok(())
    }

    /// The cell that holds the field's value.
    #[must_use]
    pub fn write(self, link: &Map<String, Value>) -> String {
        match link.get(self.name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) if self.kind == Kind::List => list(items.iter().filter_map(Value::as_str)),
            Some(Value::Array(items)) if items.is_empty() => String::new(),
            Some(Value::Object(members)) if members.is_empty() => String::new(),
            Some(value) => value.to_string(),
        }
    }
}

/// A whole number as spreadsheets write it: `1000`, `1,000` or `1000.0`. `1.000` is one to some and a thousand to others, and so it is none.
fn number(cell: &str) -> Option<u64> {
    if cell.split_once('.').is_some_and(|(_, rest)| rest.len() == 3) {
        return None;
    }
    let whole = cell
        .split_once('.')
        .map_or(Some(cell), |(whole, rest)| rest.bytes().all(|digit| digit == b'0').then_some(whole))?;
    let (first, groups) = whole.split_once(',').map_or((whole, None), |(first, groups)| (first, Some(groups)));
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|digit| digit.is_ascii_digit());
    if groups.is_some_and(|groups| !(1..=3).contains(&first.len()) || !groups.split(',').all(is_group)) {
        return None;
    }
    whole.replace(',', "").parse().ok()
}

/// Spreadsheets write flags in capitals.
fn flag(cell: &str) -> Option<bool> {
    cell.to_ascii_lowercase().parse().ok()
}

/// A moment in the form of the API (RFC 3339), as far as other forms say the same; the server refuses the rest.
fn time(cell: &str) -> String {
    const DAY: usize = "2027-05-01".len();
    let bytes = cell.as_bytes();
    let is_day = bytes.len() >= DAY && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if !is_day {
        return cell.to_owned();
    }
    let (day, clock) = cell.split_at_checked(DAY).unwrap_or((cell, ""));
    let clock = clock.trim_start_matches(['T', 't', ' ']);
    let zone_at = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(zone_at).unwrap_or((clock, ""));
    let clock = match clock.trim_end() {
        "" => "00:00:00".to_owned(),
        clock if clock.len() == "09:00".len() => format!("{clock}:00"),
        clock => clock.to_owned(),
    };
    let zone = match zone.as_bytes() {
        [] => "Z".to_owned(),
        [sign, a, b, c, d] => String::from_utf8_lossy(&[*sign, *a, *b, b':', *c, *d]).into_owned(),
        _ => zone.to_owned(),
    };
    format!("{day}T{clock}{zone}")
}

/// The items of a cell, which is CSV within the row; some programs write one item a line.
fn items(cell: &str) -> Option<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(cell.as_bytes());
    let lines: Vec<_> = reader.records().collect::<Result<_, _>>().ok()?;
    let items = lines.iter().flat_map(|line| line.iter()).filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect())
}

/// The cell that [`items`] reads as these.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let quoted = items.map(|item| match item.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", item.replace('"', "\"\"")),
        false => item.to_owned(),
    });
    quoted.collect::<Vec<_>>().join(",")
}

/// Whether a row holds something that protects its link and that cannot be carried over.
///
/// # Errors
/// Names the field, and what to do.
pub fn check_restrictions(fields: &Map<String, Value>) -> Result<(), RowError> {
    let is_set = |name: &str| match fields.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => !text.trim().is_empty() && flag(text.trim()) != Some(false) && text.trim() != "0",
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        _ => false,
    };
    let error = |pointer: &str, code, detail: &str| {
        Err(RowError { pointer: pointer.to_owned(), code, detail: detail.to_owned() })
    };
    if is_set("password_protected") && !is_set("password") {
        let detail = "the link asked for a password, which no export holds: write one into password, or empty \
                      password_protected to make the link open to all";
        return error("/password", "password_needed", detail);
    }
    if is_set("disabled_reason") {
        let detail = "the link was switched off: empty disabled_reason to make it anew all the same";
        return error("/disabled_reason", "link_disabled", detail);
    }
    if is_set("max_clicks") && is_set("used_clicks") {
        let detail = "some of the link's clicks are used: write what is left into max_clicks, and empty used_clicks";
        return error("/used_clicks", "clicks_used", detail);
    }
    if budget_used(fields) > 0 {
        let detail = "some of the budget of this period is used: empty budget_use to begin it anew";
        return error("/budget_use", "budget_used", detail);
    }
    if is_set("printed_at") {
        let detail = "the link's QR code was downloaded, so that nobody changes its destination by mistake, and an import \
                      cannot carry that over: empty printed_at to make the link without it";
        return error("/printed_at", "printed", detail);
    }
    Ok(())
}

/// How many clicks of its budget's period a link has used, as an export says it.
fn budget_used(fields: &Map<String, Value>) -> u64 {
    let used = |document: &Value| document.get("used").and_then(Value::as_u64);
    match fields.get("budget_use") {
        Some(Value::String(cell)) => serde_json::from_str(cell).ok().as_ref().and_then(used),
        Some(document) => used(document),
        None => None,
    }
    .unwrap_or(0)
}

/// Takes the slug from the link's address where a file, such as that of another product, has no other word of it.
pub fn slug_from_address(fields: &mut Map<String, Value>, address: &str) {
    if fields.contains_key("slug") {
        return;
    }
    let behind_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = behind_scheme.split_once('/').map_or("", |(_, path)| path);
    let slug = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    if !slug.is_empty() {
        fields.insert("slug".to_owned(), slug.into());
    }
}

/// Leaves out what an export holds and only the server may set, and what has no value.
pub fn keep_writable(fields: &mut Map<String, Value>) {
    fields.retain(|name, value| {
        !value.is_null() && Column::named(name).is_none_or(|column| column.kind != Kind::ReadOnly)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_an_export_writes_an_import_reads() {
        let link = object(&json!({
            "destination_url": "https://example.com/,\"", "slug": "a", "tags": ["x", "y z"], "max_clicks": 7,
            "forward_path": true, "rules": [{"name": "r"}], "utm": {}, "title": null, "id": "lnk_1", "clicks": 12
        }));
        let mut fields = Map::new();
        for column in COLUMNS {
            column.read(&column.write(&link), &mut fields).expect("a readable cell");
        }
        let mut expected = link;
        keep_writable(&mut expected);
        expected.remove("utm");
        assert_eq!(fields, expected);
    }

    fn read(name: &str, cell: &str) -> Value {
        let mut fields = Map::new();
        Column::named(name).expect("a column").read(cell, &mut fields).expect("a readable cell");
        fields.into_iter().next().map(|(_, value)| value).unwrap_or_default()
    }

    #[test]
    fn what_spreadsheets_make_of_cells_is_read() {
        for (name, cell, value) in [
            ("archived", "FALSE", json!(false)),
            ("forward_path", "True", json!(true)),
            ("max_clicks", "1,000", json!(1000)),
            ("tags", "a\nb, c", json!(["a", "b", "c"])),
            ("redirect_status", "302.0", json!(302)),
            ("expires_at", "2027-05-01", json!("2027-05-01T00:00:00Z")),
            ("expires_at", "2027-05-01 09:30", json!("2027-05-01T09:30:00Z")),
            ("expires_at", "2027-05-01T09:30:15+0200", json!("2027-05-01T09:30:15+02:00")),
            ("expires_at", "2027-05-01T09:30:15Z", json!("2027-05-01T09:30:15Z")),
        ] {
            assert_eq!(read(name, cell), value, "{name} {cell}");
        }
    }

    #[test]
    fn headings_are_known_in_any_case_and_by_the_names_of_other_products() {
        for (heading, name) in [
            ("Destination URL", "destination_url"),
            ("SLUG", "slug"),
            ("long_url", "destination_url"),
            ("Keyword", "slug"),
            ("validUntil", "expires_at"),
        ] {
            assert_eq!(Column::named(heading).map(|column| column.name), Some(name), "{heading}");
        }
    }

    #[test]
    fn tags_with_commas_and_quotes_come_back_as_they_were() {
        let link = object(&json!({ "tags": ["a,b", "c", "d \"e\""] }));
        let cell = Column::named("tags").expect("a column").write(&link);
        assert_eq!(read("tags", &cell), link["tags"]);
    }

    #[test]
    fn what_protects_a_link_is_not_lost_without_a_word() {
        let code = |fields: Value| check_restrictions(&object(&fields)).map_err(|error| error.code);
        assert_eq!(code(json!({"password_protected": true})), Err("password_needed"));
        assert_eq!(code(json!({"password_protected": "TRUE", "password": ""})), Err("password_needed"));
        assert_eq!(code(json!({"password_protected": true, "password": "secret"})), Ok(()));
        assert_eq!(code(json!({"password_protected": "false", "disabled_reason": "spam"})), Err("link_disabled"));
        assert_eq!(code(json!({"max_clicks": 3, "used_clicks": "2"})), Err("clicks_used"));
        assert_eq!(code(json!({"max_clicks": 3, "used_clicks": 0, "disabled_reason": null})), Ok(()));
        assert_eq!(code(json!({"budget_use": {"used": 2}})), Err("budget_used"));
        assert_eq!(code(json!({"budget_use": "{\"used\":2}"})), Err("budget_used"));
        assert_eq!(code(json!({"budget_use": {"used": 0}})), Ok(()));
        assert_eq!(code(json!({"printed_at": "2027-05-01T00:00:00Z"})), Err("printed"));
        assert_eq!(code(json!({"printed_at": "", "budget_use": ""})), Ok(()));
    }

    #[test]
    fn a_slug_is_taken_from_the_address_where_there_is_no_other() {
        for (address, slug) in [
            ("https://bit.ly/3xYz", Some("3xYz")),
            ("dub.sh/spring/sale?x=1", Some("spring/sale")),
            ("https://example.com/", None),
            ("", None),
        ] {
            let mut fields = Map::new();
            slug_from_address(&mut fields, address);
            assert_eq!(fields.get("slug").and_then(Value::as_str), slug, "{address}");
        }
        let mut fields = object(&json!({ "slug": "kept" }));
        slug_from_address(&mut fields, "https://bit.ly/other");
        assert_eq!(fields["slug"], "kept");
    }

    #[test]
    fn cells_of_the_wrong_form_name_their_column() {
        for (name, cell) in [
            ("max_clicks", "-1"),
            ("max_clicks", "1,0"),
            ("max_clicks", "1.000"),
            ("forward_path", "yes"),
            ("rules", "{"),
        ] {
            let column = Column::named(name).expect("a column");
            let error = column.read(cell, &mut Map::new()).expect_err("an error");
            assert_eq!(error.pointer, format!("/{name}"));
        }
    }
}
