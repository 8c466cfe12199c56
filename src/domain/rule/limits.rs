//! How much one link's rules may hold: enough for people, too little to slow an edge down.

/// The most rules that one link may have.
pub const RULES_MAX: usize = 50;
/// The most conditions that one rule may have.
pub const CONDITIONS_MAX: usize = 20;
/// The most values that one condition may list.
pub const VALUES_MAX: usize = 300;
/// The most values that all conditions of one link may list together.
pub const VALUES_TOTAL_MAX: usize = 3_000;
/// The most `user_agent` conditions that one link may have.
pub const PATTERNS_MAX: usize = 20;
/// The most `time_windows` conditions that one link may have.
pub const TIME_CONDITIONS_MAX: usize = 200;
/// The longest regular expression, in characters.
pub const PATTERN_CHARACTERS_MAX: usize = 512;
/// The longest value of a condition, in bytes.
pub const VALUE_BYTES_MAX: usize = 255;
/// The most destinations that one split may have.
pub const VARIANTS_MAX: usize = 20;
/// The greatest weight of a variant.
pub const WEIGHT_MAX: u32 = 10_000;
/// The longest name of a rule or a variant, in characters.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// How much memory the automaton of one regular expression may take, in bytes.
pub(super) const PATTERN_BYTES_MAX: usize = 128 * 1024;
/// How much of a `User-Agent` header regular expressions look at, in bytes.
pub(super) const USER_AGENT_BYTES_MAX: usize = 512;
/// How much of a query string conditions look at, in bytes.
pub(super) const QUERY_BYTES_MAX: usize = 4 * 1024;
/// How many errors are reported at once; more help nobody.
pub(super) const FIELD_ERRORS_MAX: usize = 100;
