//! From what the edge saw to what the store keeps. The address ends here.

use url::form_urlencoded;

use super::visitor::VisitorKey;
use crate::domain::click::Click;
use crate::domain::click_policy::ClickPolicy;
use crate::domain::rule::{Agent, preferred_language, site_of};
use crate::infra::click_store::{EnrichedClick, Utm};
use crate::infra::geo::Location;

/// The longest campaign parameter or name kept, in characters.
const TEXT_CHARACTERS_MAX: usize = 255;
/// How many parameters of a query string are looked at; a visitor chooses how many there are.
const PARAMETERS_MAX: usize = 100;

/// What is known of a click once its address, its user agent and its texts were looked up as the workspace asks for it.
#[must_use]
pub fn enrich(
    click: &Click<'_>,
    policy: &ClickPolicy,
    location: &Location<'_>,
    agent: &Agent,
    key: &VisitorKey,
) -> EnrichedClick {
    let mut parameters = Parameters::default();
    parameters.take_query(click.query);
    // What the visitor came with goes before what the destination adds.
    parameters.take_campaign(click.campaign);
    EnrichedClick {
        at: click.at,
        kind: click.kind,
        status: click.status,
        workspace_id: click.workspace_id,
        domain_id: click.domain_id,
        link_id: click.link_id,
        host: click.host.to_ascii_lowercase().into(),
        slug: click.slug.into(),
        country: location.country.and_then(text),
        region: region(location),
        city: location.city.and_then(text),
        asn: location.asn,
        device: agent.device,
        os: text(&agent.os),
        browser: text(&agent.browser),
        agent: agent.class,
        prefetch: click.signals.prefetch,
        head: click.signals.head,
        opted_out: click.signals.do_not_track && !policy.count_opted_out,
        referrer_host: site_of(click.referrer).as_deref().and_then(text),
        language: language(click.accept_language),
        utm: parameters.utm,
        rule: click.rule.map(Box::from),
        variant: click.variant.map(Box::from),
        qr: parameters.qr,
        visitor: key.hash(click).filter(|_| policy.tells_visitors_apart()),
    }
}

/// The ISO 3166-2 code, or the region's name where the database has no code.
fn region(location: &Location<'_>) -> Option<Box<str>> {
    match (location.country, location.subdivision) {
        (Some(country), Some(subdivision)) => text(&format!("{country}-{subdivision}")),
        _ => location.region.and_then(text),
    }
}

/// The primary subtag of the most preferred language (RFC 5646), lower-case.
fn language(accept_language: &str) -> Option<Box<str>> {
    let primary = preferred_language(accept_language)?.split(['-', '_']).next()?;
    let is_primary = (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_primary.then(|| primary.to_ascii_lowercase().into())
}

/// What the query strings of the visited URL and of the destination say.
#[derive(Default)]
struct Parameters {
    utm: Utm,
    qr: bool,
}

impl Parameters {
    fn take_query(&mut self, query: &str) {
        for (key, value) in form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX) {
            self.qr |= key == "qr" && value == "1";
            self.take(&key, &value);
        }
    }

    fn take_campaign(&mut self, campaign: &str) {
        for (key, value) in form_urlencoded::parse(campaign.as_bytes()).take(PARAMETERS_MAX) {
            self.take(&key, &value);
        }
    }

    /// The first value of each parameter counts.
    fn take(&mut self, key: &str, value: &str) {
        let utm = &mut self.utm;
        let field = match key {
            "utm_source" => &mut utm.source,
            "utm_medium" => &mut utm.medium,
            "utm_campaign" => &mut utm.campaign,
            "utm_term" => &mut utm.term,
            "utm_content" => &mut utm.content,
            _ => return,
        };
        if field.is_none() {
            *field = text(value);
        }
    }
}

