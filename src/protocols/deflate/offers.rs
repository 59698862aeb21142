//! What a client offers and what is agreed on (RFC 7692 §7.1).

use ::http::{HeaderMap, HeaderValue, header};

use super::WINDOW_BITS;

const NAME: &str = "permessage-deflate";

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// Of the messages to the client.
    pub(super) window_bits: u8,
}

impl Deflate {
    /// Takes the first offer that can be taken; with it comes the answer's `Sec-WebSocket-Extensions`.
    pub fn negotiate(headers: &HeaderMap) -> Option<(Self, HeaderValue)> {
        let values = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
        let offers = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let asked = offers.filter_map(read).next()?;
        let mut answer = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
        if let Some(bits) = asked {
            answer.push_str(&format!("; server_max_window_bits={bits}"));
        }
        let answer = HeaderValue::from_str(&answer).ok()?;
        Some((Self { window_bits: asked.unwrap_or(WINDOW_BITS) }, answer))
    }

    /// Whether messages to the client may be made of shared blocks.
    pub fn shares(self) -> bool {
        self.window_bits == WINDOW_BITS
    }
}

/// The window that an offer asks of the server; nothing when the offer cannot be taken.
fn read(offer: &str) -> Option<Option<u8>> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut asked = None;
    for part in parts {
        let (name, value) = part
            .split_once('=')
            .map_or((part, None), |(name, value)| (name.trim_end(), Some(value.trim().trim_matches('"'))));
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        let bits = value.map(|value| value.parse::<u8>().ok().filter(|bits| (8..=15).contains(bits)));
        match (name, bits) {
            ("server_no_context_takeover" | "client_no_context_takeover", None)
            // Whatever the client's window, ours is the largest.
            | ("client_max_window_bits", None | Some(Some(_))) => {}
            // The library cannot make a window of 256 bytes.
            ("server_max_window_bits", Some(Some(bits @ 9..))) => asked = Some(bits),
            _ => return None,
        }
    }
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(offers: &str) -> Option<(u8, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(offers).unwrap());
        let (deflate, answer) = Deflate::negotiate(&headers)?;
        let rest = answer.to_str().unwrap().strip_prefix(NAME).unwrap();
        let rest = rest.replace("; server_no_context_takeover; client_no_context_takeover", "");
        Some((deflate.window_bits, rest))
    }

    #[test]
    fn the_first_offer_that_can_be_taken_is() {
        let plain = Some((15, String::new()));
        assert_eq!(agreed("permessage-deflate"), plain);
        assert_eq!(agreed("permessage-deflate; client_max_window_bits"), plain);
        assert_eq!(
            agreed("permessage-deflate; client_max_window_bits=10; server_no_context_takeover"),
            plain
        );
        let small = Some((10, "; server_max_window_bits=10".to_owned()));
        assert_eq!(agreed("x-webkit, permessage-deflate;server_max_window_bits=\"10\""), small);
        assert_eq!(agreed("permessage-deflate; server_max_window_bits=8, permessage-deflate"), plain);
    }

    #[test]
    fn offers_that_are_not_understood_are_passed_over() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; unknown",
        ] {
            assert_eq!(agreed(offer), None, "{offer}");
        }
    }
}
