//! The book at `/docs`.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{FakeApp, get};

/// The values of an attribute in HTML of ours.
fn values<'a>(html: &'a str, attribute: &str) -> BTreeSet<&'a str> {
    html.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[actix_web::test]
async fn every_page_is_there_and_every_link_leads_somewhere() {
    let app = FakeApp::start(&[]).await;
    let policy = get(app.address, "/", &[]).await.header("content-security-policy").to_owned();
    let contents = get(app.address, "/docs", &[]).await;
    let contents_html = contents.text();
    let mut pages = BTreeMap::from([("/docs".to_owned(), contents_html.clone())]);
    for path in values(&contents_html, "href").into_iter().filter(|path| path.starts_with("/docs/")) {
        let page = get(app.address, path, &[]).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("content-security-policy"), policy, "{path}");
        pages.insert(path.to_owned(), page.text());
    }
    assert!(pages.len() > 12, "{:?}", pages.keys());
    for wanted in [
        "quick-start",
        "embed",
        "functions",
        "modules",
        "egress",
        "limits",
        "requirements",
        "deploy",
        "operate",
        "threat-model",
        "api",
    ] {
        assert!(pages.contains_key(&format!("/docs/{wanted}")), "{wanted}");
    }
    for (path, html) in &pages {
        assert!(html.contains("aria-current=\"page\""), "{path} says which it is");
        for link in values(html, "href") {
            if link.starts_with("https:") || link.starts_with("http:") || link.starts_with("mailto:") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let there = if file.is_empty() { path } else { file };
            match pages.get(there) {
                Some(_) if place.is_empty() => {}
                Some(page) => assert!(values(page, "id").contains(place), "{path} links to {link}"),
                None => assert_eq!(get(app.address, file, &[]).await.status, 200, "{path} links to {link}"),
            }
        }
    }
    let settings = &pages["/docs/settings"];
    assert!(settings.contains("<code>server.shutdown_delay</code>") && settings.contains("<table>"));
    assert_eq!(get(app.address, "/docs/nowhere", &[]).await.status, 404);
}
