//! What search engines are asked to do with a link: the value of `X-Robots-Tag`.

/// The most directives of one value.
const DIRECTIVES_MAX: usize = 10;
/// Directives that are a word.
const WORDS: [&str; 9] =
    ["all", "noindex", "nofollow", "none", "noarchive", "nosnippet", "noimageindex", "notranslate", "indexifembedded"];

/// Why a text is no list of directives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected 1 to 10 directives with commas between them, such as \"noindex, nofollow\": all, noindex, nofollow, none, noarchive, \
     nosnippet, noimageindex, notranslate, indexifembedded, max-snippet:50, max-video-preview:5, max-image-preview:large"
)]
pub struct RobotsError;

/// The directives as a header has them: in lower case, with a comma and a space between them.
///
/// # Errors
/// One of them is unknown, or there are none or more than ten.
pub fn directives(text: &str) -> Result<String, RobotsError> {
    let directives: Vec<String> = text.split(',').map(|directive| directive.trim().to_ascii_lowercase()).collect();
    if directives.len() > DIRECTIVES_MAX || !directives.iter().all(|directive| is_known(directive)) {
        return Err(RobotsError);
    }
    Ok(directives.join(", "))
}

fn is_known(directive: &str) -> bool {
    let Some((name, value)) = directive.split_once(':') else { return WORDS.contains(&directive) };
    match name {
        "max-snippet" | "max-video-preview" => {
            value == "-1" || value.parse::<u16>().is_ok_and(|_| !value.starts_with('+'))
        }
        "max-image-preview" => ["none", "standard", "large"].contains(&value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_directives_are_written_as_a_header_has_them() {
        assert_eq!(directives("NoIndex,nofollow").as_deref(), Ok("noindex, nofollow"));
        assert_eq!(
            directives("max-snippet:-1 ,max-image-preview:large").as_deref(),
            Ok("max-snippet:-1, max-image-preview:large")
        );
        for text in
            ["", "noindex,", "noindex nofollow", "max-snippet:", "max-snippet:+5", "bot: noindex", "noindex\r\nx: y"]
        {
            assert_eq!(directives(text), Err(RobotsError), "{text}");
        }
        assert_eq!(directives(&["all"; 11].join(",")), Err(RobotsError));
    }
}
