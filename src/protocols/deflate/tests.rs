use futures_util::StreamExt as _;
use proptest::prelude::*;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::*;

const WHOLE: Deflate = Deflate { window_bits: WINDOW_BITS };

/// A frame as a client sends it; the mask is not of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0xfe);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

/// What the library makes of the bytes that come in, until they end or cannot be read.
async fn read(bytes: &[u8], max_bytes: usize) -> Vec<Result<Message, String>> {
    let stream = tokio::io::join(bytes, tokio::io::sink());
    let stream = Inflating::new(stream, Some(max_bytes));
    let config = WebSocketConfig::default().read_buffer_size(128).max_message_size(Some(1 << 20));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut read = Vec::new();
    while let Some(next) = socket.next().await {
        let over = next.is_err();
        read.push(next.map_err(|error| error.to_string()));
        if over {
            break;
        }
    }
    // The end of the bytes is no close.
    if read.last().is_some_and(|last| last.as_ref().is_err_and(|error| error.contains("without closing"))) {
        read.pop();
    }
    read
}

#[tokio::test]
async fn a_message_is_inflated_in_one_frame_or_many() {
    let text = "hello hello hello ".repeat(40);
    let payload = WHOLE.payload(text.as_bytes());
    assert!(payload.len() < text.len() / 4);
    let expected = vec![Ok(Message::text(text))];
    assert_eq!(read(&frame(0xc1, &payload), 1 << 20).await, expected);
    let (one, two) = payload.split_at(payload.len() / 2);
    let pieces = [frame(0x41, one), frame(0x89, b"p"), frame(0x00, &[]), frame(0x80, two)].concat();
    let read = read(&pieces, 1 << 20).await;
    assert_eq!(read[0], Ok(Message::Ping("p".into())), "a ping between the frames passes");
    assert_eq!(read[1..], expected);
}

#[tokio::test]
async fn plain_and_compressed_messages_alternate() {
    let compressed = frame(0xc2, &WHOLE.payload(&[7; 300]));
    let bytes = [frame(0x81, b"plain"), compressed.clone(), frame(0x82, &[1]), compressed].concat();
    let sevens = Ok(Message::binary(vec![7; 300]));
    let expected = [Ok(Message::text("plain")), sevens.clone(), Ok(Message::binary(vec![1])), sevens];
    assert_eq!(read(&bytes, 1 << 20).await, expected);
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_is_inflated() {
    let bomb = WHOLE.payload(&vec![0; 8 << 20]);
    assert!(bomb.len() < 65_536, "{}", bomb.len());
    let read = read(&frame(0xc2, &bomb), 1 << 20).await;
    assert!(read.len() == 1 && read[0].as_ref().is_err_and(|error| error.contains("too long")), "{read:?}");
}

#[tokio::test]
async fn what_cannot_be_inflated_breaks_the_connection() {
    // A block of the reserved type; a ping with RSV1; a continuation with RSV1; RSV1 twice in a message.
    let begin = frame(0x41, &WHOLE.payload(b"x"));
    let wrong = [
        frame(0xc1, &[0xff, 0xff]),
        frame(0xc9, b""),
        [begin.clone(), frame(0xc0, b"")].concat(),
        [begin, frame(0xc1, b"")].concat(),
    ];
    for bytes in wrong {
        let read = read(&bytes, 1 << 20).await;
        assert!(read.len() == 1 && read[0].is_err(), "{bytes:?}: {read:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shared_blocks_make_readable_messages(
        before in proptest::collection::vec(any::<u8>(), 0..300),
        shared in proptest::collection::vec(0u8..4, 0..3000),
        after in proptest::collection::vec(any::<u8>(), 0..5),
        window_bits in 9u8..=15,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = [&before[..], &shared, &after].concat();
        let expected = vec![Ok(Message::binary(whole.clone()))];
        let joined = frame(0xc2, &join(&before, &block(&shared), &after));
        prop_assert_eq!(runtime.block_on(read(&joined, 1 << 20)), expected.clone());
        let own = frame(0xc2, &Deflate { window_bits }.payload(&whole));
        prop_assert_eq!(runtime.block_on(read(&own, 1 << 20)), expected);
    }
}
