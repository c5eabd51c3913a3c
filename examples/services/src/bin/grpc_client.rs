//! A tonic channel over our connector and executor: asks the server at ADDRESS for the berths of
//! these SHIPS, all at once over one connection, and prints each answer.

use hyper::http::uri::PathAndQuery;
use minato::compat::Executor;
use minato::task::JoinSet;
use minato_examples_services::{Berth, FIND_BERTH, Ship};
use minato_http::{BoxError, Connector};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// What tonic generates for a client of this one method.
async fn find_berth(channel: Channel, name: String) -> Result<Berth, Status> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let (path, codec) = (PathAndQuery::from_static(FIND_BERTH), ProstCodec::default());
    Ok(grpc.unary(Request::new(Ship { name }), path, codec).await?.into_inner())
}

#[minato::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("usage: grpc_client ADDRESS SHIPS..")?;
    // Time limits of an endpoint are tokio's and need its runtime. `minato::time::timeout` and
    // `minato_http::Timeout` are limits that do not.
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.executor(Executor);
    let channel = endpoint.connect_with_connector(Connector::new()).await?;

    let mut calls = JoinSet::new();
    for name in arguments {
        let channel = channel.clone();
        calls.spawn(async move { (name.clone(), find_berth(channel, name).await) });
    }
    let mut answers = calls.join_all().await;
    answers.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, answer) in answers {
        match answer {
            Ok(berth) => println!("{name}: {}", berth.number),
            Err(status) => println!("{name}: {:?}: {}", status.code(), status.message()),
        }
    }
    Ok(())
}
