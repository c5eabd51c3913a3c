//! The life of one instance: it starts, serves, and ends in good order.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server as GrpcServer;

use crate::cache::Cache;
use crate::config::Config;
use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::service::Service;
use crate::store::Store;
use crate::tides::Tides;
use crate::{Result, grpc, http};

/// A server that runs.
pub struct Server {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub service: Arc<Service>,
    servers: Vec<JoinHandle<()>>,
    background: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    ///
    /// The database does not answer, an address cannot be had, or a URL makes no sense. A Redis or
    /// a tide station that is away is no error.
    pub async fn start(config: Config) -> Result<Self> {
        let http = bind(&config.http).await?;
        let grpc = bind(&config.grpc).await?;
        let patience = config.patience.clone();
        let store = Store::open(&config.database, config.connections, patience.database)
            .await
            .map_err(|error| format!("the database: {error}"))?;
        let (harbour, revision) = store.identity().await?;
        let metrics = Arc::new(Metrics::default());
        let cache = Cache::new(&config.redis, &harbour, patience.redis, metrics.clone());
        let cache = cache.map_err(|error| format!("REDIS_URL: {error}"))?;
        let tides = Tides::new(config.tides.clone(), patience.tides, metrics.clone());
        let (feed, follower) = Feed::new(store.clone(), metrics.clone(), revision, config.feed);
        let service = Service::new(store, cache, feed, tides, metrics, patience);
        let listening = service.clone();
        let background = vec![
            tokio::spawn(follower.run()),
            tokio::spawn(async move { listening.cache.listen(listening.feed.news()).await }),
        ];
        let (http_address, grpc_address) = (http.local_addr()?, grpc.local_addr()?);
        let closing = &service.closing;
        let servers = vec![
            tokio::spawn(serve_http(http, service.clone(), closing.clone())),
            tokio::spawn(serve_grpc(grpc, service.clone(), closing.clone())),
        ];
        let (http, grpc) = (http_address, grpc_address);
        Ok(Self { http, grpc, service, servers, background })
    }

    /// Ends in good order: nobody new is let in, requests under way are answered, readers of the
    /// feed are told, and the deadline cuts off what is left then. Returns whether nothing was.
    pub async fn close(self) -> bool {
        self.service.closing.cancel();
        let drained = async {
            for server in self.servers {
                _ = server.await;
            }
            self.service.tasks.close();
            self.service.tasks.wait().await;
        };
        let drain = self.service.patience.drain;
        let drained = timeout(drain, drained).await.is_ok();
        if !drained {
            let left = self.service.tasks.len();
            tracing::warn!(left, "the deadline cuts off what has not ended");
        }
        self.background.iter().for_each(JoinHandle::abort);
        // A connection that is in use for ever would be waited for for ever.
        _ = timeout(drain, self.service.store.close()).await;
        drained
    }
}

async fn bind(address: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| format!("cannot listen at {address}: {error}").into())
}

async fn serve_http(listener: TcpListener, service: Arc<Service>, closing: CancellationToken) {
    let server = axum::serve(listener, http::routes(service));
    let server = server.with_graceful_shutdown(closing.cancelled_owned());
    if let Err(error) = server.await {
        tracing::error!(%error, "the server of HTTP ended");
    }
}

async fn serve_grpc(listener: TcpListener, service: Arc<Service>, closing: CancellationToken) {
    let server = GrpcServer::builder().add_service(grpc::server(service));
    let connections = TcpListenerStream::new(listener);
    let server = server.serve_with_incoming_shutdown(connections, closing.cancelled_owned());
    if let Err(error) = server.await {
        tracing::error!(%error, "the server of gRPC ended");
    }
}
