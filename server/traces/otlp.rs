//! Spans on their way: in batches, as OTLP has them in JSON, by HTTP.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::CONTENT_TYPE;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Kind, Open, Told, Value};

/// The most spans that are sent at once.
const BATCH: usize = 512;
/// How long a span waits for company.
const EVERY: Duration = Duration::from_secs(1);
/// How long the endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

fn client() -> Result<reqwest::Client, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .map_err(|error| error.to_string())
}

/// Sends what comes until there are no more senders.
pub fn sending(
    endpoint: &str,
    mut spans: mpsc::Receiver<Told>,
) -> Result<impl Future<Output = ()> + use<>, String> {
    let client = client()?;
    let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    Ok(async move {
        let mut is_well = true;
        while let Some(first) = spans.recv().await {
            let until = Instant::now() + EVERY;
            let (mut batch, mut asked) = (Vec::new(), Vec::new());
            let mut next = Some(first);
            while let Some(told) = next {
                match told {
                    Told::Span(open) => batch.push(open),
                    Told::Flush(done) => asked.push(done),
                }
                if batch.len() >= BATCH || !asked.is_empty() {
                    break;
                }
                next = timeout_at(until, spans.recv()).await.ok().flatten();
            }
            if !batch.is_empty() {
                let sent = send(&client, &address, &batch).await;
                let lost = super::lost() + if sent.is_ok() { 0 } else { batch.len() as u64 };
                match sent {
                    Ok(()) if lost == 0 => is_well = true,
                    result if is_well => {
                        is_well = false;
                        let error = result.err().unwrap_or_else(|| "more than can be sent".to_owned());
                        tracing::warn!(error, lost, "spans can't be exported (the setting traces.endpoint)");
                    }
                    _ => {}
                }
            }
            for done in asked {
                let _ = done.send(());
            }
        }
    })
}

async fn send(client: &reqwest::Client, address: &str, batch: &[Box<Open>]) -> Result<(), String> {
    let body = serde_json::to_vec(&request(batch)).map_err(|error| error.to_string())?;
    let asked = client.post(address).header(CONTENT_TYPE, "application/json").body(body);
    let response = asked.send().await.map_err(|error| error.without_url().to_string())?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("it answers {status}")) }
}

fn request(batch: &[Box<Open>]) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    let resource = json!({"attributes": [
        attribute("service.name", &Value::from("mayfly")),
        attribute("service.version", &Value::from(version)),
        attribute("process.pid", &Value::from(u64::from(std::process::id()))),
    ]});
    let spans: Vec<Json> = batch.iter().map(|open| span(open)).collect();
    let scope = json!({"name": "mayfly", "version": version});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers of 64 bits are texts in this JSON.
fn attribute(key: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({"stringValue": text}),
        Value::Number(number) => json!({"intValue": i64::try_from(*number).unwrap_or(i64::MAX).to_string()}),
    };
    json!({"key": key, "value": value})
}

fn nanos(time: SystemTime) -> String {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn span(open: &Open) -> Json {
    let Open { context, parent, name, kind, begun, ended, attributes, problem } = open;
    let attributes: Vec<Json> = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let mut span = json!({
        "traceId": hex(&context.trace),
        "spanId": hex(&context.span),
        "name": name,
        "kind": match kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
        },
        "startTimeUnixNano": nanos(*begun),
        "endTimeUnixNano": nanos(ended.unwrap_or(*begun)),
        "attributes": attributes,
        "status": match problem {
            None => json!({}),
            Some(why) => json!({"code": 2, "message": why}),
        },
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = json!(hex(parent));
    }
    span
}
