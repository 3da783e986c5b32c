//! A gateway in front of one process that already listens on a unix socket, for measuring.
//!
//! `gateway_bench <address> <socket> [threads]` serves every host at `address` from `socket` until it
//! is killed.

use std::error::Error;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use coffer_types::{SystemClock, VersionId, WorkerId};

#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the gateway is private to its crate and used here without what supervises it"
)]
#[path = "../src/gateway/mod.rs"]
mod gateway;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "private to its crate, and not all of it is needed"
)]
#[path = "../src/descriptors.rs"]
mod descriptors;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "private to its crate, and not all of it is needed"
)]
#[path = "../src/traffic/mod.rs"]
mod traffic;

/// Static assets, of which there are none here.
#[allow(dead_code, reason = "only its types are needed")]
mod assets {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http::uri::PathAndQuery;
    use http::{HeaderMap, Method, Response};

    pub(crate) type AssetBody = http_body_util::combinators::MapErr<
        http_body_util::Empty<Bytes>,
        fn(Infallible) -> std::io::Error,
    >;

    #[derive(Debug)]
    pub(crate) enum Site {}

    pub(crate) struct Asked<'r> {
        pub(crate) method: &'r Method,
        pub(crate) host: &'r str,
        pub(crate) target: &'r PathAndQuery,
        pub(crate) headers: &'r HeaderMap,
    }

    impl Site {
        #[allow(clippy::unused_async, reason = "as the real one")]
        pub(crate) async fn serve(
            &self,
            _asked: &Asked<'_>,
        ) -> Result<Option<Response<AssetBody>>, Infallible> {
            match *self {}
        }
    }
}

use traffic::Traffic;

use gateway::{Directory, GatewayConfig, RouteError, RouteRequest, Upstream};

/// One process answers everything.
struct Fixed(Arc<Upstream>);

#[async_trait]
impl Directory for Fixed {
    fn ready_upstream(&self, _request: &RouteRequest<'_>) -> Option<Arc<Upstream>> {
        Some(self.0.clone())
    }

    async fn upstream(&self, _request: RouteRequest<'_>) -> Result<Arc<Upstream>, RouteError> {
        Ok(self.0.clone())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("which address?")?;
    let socket = arguments.next().ok_or("which socket?")?;
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;

    let version_id: VersionId = "00000000-0000-4000-8000-000000000000".parse()?;
    let tally = Traffic::new(Arc::new(SystemClock)).tally(WorkerId::from_bytes([0; 16]));
    let upstream = Arc::new(Upstream::new(socket.into(), version_id, tally));
    let config = GatewayConfig {
        threads: NonZeroUsize::new(threads).ok_or("at least one thread")?,
        ..GatewayConfig::default()
    };
    let listener = TcpListener::bind(address)?;
    let forever = CancellationToken::new();
    gateway::serve(listener, Arc::new(Fixed(upstream)), config, forever).await?;
    Ok(())
}
