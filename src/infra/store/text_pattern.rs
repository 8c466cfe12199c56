//! Looking for a text within texts.

use sea_orm::sea_query::LikeExpr;

/// A pattern for texts that contain `text`, whatever characters it has.
pub(super) fn containing(text: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}
