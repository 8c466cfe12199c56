//! One name for each operating system and browser, so that rules and analytics speak alike.

/// Names of operating systems that other lists use, in lower case, and ours.
const SYSTEMS: &[(&str, &str)] = &[
    ("android", "Android"),
    ("arch linux", "Linux"),
    ("atv os x", "tvOS"),
    ("centos", "Linux"),
    ("chrome os", "ChromeOS"),
    ("chromeos", "ChromeOS"),
    ("chromium os", "ChromeOS"),
    ("cros", "ChromeOS"),
    ("debian", "Linux"),
    ("fedora", "Linux"),
    ("gentoo", "Linux"),
    ("harmonyos", "HarmonyOS"),
    ("ios", "iOS"),
    ("ipad os", "iOS"),
    ("ipados", "iOS"),
    ("iphone os", "iOS"),
    ("kaios", "KaiOS"),
    ("kubuntu", "Linux"),
    ("linux", "Linux"),
    ("linux mint", "Linux"),
    ("mac os", "macOS"),
    ("mac os x", "macOS"),
    ("macos", "macOS"),
    ("mandriva", "Linux"),
    ("os x", "macOS"),
    ("red hat", "Linux"),
    ("slackware", "Linux"),
    ("suse", "Linux"),
    ("tvos", "tvOS"),
    ("ubuntu", "Linux"),
    ("watchos", "watchOS"),
    ("web0s", "webOS"),
    ("webos", "webOS"),
    ("windows", "Windows"),
];

/// Names of browsers that other lists use, in lower case, and ours.
const BROWSERS: &[(&str, &str)] = &[
    ("amazon silk", "Amazon Silk"),
    ("android", "Android Browser"),
    ("android browser", "Android Browser"),
    ("avast secure browser", "Avast Secure Browser"),
    ("brave", "Brave"),
    ("brave mobile", "Brave"),
    ("chrome", "Chrome"),
    ("chrome mobile", "Chrome"),
    ("chrome mobile ios", "Chrome"),
    ("chrome mobile webview", "Android WebView"),
    ("chromium", "Chromium"),
    ("coc coc", "Coc Coc"),
    ("crosswalk", "Android WebView"),
    ("duckduckgo", "DuckDuckGo"),
    ("duckduckgo mobile", "DuckDuckGo"),
    ("ecosia android", "Ecosia"),
    ("ecosia ios", "Ecosia"),
    ("edge", "Edge"),
    ("edge mobile", "Edge"),
    ("edge webview2", "Edge"),
    ("electron", "Electron"),
    ("facebook", "Facebook"),
    ("facebook messenger", "Facebook Messenger"),
    ("firefox", "Firefox"),
    ("firefox alpha", "Firefox"),
    ("firefox beta", "Firefox"),
    ("firefox focus", "Firefox"),
    ("firefox ios", "Firefox"),
    ("firefox mobile", "Firefox"),
    ("firefox reality", "Firefox"),
    ("google", "Google App"),
    ("google app", "Google App"),
    ("huawei browser", "Huawei Browser"),
    ("ie", "Internet Explorer"),
    ("ie large screen", "Internet Explorer"),
    ("ie mobile", "Internet Explorer"),
    ("instagram", "Instagram"),
    ("internet explorer", "Internet Explorer"),
    ("maxthon", "Maxthon"),
    ("messenger", "Facebook Messenger"),
    ("miui browser", "MIUI Browser"),
    ("miuibrowser", "MIUI Browser"),
    ("mobile safari", "Safari"),
    ("mobile safari ui/wkwebview", "iOS WebView"),
    ("opera", "Opera"),
    ("opera gx", "Opera"),
    ("opera mini", "Opera Mini"),
    ("opera mobile", "Opera"),
    ("opera tablet", "Opera"),
    ("opera touch", "Opera"),
    ("qq browser", "QQ Browser"),
    ("qq browser mini", "QQ Browser"),
    ("qq browser mobile", "QQ Browser"),
    ("safari", "Safari"),
    ("samsung internet", "Samsung Internet"),
    ("uc browser", "UC Browser"),
    ("vivaldi", "Vivaldi"),
    ("whale", "Whale"),
    ("yandex browser", "Yandex Browser"),
    ("yandex", "Yandex Browser"),
    ("yabrowser", "Yandex Browser"),
    ("yandexsearch", "Yandex Browser"),
];

/// The one name of an operating system; a name that is not known stays as it is.
#[must_use]
pub fn canonical_os(name: &str) -> &str {
    canonical(SYSTEMS, name)
}

/// The one name of a browser; a name that is not known stays as it is.
#[must_use]
pub fn canonical_browser(name: &str) -> &str {
    canonical(BROWSERS, name)
}

fn canonical<'a>(names: &[(&str, &'static str)], name: &'a str) -> &'a str {
    let known = names.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    known.map_or(name, |(_, ours)| ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_one_name() {
        assert_eq!(canonical_os("Mac OS X"), "macOS");
        assert_eq!(canonical_os("MACOS"), "macOS");
        assert_eq!(canonical_os("Ubuntu"), "Linux");
        assert_eq!(canonical_os("Plan 9"), "Plan 9");
        assert_eq!(canonical_browser("Mobile Safari"), "Safari");
        assert_eq!(canonical_browser("chrome mobile ios"), "Chrome");
        assert_eq!(canonical_browser("Lynx"), "Lynx");
    }

    #[test]
    fn our_names_are_their_own() {
        for (_, ours) in SYSTEMS {
            assert_eq!(canonical_os(ours), *ours);
        }
        for (_, ours) in BROWSERS {
            assert_eq!(canonical_browser(ours), *ours);
        }
    }
}
