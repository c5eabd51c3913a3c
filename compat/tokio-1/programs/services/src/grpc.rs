//! A gRPC service and its client, written by hand so that no protocol compiler is needed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::PathAndQuery;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

const HAIL: &str = "/harbour.Watch/Hail";
const TIDES: &str = "/harbour.Watch/Tides";

/// The one message of the protocol.
#[derive(Clone, Eq, PartialEq, prost::Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub text: String,
}

fn text(text: impl Into<String>) -> Text {
    Text { text: text.into() }
}

/// The server's side.
#[derive(Clone, Copy, Debug)]
pub struct Watch;

impl NamedService for Watch {
    const NAME: &'static str = "harbour.Watch";
}

impl Service<http::Request<Body>> for Watch {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let streams = request.uri().path() == TIDES;
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(match streams {
                true => grpc.server_streaming(Tides, request).await,
                false => grpc.unary(Hail, request).await,
            })
        })
    }
}

struct Hail;

impl UnaryService<Text> for Hail {
    type Response = Text;
    type Future = BoxFuture<Response<Text>, Status>;

    fn call(&mut self, request: Request<Text>) -> Self::Future {
        Box::pin(async move {
            match request.into_inner().text {
                name if name.is_empty() => Err(Status::invalid_argument("who hails?")),
                name => Ok(Response::new(text(format!("ahoy, {name}")))),
            }
        })
    }
}

struct Tides;

impl ServerStreamingService<Text> for Tides {
    type Response = Text;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Text>) -> Self::Future {
        let (tides, stream) = tokio::sync::mpsc::channel(2);
        tokio::spawn(async move {
            for tide in 0..5 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let message = text(format!("{} {tide}", request.get_ref().text));
                if tides.send(Ok(message)).await.is_err() {
                    return;
                }
            }
        });
        let stream: Self::ResponseStream = Box::pin(ReceiverStream::new(stream));
        Box::pin(async move { Ok(Response::new(stream)) })
    }
}

async fn client(channel: Channel) -> Result<Client<Channel>, Status> {
    let mut client = Client::new(channel);
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    Ok(client)
}

/// Asks for one answer.
pub async fn hail(channel: Channel, name: &str) -> Result<String, Status> {
    let (path, codec) = (PathAndQuery::from_static(HAIL), ProstCodec::<Text, Text>::default());
    let response = client(channel).await?.unary(Request::new(text(name)), path, codec).await?;
    Ok(response.into_inner().text)
}

/// Asks for a stream of answers, and takes them all.
pub async fn tides(channel: Channel, of: &str) -> Result<Vec<String>, Status> {
    let (path, codec) = (PathAndQuery::from_static(TIDES), ProstCodec::<Text, Text>::default());
    let response =
        client(channel).await?.server_streaming(Request::new(text(of)), path, codec).await?;
    response.into_inner().map(|tide| tide.map(|tide| tide.text)).collect().await
}
