//! Who may use the API: whoever has one of the operator's keys, and everybody as far as `api.anonymous` says.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};

use super::api::bearer;
use super::error::Problem;
use super::guard;
use crate::config::{ApiKey, ApiKeys, Powers, Rate};
use crate::sandbox::{ClientKey, Run};
use crate::snippets::TokenHash;

/// Something that takes a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// To run a program.
    Run,
    /// To share one.
    Share,
    /// To call a shared function.
    Call,
}

impl Power {
    fn is_in(self, powers: Powers) -> bool {
        match self {
            Self::Run => powers.run,
            Self::Share => powers.share,
            Self::Call => powers.call,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Run => "run programs",
            Self::Share => "share programs",
            Self::Call => "call functions",
        }
    }
}

/// All keys, and what may be done without one.
pub struct Keys {
    keys: Vec<(TokenHash, ApiKey)>,
    anonymous: Powers,
}

/// Whoever sent a request that was let in.
pub struct Caller<'a> {
    /// Whom it is counted for.
    pub client: ClientKey,
    key: Option<&'a ApiKey>,
}

impl Keys {
    /// These keys; their hashes were checked to be some.
    pub fn new(ApiKeys(keys): ApiKeys, anonymous: Powers) -> Self {
        let keys = keys.into_iter().filter_map(|key| Some((TokenHash::from_hex(&key.hash)?, key))).collect();
        Self { keys, anonymous }
    }

    /// How often each key may start a run, by its number.
    pub fn rates(&self) -> HashMap<u64, Option<Rate>> {
        self.keys.iter().map(|(hash, key)| (number(hash), key.rate_limit)).collect()
    }

    /// What the operator calls the key of this number.
    pub fn name_of(&self, wanted: u64) -> Option<&str> {
        self.keys.iter().find(|(hash, _)| number(hash) == wanted).map(|(_, key)| key.name.as_str())
    }

    /// The numbers and names of all keys.
    pub fn names(&self) -> impl Iterator<Item = (u64, &str)> {
        self.keys.iter().map(|(hash, key)| (number(hash), key.name.as_str()))
    }

    /// Whoever sent `req`, if they may do this.
    ///
    /// # Errors
    /// 401 without a key, or with one that there is not; 403 with one that is not for this.
    pub fn caller(&self, req: &HttpRequest, power: Power) -> Result<Caller<'_>, Problem> {
        let what = power.name();
        if req.headers().contains_key(header::AUTHORIZATION) {
            let given = bearer(req.headers());
            let found = given.and_then(|key| self.keys.iter().find(|(hash, _)| hash.is_of(key)));
            let Some((hash, key)) = found else {
                tracing::debug!(client = %guard::client(req), "a request with a key that there is not");
                let detail = "There is no such key. Send one that this server's operator gave you as \
                              `Authorization: Bearer KEY`, or none.";
                return Err(super::api::unauthorized(detail));
            };
            if !power.is_in(key.may) {
                let detail =
                    format!("Your key is not for that: it may not {what}. Ask this server's operator.");
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            return Ok(Caller { client: ClientKey::with_key(number(hash)), key: Some(key) });
        }
        if !power.is_in(self.anonymous) {
            let detail = format!(
                "On this server it takes a key to {what}. Ask its operator for one, and send it as \
                 `Authorization: Bearer KEY`."
            );
            return Err(super::api::unauthorized(&detail));
        }
        Ok(Caller { client: guard::client(req), key: None })
    }
}

/// What a key is counted under: the same on every server, and whatever else stands in the file.
fn number(hash: &TokenHash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Caller<'_> {
    /// Holds a run to what the key allows.
    pub fn bind(&self, run: &mut Run) {
        if let Some(key) = self.key {
            run.limits = run.limits.lowered(&key.limits);
            if let Some(modules) = &key.modules {
                run.modules = std::mem::take(&mut run.modules).narrowed(modules);
            }
            if let Some(egress) = &key.egress {
                run.egress = Some(std::sync::Arc::new(egress.clone()));
            }
        }
    }
}
