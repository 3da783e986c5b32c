//! A handler that always answers the same, on the server's own listener: the peer that `bench/run` measures
//! the API against.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7099".to_owned());
    let listener = TcpListener::bind(address).await?;
    let answer = r#"{"success":true,"errors":[],"messages":[],"result":null}"#;
    let router = Router::new().route(
        "/",
        get(move || async move { ([("content-type", "application/json")], answer) }),
    );
    let limits = coffer_server::ServeLimits {
        drain: Duration::ZERO,
        ..Default::default()
    };
    coffer_server::serve(listener, router, limits, CancellationToken::new()).await;
    Ok(())
}
