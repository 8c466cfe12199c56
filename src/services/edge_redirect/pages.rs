//! The few pages that the edge shows. They load nothing from anywhere.

use super::compiled_link::CompiledLink;
use crate::domain::html::Escaped;
use crate::domain::link_extras::LinkPreview;
use crate::domain::url::Destination;

/// A page that says one thing.
pub(super) fn message(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", Escaped(text)))
}

/// Says that a link is missing, and which others are nearly written so.
pub(super) fn did_you_mean(hostname: &str, slugs: &[String]) -> String {
    let link = |slug: &String| format!("<li><a href=\"/{0}\">{1}/{0}</a></li>", Escaped(slug), Escaped(hostname));
    let links: String = slugs.iter().map(link).collect();
    page("Link not found", &format!("<p>There is no link at this address. Did you mean</p><ul>{links}</ul>"))
}

/// Asks for a link's password.
pub(super) fn password_form(problem: Option<&str>) -> String {
    let problem = problem
        .map(|problem| format!("<p role=\"alert\"><strong>{}</strong></p>", Escaped(problem)))
        .unwrap_or_default();
    page(
        "This link is protected",
        &format!(
            "{problem}<form method=\"post\"><label for=\"password\">Password</label>\
             <input id=\"password\" name=\"password\" type=\"password\" required autofocus autocomplete=\"off\">\
             <button>Continue</button></form>"
        ),
    )
}

/// Shows where a link goes, and lets the visitor decide.
pub(super) fn preview(link: &CompiledLink) -> String {
    let record = link.record();
    let destination = Escaped(record.destination.as_str());
    let title = record.title.as_deref().map(|title| format!("<h2>{}</h2>", Escaped(title))).unwrap_or_default();
    let description = record.description.as_deref().map(|text| format!("<p>{}</p>", Escaped(text))).unwrap_or_default();
    let rules =
        if record.rules.is_empty() { "" } else { "<p>Some visitors are sent elsewhere by this link's rules.</p>" };
    page(
        "Where this link goes",
        &format!(
            "{title}{description}<p>This link goes to</p>\
             <p><a rel=\"nofollow noreferrer\" href=\"{destination}\">{destination}</a></p>{rules}"
        ),
    )
}

/// What a program that previews links makes a card of, in the terms of Open Graph (<https://ogp.me>). It does not tell where the link goes.
pub(super) fn card(preview: &LinkPreview) -> String {
    let tag = |name: &str, text: Option<&str>| {
        text.map(|text| format!("<meta property=\"og:{name}\" content=\"{}\">", Escaped(text))).unwrap_or_default()
    };
    let image = preview.image_url.as_ref().map(Destination::as_str);
    let kind = if image.is_some() { "summary_large_image" } else { "summary" };
    let title = preview.title.as_deref();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>{}{}{}\
         <meta property=\"og:type\" content=\"website\"><meta name=\"twitter:card\" content=\"{kind}\"></head><body></body></html>",
        Escaped(title.unwrap_or_default()),
        tag("title", title),
        tag("description", preview.description.as_deref()),
        tag("image", image),
    )
}

/// Says of a link with a limited number of clicks that it is there. Where it leads is for those who use one of them.
pub(super) fn limited(link: &CompiledLink) -> String {
    let record = link.record();
    let title = record.title.as_deref().map(|title| format!("<h2>{}</h2>", Escaped(title))).unwrap_or_default();
    page(
        "A link with a limited number of uses",
        &format!("{title}<p>Opening this link uses one of them, and shows where it goes.</p>"),
    )
}

fn page(title: &str, body: &str) -> String {
    let title = Escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;\
         color:#1c1c28;background:#fff;overflow-wrap:anywhere}}p{{white-space:pre-line}}label,input,button{{display:block;font:inherit;margin:.5rem 0}}\
         input,button{{padding:.5rem .75rem;border:1px solid #767687;border-radius:.4rem}}\
         @media(prefers-color-scheme:dark){{body{{color:#eee;background:#16161d}}a{{color:#9ab8ff}}}}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_link_becomes_markup() {
        let page = message("a", "<script>\"x\" & 'y'</script>");
        assert!(page.contains("&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/script&gt;"));
    }
}
