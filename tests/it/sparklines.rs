//! The clicks of many links, day by day, in one question.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Platform, body, eventually};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_links_has_its_clicks_by_day_in_one_answer() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let mut ids = Vec::new();
    for (slug, visits) in [("one", 1), ("three", 3), ("none", 0)] {
        let link = json!({ "destination_url": "https://example.com/", "slug": slug });
        let link = platform.create_link(&account, &link).await;
        ids.push(link["id"].as_str().expect("an id").to_owned());
        for _ in 0..visits {
            let url = platform.edge(&format!("/{slug}"));
            let visit = platform.client.get(url).header("host", "localhost").header("user-agent", FIREFOX);
            assert_eq!(visit.send().await.expect("a response").status(), StatusCode::FOUND);
        }
    }
    eventually("four clicks", || async { platform.read(&account, "/analytics/summary").await["clicks"] == json!(4) })
        .await;
    // Apia is at +13: there, another day may have begun.
    for zone in ["UTC", "Pacific/Apia"] {
        let path = format!("/analytics/sparklines?time_zone={zone}&link={}&link={}&link={}", ids[2], ids[1], ids[0]);
        let answer = platform.read(&account, &path).await;
        let lines = answer["data"].as_array().expect("sparklines");
        let named: Vec<&str> = lines.iter().map(|line| line["link_id"].as_str().expect("an id")).collect();
        assert_eq!(named, [&ids[2], &ids[1], &ids[0]]);
        for (line, clicks) in lines.iter().zip([0, 3, 1]) {
            let days: Vec<u64> =
                line["clicks"].as_array().expect("days").iter().map(|day| day.as_u64().expect("a number")).collect();
            assert_eq!((days.len(), days.iter().sum::<u64>()), (30, clicks), "{answer}");
        }
        assert_eq!(answer["time_zone"], zone);
    }
    let refused = async |query: &str| {
        let request = platform.of(&account, Method::GET, &format!("/analytics/sparklines?{query}"));
        body(request, StatusCode::BAD_REQUEST).await["errors"][0].clone()
    };
    let many = vec!["link=lnk_00000000000000000000000000000000"; 101].join("&");
    let one = &ids[0];
    for (query, pointer, code) in [
        ("", "link", "invalid_length"),
        (many.as_str(), "link", "invalid_length"),
        (&format!("link={one}&link={one}"), "link", "duplicate"),
        (&format!("link={one}&time_zone=Mars"), "time_zone", "unknown_time_zone"),
    ] {
        let error: Value = refused(query).await;
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
    }
}
