//! Real headers, and what is kept of them.

use AgentClass::{Bot, Human, Preview};
use Device::{Desktop, Mobile, Other, Tablet, Tv};

use super::*;
use crate::domain::rule::{AgentClass, Device};

/// Headers as they were sent, and what they stand for.
const SENT: &[(&str, Device, &str, &str, AgentClass)] = &[
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
        Desktop,
        "Windows",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36 Edg/153.0.0.0",
        Desktop,
        "Windows",
        "Edge",
        Human,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Safari/605.1.15",
        Desktop,
        "macOS",
        "Safari",
        Human,
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:156.0) Gecko/20100101 Firefox/156.0",
        Desktop,
        "Linux",
        "Firefox",
        Human,
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 Safari/537.36",
        Desktop,
        "ChromeOS",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)",
        Desktop,
        "Windows",
        "Internet Explorer",
        Human,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 Safari/604.1",
        Mobile,
        "iOS",
        "Safari",
        Human,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 26_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/153.0.8010.24 Mobile/15E148 Safari/604.1",
        Mobile,
        "iOS",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36",
        Mobile,
        "Android",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/143.0.0.0 Mobile Safari/537.36",
        Mobile,
        "Android",
        "Samsung Internet",
        Human,
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
        Mobile,
        "Android",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 337.0.1.0.70 (iPhone15,2; iOS 17_5; de_DE; de; scale=3.00; 1179x2556; 611354170)",
        Mobile,
        "iOS",
        "Instagram",
        Human,
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        Tablet,
        "iOS",
        "Safari",
        Human,
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
        Tablet,
        "Android",
        "Chrome",
        Human,
    ),
    ("Mozilla/5.0 (Android 14; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", Tablet, "Android", "Firefox", Human),
    (
        "Mozilla/5.0 (Linux; Android 11; AFTKA Build/RS8117.2048N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0 Safari/537.36",
        Tv,
        "Android",
        "Chrome",
        Human,
    ),
    (
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
        Tv,
        "Tizen",
        "Safari",
        Human,
    ),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Other, "", "FacebookBot", Preview),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        Desktop,
        "macOS",
        "FacebookBot",
        Preview,
    ),
    ("Twitterbot/1.0", Other, "", "Twitterbot", Preview),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Other, "", "Slackbot-LinkExpanding", Preview),
    ("WhatsApp/2.23.20.0", Other, "", "WhatsApp", Preview),
    ("TelegramBot (like TwitterBot)", Other, "", "TelegramBot", Preview),
    ("Mozilla/5.0 (compatible; Name/1.0)", Other, "", "", Bot),
    ("Mozilla/5.0 (compatible; Konqueror/4.5; DragonFly) KHTML/4.5.4 (like Gecko)", Other, "", "Konqueror", Human),
    ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", Other, "", "Discordbot", Preview),
    (
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        Other,
        "",
        "LinkedInBot",
        Preview,
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
        Desktop,
        "Windows",
        "",
        Preview,
    ),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Other, "", "Googlebot", Bot),
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        Mobile,
        "Android",
        "Googlebot",
        Bot,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        Other,
        "",
        "GPTBot",
        Bot,
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.0.0 Safari/537.36",
        Desktop,
        "Linux",
        "HeadlessChrome",
        Bot,
    ),
    ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", Other, "", "UptimeRobot", Bot),
    ("curl/8.5.0", Other, "", "curl", Bot),
    ("Wget/1.21.3", Other, "", "Wget", Bot),
    ("python-requests/2.32.3", Other, "", "Python Requests", Bot),
    ("Go-http-client/2.0", Other, "", "Go-http-client", Bot),
    ("Java/17.0.9", Other, "", "Java", Bot),
    ("SomethingNobodyKnows/1.0", Other, "", "", Bot),
    ("", Other, "", "", Bot),
];

#[test]
fn headers_as_they_are_sent_are_understood() {
    let user_agents = UserAgents::new();
    let wrong: Vec<_> = SENT
        .iter()
        .filter_map(|(header, device, os, browser, class)| {
            let expected = Agent { device: *device, os: (*os).into(), browser: (*browser).into(), class: *class };
            let found = user_agents.classify(header);
            (*found != expected).then(|| format!("{header}\n  {found:?}\n  {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn people_whose_header_has_the_word_of_a_bot_in_it_are_people() {
    let user_agents = UserAgents::new();
    for header in [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari/604.1 trill_43.0.0 BytedanceWebview/d8a21c6",
        "Mozilla/5.0 (Linux; Android 12; Pixel 3 Build/SP1A.210812.015; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.104 Mobile Safari/537.36  trill_2022206050 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/22.6.5 ByteLocale/en Region/US BytedanceWebview/d8a21c6",
        "Mozilla/5.0 (Linux; Android 7.0; M bot 51) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 7.0; POWER BOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; M bot) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; U; Android 8.1.0; de-de; Spider Build/O11019) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Perplexity/2.4",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Feedly/99",
        "Mozilla/5.0 (Linux; Android 8.1.0; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; Expanse) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; GOT Build/PPR1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 6.0; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36",
    ] {
        assert_eq!(user_agents.classify(header).class, AgentClass::Human, "{header}");
    }
    for header in [
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "okhttp/4.9.0",
        "got/11.8.2",
        "node-fetch/1.0",
    ] {
        assert_eq!(user_agents.classify(header).class, AgentClass::Bot, "{header}");
    }
}

#[test]
fn nothing_is_loaded_before_it_is_needed() {
    let user_agents = UserAgents::new();
    assert!(user_agents.shared.parser.get().is_none());
    user_agents.warm();
    assert!(matches!(user_agents.shared.parser.get(), Some(Some(_))));
}

#[test]
fn a_header_seen_before_costs_no_allocation() {
    let user_agents = UserAgents::new();
    let (header, ..) = SENT[0];
    let first = user_agents.classify(header);
    let counted = allocation_counter::measure(|| {
        std::hint::black_box(user_agents.classify(std::hint::black_box(header)));
    });
    assert_eq!(counted.count_total, 0);
    assert!(Arc::ptr_eq(&first, &user_agents.classify(header)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let user_agents = UserAgents::new();
    for number in 0..2_000 {
        let header = format!("curl/{number} {}ä", "x".repeat(9_000));
        assert_eq!(user_agents.classify(&header).class, AgentClass::Bot);
    }
    assert!(user_agents.shared.known.weight() <= CACHE_BYTES_MAX);
    assert!(user_agents.shared.known.iter().all(|(header, _)| header.len() <= HEADER_BYTES_MAX));
}
