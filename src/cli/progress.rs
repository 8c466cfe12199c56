//! Progress of long work, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a bar without news is drawn.
const TICK: Duration = Duration::from_millis(200);

/// A bar over `bytes` of input, or one that only counts where nobody knows the end. Drawn on standard error, and only if
/// that is a terminal.
#[must_use]
pub fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {pos} links  {per_sec}  {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
