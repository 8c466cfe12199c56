//! People, bots and makers of link previews.

use regex::Regex;

use super::words::any_of;
use crate::domain::rule::AgentClass;

/// Messengers and social networks that fetch a link to show what is behind it.
/// iMessage calls itself `facebookexternalhit` and `Twitterbot` as well.
const PREVIEWS: &[&str] = &[
    "facebookexternalhit",
    "facebookcatalog",
    "facebot",
    "meta-externalfetcher",
    "twitterbot",
    "slackbot",
    "slack-imgproxy",
    "^whatsapp/",
    "telegrambot",
    "discordbot",
    "linkedinbot",
    "skypeuripreview",
    "microsoftpreview",
    "bingpreview",
    "google-pagerenderer",
    "developers\\.google\\.com/\\+/web/snippet",
    "googlemessages",
    "google-messages",
    "url ?preview",
    "link ?preview",
    "^viber",
    "line-poker",
    "kakaotalk-scrap",
    "kakaostory-og-reader",
    "vkshare",
    "redditbot",
    "pinterest/0",
    "pinterestbot",
    "^tumblr/[0-9]",
    "xing-contenttabreceiver",
    "embedly",
    "iframely",
    "mastodon/",
    "pleroma",
    "akkoma",
    "misskey",
    "lemmy/",
    "cardyb",
    "synapse",
    "mattermost-bot",
    "nextcloud server crawler",
    "notionembedder",
    "bitlybot",
    "snap url",
];

/// Crawlers, monitors, scanners, scripts and browsers without a screen.
const BOTS: &[&str] = &[
    // Most say so. Phone makers are called Cubot, M bot and Power Bot, and write a model behind that.
    "(?:^|[^u])bots?(?:[/;,:)_+-]|$)",
    "[a-tv-z]bots? ",
    "crawl",
    "(?:^|[^a-z])[a-z]*spider(?:[/;,:)_+-]|$)",
    "slurp",
    "scrape",
    "fetch(?:er|bot|or)?(?:[/;,)_ -]*[0-9]|$)",
    "[a-z]fetch",
    "archiver",
    "indexer",
    "thumbnail",
    "httrack",
    "://",
    "@[a-z0-9-]+\\.[a-z]{2}",
    // Search engines and language models that do not.
    "mediapartners-google",
    "googleother",
    "google-",
    "googleweblight",
    "google favicon",
    "google web preview",
    "apis-google",
    "feedfetcher",
    "googleimageproxy",
    "yahoocachesystem",
    "yahoomailproxy",
    "baidu\\.com",
    "yandex[a-z]*/[0-9.]+;",
    "chatgpt-user",
    "claude-(?:user|bot|searchbot|web)",
    "anthropic",
    "perplexity-?(?:bot|user)",
    "mistralai",
    "cohere-",
    "^bytedance",
    "bytespider",
    "duckassist",
    "meta-external",
    "qwantify",
    // Feeds.
    "^feedly",
    "feedbin",
    "feedburner",
    "newsblur",
    "inoreader\\.com",
    "tiny tiny rss",
    "\\brss\\b",
    // Monitors and measurements.
    "pingdom",
    "statuscake",
    "site24x7",
    "uptime[a-z-]*[/ ]",
    "newrelic",
    "datadog",
    "dynatrace",
    "catchpoint",
    "gtmetrix",
    "lighthouse",
    "page ?speed",
    "ptst/",
    "hetrix",
    "freshping",
    "nagios",
    "check_http",
    "zabbix",
    "blackbox",
    "prometheus",
    "kube-probe",
    "healthcheck",
    "health-check",
    "health check",
    "googlehc",
    "monitoring",
    "^[a-z-]*monitor/",
    "netcraft",
    "internet-measurement",
    // Scanners.
    "censys",
    "zgrab",
    "masscan",
    "nmap",
    "nuclei",
    "nikto",
    "sqlmap",
    "expanse, a palo alto",
    "^expanse",
    "gobuster",
    "wpscan",
    "validator",
    "linkcheck",
    "checklink",
    "link sleuth",
    "barracuda",
    "proofpoint",
    "mimecast",
    // Browsers without a screen.
    "headless",
    "phantomjs",
    "slimerjs",
    "puppeteer",
    "playwright",
    "selenium",
    "cypress",
    "htmlunit",
    // Libraries and tools.
    "\\bcurl",
    "wget",
    "^python",
    "python-",
    "aiohttp",
    "httpx",
    "go-http",
    "^java[/ 0-9]",
    "^okhttp",
    "http-?client",
    "httpunit",
    "libwww",
    "lwp[:-]",
    "^php",
    "guzzle",
    "^ruby",
    "faraday",
    "node-fetch",
    "axios",
    "undici",
    "^got[/ ]",
    "postman",
    "insomnia",
    "httpie",
    "powershell",
];

/// Where a telephone's header has its model, which may be called as makers please: behind the system, and perhaps a language.
const MODEL: &[&str] = &["\\(linux;(?: u;)? android [0-9.]+;(?: [a-z]{2}[-_][a-z]{2};)?([^;)]*)"];

/// How people's programs begin their headers, apart from apps, whose systems are known.
const BROWSERS: &[&str] = &["^mozilla/", "^opera/", "midp", "j2me", "up\\.browser", "^blackberry"];

/// How programs begin their headers that want to pass for an old browser; most of those without a system are none.
const COMPATIBLE: &[&str] = &["^mozilla/[0-9.]+ \\(compatible[;)]"];

/// The old browsers that began so.
const COMPATIBLE_BROWSERS: &[&str] = &["msie", "konqueror", "netfront", "opera", "icab", "omniweb", "web browser"];

/// What headers are searched for.
pub(super) struct Classes {
    previews: Regex,
    bots: Regex,
    model: Regex,
    browsers: Regex,
    compatible: Regex,
    compatible_browsers: Regex,
}

impl Classes {
    pub fn compile() -> Result<Self, regex::Error> {
        Ok(Self {
            previews: any_of(PREVIEWS)?,
            bots: any_of(BOTS)?,
            model: any_of(MODEL)?,
            browsers: any_of(BROWSERS)?,
            compatible: any_of(COMPATIBLE)?,
            compatible_browsers: any_of(COMPATIBLE_BROWSERS)?,
        })
    }

    /// What sort of program sends `header` from `os`, which is empty if unknown.
    pub fn class(&self, header: &str, os: &str) -> AgentClass {
        if self.previews.is_match(header) {
            AgentClass::Preview
        } else if self.is_named_bot(header) || self.is_unlike_a_browser(header, os) {
            AgentClass::Bot
        } else {
            AgentClass::Human
        }
    }

    fn is_named_bot(&self, header: &str) -> bool {
        let model = self.model.captures(header).and_then(|found| found.get(1));
        let Some(model) = model.filter(|model| !model.as_str().contains("://")) else {
            return self.bots.is_match(header);
        };
        let around = [header.get(..model.start()), header.get(model.end()..)];
        around.into_iter().flatten().any(|part| self.bots.is_match(part))
    }

    fn is_unlike_a_browser(&self, header: &str, os: &str) -> bool {
        let only_compatible = || self.compatible.is_match(header) && !self.compatible_browsers.is_match(header);
        os.is_empty() && (!self.browsers.is_match(header) || only_compatible())
    }
}
