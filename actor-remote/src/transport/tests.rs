//! Claims that hold for every transport.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn memory() -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (one, other) = Memory::pair(1024);
    (Box::new(one), Box::new(other))
}

fn sockets() -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (one, other) = SocketPair::pair().expect("two descriptors");
    (Box::new(one), Box::new(other))
}

async fn connected() -> Vec<(Duplex, Duplex)> {
    let mut all = Vec::new();
    for (one, other) in [memory(), sockets()] {
        let one = one.connect().await.expect("connects");
        all.push((one, other.connect().await.expect("connects")));
    }
    all
}

#[tokio::test]
async fn bytes_arrive_in_order_in_both_directions() {
    for (mut one, mut other) in connected().await {
        one.writer.write_all(b"there").await.expect("room");
        other.writer.write_all(b"back").await.expect("room");

        let mut there = [0; 5];
        other.reader.read_exact(&mut there).await.expect("arrives");
        let mut back = [0; 4];
        one.reader.read_exact(&mut back).await.expect("arrives");
        assert_eq!((&there, &back), (b"there", b"back"));
    }
}

#[tokio::test]
async fn dropped_writer_ends_the_peers_reading_and_nothing_else() {
    for (mut one, mut other) in connected().await {
        one.writer.write_all(b"last").await.expect("room");
        drop(one.writer);

        let mut rest = Vec::new();
        other.reader.read_to_end(&mut rest).await.expect("ends");
        assert_eq!(rest, b"last");

        other.writer.write_all(b"answer").await.expect("still open");
        let mut answer = [0; 6];
        one.reader.read_exact(&mut answer).await.expect("arrives");
        assert_eq!(&answer, b"answer");
    }
}

#[tokio::test]
async fn writing_to_a_peer_that_is_gone_is_an_error() {
    for (mut one, other) in connected().await {
        drop(other);

        assert!(one.writer.write_all(b"x").await.is_err());
    }
}