/// Without white space around and control characters within, at most 255 characters; none if nothing is left.
fn text(text: &str) -> Option<Box<str>> {
    let kept: String =
        text.trim().chars().filter(|character| !character.is_control()).take(TEXT_CHARACTERS_MAX).collect();
    (!kept.is_empty()).then(|| kept.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rule::{AgentClass, Device};
    use crate::services::click_ingester::test_click;

    fn agent(class: AgentClass) -> Agent {
        Agent { device: Device::Mobile, os: "iOS".into(), browser: "".into(), class }
    }

    fn enriched(click: &Click<'_>) -> EnrichedClick {
        enrich(click, &ClickPolicy::default(), &Location::default(), &agent(AgentClass::Human), &VisitorKey::random())
    }

    #[test]
    fn what_was_looked_up_is_kept_and_what_is_empty_is_absent() {
        let location = Location {
            country: Some("DE"),
            subdivision: Some("BY"),
            region: Some("Bavaria"),
            city: Some("Munich"),
            asn: Some(3320),
            organization: Some("Example Net"),
        };
        let click = enrich(
            &test_click::click(),
            &ClickPolicy::default(),
            &location,
            &agent(AgentClass::Bot),
            &VisitorKey::random(),
        );
        assert_eq!(click.country.as_deref(), Some("DE"));
        assert_eq!(click.region.as_deref(), Some("DE-BY"));
        assert_eq!(click.city.as_deref(), Some("Munich"));
        assert_eq!(click.asn, Some(3320));
        assert_eq!((click.os.as_deref(), click.browser.as_deref()), (Some("iOS"), None));
        assert!(!click.is_counted(), "a bot");
        let nameless = Location { subdivision: None, ..location };
        let click = enrich(
            &test_click::click(),
            &ClickPolicy::default(),
            &nameless,
            &agent(AgentClass::Human),
            &VisitorKey::random(),
        );
        assert_eq!(click.region.as_deref(), Some("Bavaria"));
    }

    #[test]
    fn only_people_who_came_to_look_are_counted() {
        let click = test_click::click();
        assert!(enriched(&click).is_counted());
        let mut prefetch = click;
        prefetch.signals.prefetch = true;
        assert!(!enriched(&prefetch).is_counted());
        let mut head = click;
        head.signals.head = true;
        assert!(!enriched(&head).is_counted());
        let preview = enrich(
            &click,
            &ClickPolicy::default(),
            &Location::default(),
            &agent(AgentClass::Preview),
            &VisitorKey::random(),
        );
        assert!(!preview.is_counted());
    }

    #[test]
    fn campaign_parameters_and_the_qr_marker_are_read_from_the_query() {
        let query = "utm_source=news%20letter&utm_medium=+e-mail+&utm_campaign=&utm_campaign=sp%C3%A9cial&utm_source=later&qr=1&utm_term=%00";
        let click = enriched(&Click { query, ..test_click::click() });
        assert_eq!(click.utm.source.as_deref(), Some("news letter"));
        assert_eq!(click.utm.medium.as_deref(), Some("e-mail"));
        assert_eq!(click.utm.campaign.as_deref(), Some("spécial"));
        assert_eq!((click.utm.term, click.utm.content), (None, None));
        assert!(click.qr);
        let campaign = "utm_source=link&utm_term=shoes+red&qr=1";
        let click = enriched(&Click { query: "utm_source=mail", campaign, ..test_click::click() });
        assert_eq!((click.utm.source.as_deref(), click.utm.term.as_deref()), (Some("mail"), Some("shoes red")));
        assert!(!click.qr, "only the visited URL says so");
        assert!(!enriched(&Click { query: "qr=true", ..test_click::click() }).qr);
    }

    #[test]
    fn referrers_become_sites_and_languages_their_primary_subtag() {
        let referrer_host = |referrer| enriched(&Click { referrer, ..test_click::click() }).referrer_host;
        assert_eq!(referrer_host("https://WWW.News.Example:8443/a?b").as_deref(), Some("news.example"));
        assert_eq!(referrer_host("android-app://com.google.android.gm/").as_deref(), Some("com.google.android.gm"));
        assert_eq!(referrer_host(""), None);
        let language = |accept_language| enriched(&Click { accept_language, ..test_click::click() }).language;
        assert_eq!(language("fr;q=0.4, DE-at").as_deref(), Some("de"));
        assert_eq!(language("*"), None);
        assert_eq!(language("1234567"), None);
    }

    #[test]
    fn a_visitor_who_asks_not_to_be_tracked_is_counted_and_not_recognised() {
        let mut click = test_click::click();
        click.signals.do_not_track = true;
        let policy = ClickPolicy { count_opted_out: false, ..ClickPolicy::default() };
        let key = VisitorKey::random();
        let left_out = enrich(&click, &policy, &Location::default(), &agent(AgentClass::Human), &key);
        assert_eq!((left_out.opted_out, left_out.is_counted(), left_out.visitor), (true, false, None));
        let click = enriched(&click);
        assert!(click.is_counted());
        assert_eq!(click.visitor, None);
    }

    proptest! {
        #[test]
        fn arbitrary_texts_never_panic_and_stay_short(query in "\\PC{0,300}", referrer in "\\PC{0,300}", language in "\\PC{0,60}") {
            let click = enriched(&Click { query: &query, referrer: &referrer, accept_language: &language, ..test_click::click() });
            for text in [click.utm.source, click.utm.campaign, click.referrer_host, click.language].into_iter().flatten() {
                prop_assert!((1..=TEXT_CHARACTERS_MAX).contains(&text.chars().count()));
            }
        }
    }
}
