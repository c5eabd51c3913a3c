//! A gRPC service by tonic, without tonic's own server: it is a service of tower's, and what serves
//! those serves it.
//!
//! The messages are those of the library here; a build script would make them of a `.proto` file.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::{Request, Response};
use minato::net::TcpListener;
use minato_examples_services::{Berth, FIND_BERTH, Ship};
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// Every ship has its berth; one without a name has none.
async fn find_berth(request: tonic::Request<Ship>) -> Result<tonic::Response<Berth>, Status> {
    let name = request.into_inner().name;
    if name.is_empty() {
        return Err(Status::new(Code::InvalidArgument, "a ship without a name"));
    }
    Ok(tonic::Response::new(Berth { number: name.len() as u32 }))
}

/// What tonic generates for a service with this one method.
async fn route(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.uri().path() != FIND_BERTH {
        return Ok(Status::unimplemented("there is no such method").into_http());
    }
    let mut grpc = Grpc::new(ProstCodec::<Berth, Ship>::new());
    Ok(grpc.unary(service_fn(find_berth), request).await)
}

#[minato::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    minato_http::serve(listener, service_fn(route)).await?;
    Ok(())
}
