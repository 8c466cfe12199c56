//! Kinds of device, by what headers say of themselves.

use regex::Regex;

use super::words::any_of;
use crate::domain::rule::Device;

/// Televisions, boxes beside them, and consoles.
const TV: &[&str] = &[
    "smart-?tv",
    "google ?tv",
    "apple ?tv",
    "android ?tv",
    "opera tv",
    "tvos",
    "hbbtv",
    "philipstv",
    "mitv",
    "tvbro",
    "whaletv",
    r"\btv\b",
    r"\bdtv",
    "web0s",
    r"webos\.tv",
    "netcast",
    "viera",
    "bravia",
    "aquos(?:tv|browser)",
    "roku",
    "crkey",
    "vidaa",
    r"\baft[a-z0-9]{1,5}(?: build|\))",
    "playstation",
    "xbox",
    "nintendo (?:switch|wii)",
    "boxee",
    "smarthub",
];

/// Tablets, by the names of their series.
const TABLETS: &[&str] = &[
    "ipad",
    "tablet",
    r"\btab\b",
    "galaxy tab",
    r"\bsm-[tx][0-9]",
    r"\bgt-[pn][0-9]",
    "kindle",
    r"\bkf[a-z]{3,5}\b",
    "nexus (?:7|9|10)\\b",
    "pixel (?:c|tablet)\\b",
    "playbook",
    "xoom",
    "transformer",
    "mediapad",
    "matepad",
    "lenovo (?:tb|yt)",
    r"\btb-?[0-9x]",
    "mi ?pad",
    "redmi pad",
    "iconia",
];

/// Phones, by words that computers do not use.
const PHONES: &[&str] = &[
    "mobile",
    "iphone",
    "ipod",
    "phone",
    "midp",
    "opera mini",
    "blackberry",
    "symbian",
    "series ?60",
    "kaios",
    r"\bmaui",
    "up\\.browser",
];

/// What headers are searched for.
pub(super) struct Devices {
    tv: Regex,
    tablet: Regex,
    phone: Regex,
}

impl Devices {
    pub fn compile() -> Result<Self, regex::Error> {
        Ok(Self { tv: any_of(TV)?, tablet: any_of(TABLETS)?, phone: any_of(PHONES)? })
    }

    /// The kind of device that sends `header` and runs `os`, which is canonical or empty.
    pub fn device(&self, header: &str, os: &str) -> Device {
        if self.tv.is_match(header) {
            return Device::Tv;
        }
        // Windows says "Tablet PC" of computers that merely have a touch screen.
        if os != "Windows" && self.tablet.is_match(header) {
            return Device::Tablet;
        }
        match os {
            // Android's guidance is that phones say "Mobile" and tablets do not; apps say neither.
            "Android" if header.starts_with("Mozilla/") && !self.phone.is_match(header) => Device::Tablet,
            "Android" | "iOS" => Device::Mobile,
            _ if self.phone.is_match(header) => Device::Mobile,
            "Windows" | "macOS" | "Linux" | "ChromeOS" => Device::Desktop,
            name if name.ends_with("BSD") => Device::Desktop,
            _ => Device::Other,
        }
    }
}
