//! Forwarding an SSH agent: what a build step writes to its socket reaches the agent, and the other way round.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Frame, Incoming};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::grpc::{self, Answer};

const PIECE: usize = 32 * 1024;
/// The longest message that is waited for: engines send pieces of 32 KiB.
const LONGEST: usize = 1 << 20;

/// Forwards until either side has no more to say.
pub(super) fn forward(from_build: Incoming, agent: UnixStream) -> Response<Answer> {
    let (reader, writer) = agent.into_split();
    tokio::spawn(to_agent(from_build, writer));
    grpc::streamed(stream::unfold(Some(reader), from_agent))
}

async fn to_agent(mut from_build: Incoming, mut agent: OwnedWriteHalf) {
    let mut open = BytesMut::new();
    while let Some(Ok(frame)) = from_build.frame().await {
        open.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(message) = grpc::next_message(&mut open) {
            let bytes = grpc::first_field(&message).unwrap_or_default();
            if agent.write_all(bytes).await.is_err() {
                return;
            }
        }
        if open.len() > LONGEST {
            return;
        }
    }
}

async fn from_agent(
    reader: Option<OwnedReadHalf>,
) -> Option<(Result<Frame<Bytes>, Infallible>, Option<OwnedReadHalf>)> {
    let mut reader = reader?;
    let mut piece = vec![0; PIECE];
    Some(match reader.read(&mut piece).await {
        Ok(read) if read > 0 => (Ok(Frame::data(grpc::framed(&grpc::field(1, &piece[..read])))), Some(reader)),
        _ => (Ok(Frame::trailers(grpc::trailers("0", ""))), None),
    })
}
