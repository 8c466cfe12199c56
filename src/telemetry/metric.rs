//! How a metric is declared, beside what counts it.
//!
//! Invariants: a name, its unit and its labels are checked when the process is built, and the labels once more when a handle is
//! made; whoever counts keeps a handle, and a metric is looked up by name only where a route is answered that costs far more
//! than the look-up. Label values come from lists in the code, never from what a client sent.

use metrics::{Counter, Gauge, Histogram, Label, Unit};

use super::recorder;

/// What a metric is, for those who read it. Its unit is the ending of its name: `_seconds`, `_bytes`, or a count.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// As Prometheus knows it.
    pub name: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One label of a metric: its name and its value.
pub type LabelPair = (&'static str, &'static str);

impl Metric {
    /// Something that only grows. Its name ends with `_total`.
    #[must_use]
    pub const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        assert!(ends_with(name, "_total"), "the name of a counter ends with _total");
        Self::new(name, labels, help, Kind::Counter)
    }

    /// Something that rises and falls.
    #[must_use]
    pub const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        assert!(!ends_with(name, "_total"), "only the name of a counter ends with _total");
        Self::new(name, labels, help, Kind::Gauge)
    }

    /// How long things took. Its name ends with `_seconds`.
    #[must_use]
    pub const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        assert!(ends_with(name, "_seconds"), "the name of a histogram ends with _seconds");
        Self::new(name, labels, help, Kind::Histogram)
    }

    const fn new(name: &'static str, labels: &'static [&'static str], help: &'static str, kind: Kind) -> Self {
        assert!(starts_with(name, "elido_") && is_snake_case(name), "a name is elido_ and words in small letters");
        assert!(ends_with(help, "."), "the help of a metric is a sentence");
        let mut rest = labels;
        while let [label, further @ ..] = rest {
            assert!(is_snake_case(label), "the name of a label is words in small letters");
            rest = further;
        }
        Self { name, labels, help, kind }
    }

    /// The handle of a counter with these labels.
    pub fn register_counter(self, labels: &[LabelPair]) -> Counter {
        self.describe();
        metrics::counter!(self.name, self.with_values(labels))
    }

    /// The handle of a gauge with these labels.
    pub fn register_gauge(self, labels: &[LabelPair]) -> Gauge {
        self.describe();
        metrics::gauge!(self.name, self.with_values(labels))
    }

    /// The handle of a histogram with these labels.
    pub fn register_histogram(self, labels: &[LabelPair]) -> Histogram {
        self.describe();
        metrics::histogram!(self.name, self.with_values(labels))
    }

    /// The counter with these labels, looked up by name. Describe it before.
    pub fn find_counter(self, labels: Vec<Label>) -> Counter {
        metrics::counter!(self.name, labels)
    }

    /// The gauge with these labels, looked up by name. Describe it before.
    pub fn find_gauge(self, labels: Vec<Label>) -> Gauge {
        metrics::gauge!(self.name, labels)
    }

    /// The histogram with these labels, looked up by name. Describe it before.
    pub fn find_histogram(self, labels: Vec<Label>) -> Histogram {
        metrics::histogram!(self.name, labels)
    }

    /// Tells the recorder what the metric is.
    pub fn describe(self) {
        recorder::install();
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.unit(), self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.unit(), self.help),
            Kind::Histogram => metrics::describe_histogram!(self.name, self.unit(), self.help),
        }
    }

    /// Its type, as Prometheus calls it.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }

    fn unit(self) -> Unit {
        let measured = self.name.strip_suffix("_total").unwrap_or(self.name);
        if measured.ends_with("_seconds") {
            Unit::Seconds
        } else if measured.ends_with("_bytes") {
            Unit::Bytes
        } else {
            Unit::Count
        }
    }

    fn with_values(self, labels: &[LabelPair]) -> Vec<Label> {
        debug_assert!(self.labels.iter().eq(labels.iter().map(|(name, _)| name)), "{} has other labels", self.name);
        labels.iter().map(|(name, value)| Label::from_static_parts(name, value)).collect()
    }
}

/// A count as a gauge takes it: a floating-point number, which is exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "no count of ours comes near 2^53")]
#[must_use]
pub fn gauge_value(count: u64) -> f64 {
    count as f64
}

const fn starts_with(text: &str, beginning: &str) -> bool {
    is_prefix(beginning.as_bytes(), text.as_bytes())
}

const fn ends_with(text: &str, ending: &str) -> bool {
    let mut rest = text.as_bytes();
    while rest.len() > ending.len() {
        rest = match rest {
            [_, tail @ ..] => tail,
            [] => rest,
        };
    }
    is_prefix(ending.as_bytes(), rest)
}

const fn is_prefix(mut prefix: &[u8], mut text: &[u8]) -> bool {
    while let ([expected, further @ ..], [found, rest @ ..]) = (prefix, text) {
        if *expected != *found {
            return false;
        }
        (prefix, text) = (further, rest);
    }
    prefix.is_empty()
}

const fn is_snake_case(text: &str) -> bool {
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        if !matches!(first, b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        bytes = rest;
    }
    !text.is_empty()
}
