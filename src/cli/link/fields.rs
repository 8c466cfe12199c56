//! The fields of a link, as flags.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::cli::exit::Failure;
use crate::cli::utm_fields::UtmFields;
use crate::domain::time::Timestamp;

/// What a link may be given.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields of the link")]
pub struct LinkFields {
    /// The part after the host: 1 to 190 of A-Z a-z 0-9 - _ . /
    #[arg(long)]
    slug: Option<String>,
    /// Shown on the preview page and in lists.
    #[arg(long)]
    title: Option<String>,
    /// Shown on the preview page.
    #[arg(long)]
    description: Option<String>,
    /// A note for the people of the workspace.
    #[arg(long)]
    comment: Option<String>,
    /// How another system names this link; unique in the workspace.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// A tag; may be repeated. The tags given replace those of the link.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The folder to put it into, by its id.
    #[arg(long, value_name = "ID")]
    folder_id: Option<String>,
    /// The status of the redirect.
    #[arg(long, value_name = "STATUS", value_parser = ["301", "302", "303", "307", "308"])]
    redirect_status: Option<String>,
    /// Not before this moment, such as 2026-05-01T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    starts_at: Option<Timestamp>,
    /// Not from this moment on.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
    /// Where visitors go once the link has expired.
    #[arg(long, value_name = "URL")]
    expired_url: Option<String>,
    /// What visitors read once the link is over.
    #[arg(long, value_name = "TEXT")]
    expired_text: Option<String>,
    /// What visitors read before the link begins.
    #[arg(long, value_name = "TEXT")]
    not_found_text: Option<String>,
    /// The title that programs which preview links show.
    #[arg(long, value_name = "TEXT")]
    preview_title: Option<String>,
    /// The text that programs which preview links show.
    #[arg(long, value_name = "TEXT")]
    preview_description: Option<String>,
    /// The picture that programs which preview links show.
    #[arg(long, value_name = "URL")]
    preview_image_url: Option<String>,
    /// What search engines are asked to do, such as "noindex, nofollow".
    #[arg(long, value_name = "DIRECTIVES")]
    robots: Option<String>,
    /// Where visitors with iOS go.
    #[arg(long, value_name = "URL")]
    ios_url: Option<String>,
    /// Where visitors with Android go.
    #[arg(long, value_name = "URL")]
    android_url: Option<String>,
    /// How many redirects there may be in a period: such as 100/day/Europe/Berlin, with day, week or month.
    #[arg(long, value_name = "BUDGET", value_parser = budget)]
    click_budget: Option<Value>,
    /// How many redirects there may ever be.
    #[arg(long, value_name = "COUNT")]
    max_clicks: Option<u64>,
    /// A file that holds a password which visitors must know.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// What happens to a visitor's query parameters.
    #[arg(long, value_enum)]
    forward_query: Option<ForwardQuery>,
    /// Whether a path after the slug is appended to the destination.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    forward_path: Option<bool>,
    /// Whether a second person has to approve what visitors notice.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    needs_approval: Option<bool>,
    /// A JSON file with the list of smart-link rules.
    #[arg(long, value_name = "FILE")]
    rules_file: Option<PathBuf>,
    #[command(flatten)]
    utm: UtmFields,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ForwardQuery {
    /// They are dropped.
    Off,
    /// They are added; the visitor's win over the destination's.
    VisitorWins,
    /// They are added; the destination's win over the visitor's.
    LinkWins,
}

impl LinkFields {
    /// The fields that were given, as the API takes them.
    ///
    /// # Errors
    /// When a file cannot be read, or holds no list of rules.
    pub fn to_json(&self) -> Result<Map<String, Value>, Failure> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::from);
        set("slug", text(&self.slug));
        set("title", text(&self.title));
        set("description", text(&self.description));
        set("comment", text(&self.comment));
        set("folder_id", text(&self.folder_id));
        set("external_id", text(&self.external_id));
        set("tags", (!self.tags.is_empty()).then(|| json!(self.tags)));
        set(
            "redirect_status",
            self.redirect_status.as_ref().and_then(|status| status.parse::<u16>().ok()).map(Value::from),
        );
        set("starts_at", self.starts_at.map(|time| json!(time)));
        set("expires_at", self.expires_at.map(|time| json!(time)));
        set("expired_url", text(&self.expired_url));
        set("expired_text", text(&self.expired_text));
        set("not_found_text", text(&self.not_found_text));
        set("preview", self.preview());
        set("robots", text(&self.robots));
        set("ios_url", text(&self.ios_url));
        set("android_url", text(&self.android_url));
        set("click_budget", self.click_budget.clone());
        set("max_clicks", self.max_clicks.map(Value::from));
        set("forward_query", self.forward_query.map(|choice| Value::from(choice.as_str())));
        set("forward_path", self.forward_path.map(Value::from));
        set("utm", self.utm.to_json());
        set("needs_approval", self.needs_approval.map(Value::from));
        if let Some(path) = &self.password_file {
            set("password", Some(Value::from(read(path)?.trim_end_matches(['\r', '\n']))));
        }
        if let Some(path) = &self.rules_file {
            set("rules", Some(read_rules(path)?));
        }
        Ok(fields)
    }

    fn preview(&self) -> Option<Value> {
        let parts = [
            ("title", &self.preview_title),
            ("description", &self.preview_description),
            ("image_url", &self.preview_image_url),
        ];
        let given = parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.clone()?))));
        let preview: Map<String, Value> = given.collect();
        (!preview.is_empty()).then_some(Value::Object(preview))
    }
}

/// A budget such as `100/day/Europe/Berlin`.
fn budget(text: &str) -> Result<Value, String> {
    let mut parts = text.splitn(3, '/');
    let (Some(clicks), Some(period), Some(zone)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("write it as 100/day/Europe/Berlin".to_owned());
    };
    let clicks: u64 = clicks.parse().map_err(|_| "it begins with a number of clicks".to_owned())?;
    Ok(json!({ "clicks": clicks, "period": period, "time_zone": zone }))
}

impl ForwardQuery {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::VisitorWins => "visitor_wins",
            Self::LinkWins => "link_wins",
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

fn read_rules(path: &Path) -> Result<Value, Failure> {
    match serde_json::from_str(&read(path)?) {
        Ok(rules @ Value::Array(_)) => Ok(rules),
        Ok(_) => Err(Failure::usage(format!("{} does not hold a list of rules", path.display()))),
        Err(error) => Err(Failure::usage(format!("{} is not valid JSON: {error}", path.display()))),
    }
}
