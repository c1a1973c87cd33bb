//! Editors on other sites' pages: the script that makes them, the frame that each is shown in, and the page that
//! helps to write the tag.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue, InvalidHeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::form_urlencoded;

use super::assets::{self, Assets};
use super::error::Problem;
use super::modules::Modules;
use super::{State, headers, pages};
use crate::config::Origin;
use crate::policy::modules::{Allowed, ModuleRule, rules};

/// The script keeps its address while it changes. A browser uses what it has for a while, and then asks whether
/// there is a newer one; an old script and a new frame understand each other, see `web/embed/messages.ts`.
const SCRIPT_CACHE: &str = "public, max-age=300, stale-while-revalidate=86400";

#[derive(Template)]
#[template(path = "embed_frame.html")]
struct FramePage<'a> {
    assets: &'a Assets,
}

#[derive(Template)]
#[template(path = "embed.html")]
struct WizardPage<'a> {
    assets: &'a Assets,
}

/// The content security policy of the frame: our own pages and those of `origins` may show it.
///
/// # Errors
/// When those are no sources of a policy.
pub fn frame_policy(origins: &[String]) -> Result<HeaderValue, InvalidHeaderValue> {
    let own = "'self'".to_owned();
    let ancestors: Vec<String> = std::iter::once(own).chain(origins.iter().cloned()).collect();
    headers::policy(&ancestors, [""; 2]).parse()
}

/// `GET /embed.js`: defines the element `<mayfly-editor>`. Any page may load it; what it shows is the frame's
/// affair.
pub async fn script(req: HttpRequest, state: State) -> HttpResponse {
    let mut response = assets::by_name(&req, &state.assets, "embed.js", SCRIPT_CACHE);
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    // For pages that load it with `crossorigin`, or isolate themselves.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /embed/frame`: one editor with its console, without a program: whoever shows the frame sends that.
pub async fn frame(state: State) -> HttpResponse {
    let mut response = pages::html(&state, &FramePage { assets: &state.assets });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, state.frame_policy.clone());
    headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /embed`: choose options, see the editor, copy the tag.
pub async fn wizard(state: State) -> HttpResponse {
    pages::html(&state, &WizardPage { assets: &state.assets })
}

/// The most pages around a frame that are told apart.
const MAX_EMBEDDERS: usize = 16;

/// What a frame says in the address of its WebSocket: in whose pages it is, and which modules its own lets its
/// programs import. A browser tells the frame's script, which is ours, whose pages are around it, and these can't
/// reach in. Somebody without a browser says what he likes, and so it only ever takes something away.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Whose pages are around; `None` is somebody unknown.
    embedders: Vec<Option<Origin>>,
    modules: Option<Vec<ModuleRule>>,
}

impl Wishes {
    /// Reads a query.
    ///
    /// # Errors
    /// When the modules are none: a page that meant to narrow them must not get all of them instead.
    pub fn read(query: &str) -> Result<Self, Problem> {
        let mut wishes = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "embedder" => {
                    let mut embedder = Origin::parse(&value);
                    if wishes.embedders.len() >= MAX_EMBEDDERS {
                        embedder = None;
                    }
                    if !wishes.embedders.contains(&embedder) {
                        wishes.embedders.push(embedder);
                    }
                }
                "modules" => {
                    let named = rules(&value).map_err(|words| {
                        Problem::new(StatusCode::BAD_REQUEST, format!("The modules of this embed: {words}"))
                    })?;
                    wishes.modules = Some(named);
                }
                _ => {}
            }
        }
        Ok(wishes)
    }

    /// Whose pages are around; `None` is somebody unknown.
    pub fn embedders(&self) -> &[Option<Origin>] {
        &self.embedders
    }

    /// What is left of what is `allowed`.
    pub fn narrow(&self, allowed: Allowed, modules: &Modules) -> Allowed {
        let around = self.embedders.iter();
        let allowed = around.fold(allowed, |allowed, it| modules.embedded(allowed, it.as_ref()));
        match &self.modules {
            Some(rules) => allowed.narrowed(rules),
            None => allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_says_whose_page_it_is_and_what_its_programs_may_import() {
        let wishes = Wishes::read("embedder=https%3A%2F%2FSchool.example&modules=node%3Apath,lodash%404&x=y");
        let wishes = wishes.expect("right");
        assert_eq!(wishes.embedders, [Origin::parse("https://school.example")]);
        assert_eq!(wishes.modules, Some(rules("node:path,lodash@4").expect("rules")));
        assert_eq!(Wishes::read("").expect("right"), Wishes::default());
        let many = Wishes::read("embedder=null&embedder=https://a.example&embedder=unknown").expect("right");
        assert_eq!(many.embedders, [None, Origin::parse("https://a.example")]);
        let crowd: String = (0..100).map(|n| format!("embedder=https://a{n}.example&")).collect();
        let crowd = Wishes::read(&crowd).expect("right").embedders;
        assert_eq!((crowd.len(), crowd.last()), (MAX_EMBEDDERS + 1, Some(&None)));
        // An empty list is not the absence of one.
        assert_eq!(Wishes::read("modules=").expect("right").modules, Some(Vec::new()));
    }

    #[test]
    fn modules_that_are_none_are_refused() {
        let problem = Wishes::read("modules=../../etc").expect_err("wrong");
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        assert!(problem.detail().starts_with("The modules of this embed: "), "{problem}");
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC*", modules in "[a-z0-9@^~*:/., %&=-]*") {
            let _ = Wishes::read(&query);
            let _ = Wishes::read(&format!("modules={modules}"));
        }

        #[test]
        fn wishes_never_add_anything(allow in "(node:path|lodash|axios|npm:\\*)", wish in "(\\*|node:\\*|lodash|axios|)") {
            let all = Allowed::new(&rules(&allow).expect("rules"), None);
            let left = all.clone().narrowed(&rules(&wish).expect("rules"));
            for name in ["path", "fs"] {
                prop_assert!(all.builtin(name) || !left.builtin(name));
            }
            for name in ["lodash", "axios", "zod"] {
                prop_assert!(all.package(name, "4.0.0") || !left.package(name, "4.0.0"));
            }
        }
    }
}
