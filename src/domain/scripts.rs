//! Texts that mix letters of several scripts, so that they can be taken for others (UTS 39).

use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript};
use unicode_security::mixed_script::AugmentedScriptSet;

/// A text mixes scripts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the part {part:?} mixes letters of {scripts}, so that it can be taken for another name; write it in one script"
)]
pub struct MixedScripts {
    /// Which part.
    pub part: String,
    /// Their names.
    pub scripts: String,
}

/// One script a part, but Latin letters may stand beside those of Chinese, Japanese and Korean, as they do in texts.
///
/// # Errors
/// Names the scripts.
pub fn refuse_mixed(part: &str) -> Result<(), MixedScripts> {
    let scripts = |text: &str| AugmentedScriptSet::from(text);
    let without_latin: String = part.chars().filter(|letter| letter.script() != Script::Latin).collect();
    let rest = scripts(&without_latin);
    let is_asian = !rest.is_empty() && (rest.hanb || rest.jpan || rest.kore);
    if !scripts(part).is_empty() || is_asian {
        return Ok(());
    }
    let names: BTreeSet<&str> =
        part.chars().map(|letter| letter.script()).filter(|script| is_of_people(*script)).map(name_of).collect();
    let scripts = names.into_iter().collect::<Vec<_>>().join(" and ");
    Err(MixedScripts { part: part.to_owned(), scripts })
}

const fn is_of_people(script: Script) -> bool {
    !matches!(script, Script::Common | Script::Inherited)
}

fn name_of(script: Script) -> &'static str {
    script.full_name()
}
