//! Media types: what a client accepts (RFC 9110 §12.5.1) and what it sends.

use ::http::{HeaderMap, header};

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/graphql-response+json`: the status tells how the request went.
    GraphQlResponse,
    /// `application/json`: the older form, whose status is 200 for every request that could be read.
    Json,
    /// `text/event-stream`: GraphQL over SSE, distinct connections mode.
    Stream,
    /// `multipart/mixed`: a part for each result of a subscription.
    Multipart,
    /// `text/html`: a browser that opens the path.
    Html,
}

impl Form {
    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Stream => "text/event-stream; charset=utf-8",
            Self::Multipart => "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// Whether results follow one another in it.
    pub const fn streams(self) -> bool {
        matches!(self, Self::Stream | Self::Multipart)
    }

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::GraphQlResponse => ("application", "graphql-response+json"),
            Self::Json => ("application", "json"),
            Self::Stream => ("text", "event-stream"),
            Self::Multipart => ("multipart", "mixed"),
            Self::Html => ("text", "html"),
        }
    }
}

/// The form that the client likes best, of those that `offered` lists in the server's order; nothing when it accepts
/// none. No header, and a bare `*/*`, mean JSON, as clients that know nothing else expect.
pub fn negotiate(headers: &HeaderMap, offered: &[Form]) -> Option<Form> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        ranges.extend(value.to_str().ok()?.split(',').filter_map(Range::parse));
    }
    if ranges.is_empty() {
        return Some(Form::Json);
    }
    let rank =
        |form: Form| ranges.iter().filter_map(|range| range.rank(form)).max_by_key(|rank| rank.specificity);
    let liked = offered
        .iter()
        .filter_map(|form| rank(*form).map(|rank| (*form, rank)))
        .filter(|(_, r)| r.quality > 0);
    // Among equals the one that the client named, then the one that it named first, then ours.
    liked
        .max_by_key(|(form, rank)| {
            let fallback = rank.specificity < 2 && *form == Form::Json;
            (rank.quality, rank.specificity, fallback, usize::MAX - rank.place(&ranges, *form))
        })
        .map(|(form, _)| form)
}

/// One range of `Accept`.
struct Range {
    kind: String,
    subtype: String,
    /// Thousandths.
    quality: u16,
    /// Whether it asks for UTF-8 or says nothing of the charset.
    utf8: bool,
}

/// How much a client likes a form.
#[derive(Clone, Copy)]
struct Rank {
    quality: u16,
    specificity: u8,
}

impl Rank {
    fn place(self, ranges: &[Range], form: Form) -> usize {
        ranges.iter().position(|range| range.rank(form).is_some()).unwrap_or(usize::MAX)
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let (mut quality, mut utf8) = (1000, true);
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => quality = thousandths(value.trim())?,
                "charset" => utf8 = is_utf8(value),
                _ => {}
            }
        }
        Some(Self { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase(), quality, utf8 })
    }

    fn rank(&self, form: Form) -> Option<Rank> {
        let (kind, subtype) = form.media_type();
        let specificity = match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => 0,
            (own, "*") if own == kind => 1,
            (own, sub) if own == kind && sub == subtype => 2,
            _ => return None,
        };
        // A stream and a page come only to those who name them.
        let named = specificity == 2 || matches!(form, Form::GraphQlResponse | Form::Json);
        (named && self.utf8).then_some(Rank { quality: self.quality, specificity })
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| digits)?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Whether the body is `application/json` in UTF-8.
pub fn sends_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    Range::parse(value).is_some_and(|sent| sent.kind == "application" && sent.subtype == "json" && sent.utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    const ALL: [Form; 4] = [Form::GraphQlResponse, Form::Json, Form::Stream, Form::Html];

    fn accepting(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        negotiate(&headers, &ALL)
    }

    #[test]
    fn the_answer_follows_accept() {
        assert_eq!(negotiate(&HeaderMap::new(), &ALL), Some(Form::Json));
        for (accept, form) in [
            ("application/graphql-response+json", Some(Form::GraphQlResponse)),
            ("application/json", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("application/*", Some(Form::Json)),
            ("text/*", None),
            ("text/event-stream", Some(Form::Stream)),
            ("application/graphql-response+json, application/json", Some(Form::GraphQlResponse)),
            ("application/json, application/graphql-response+json", Some(Form::Json)),
            ("application/json;q=0.9, application/graphql-response+json", Some(Form::GraphQlResponse)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(Form::GraphQlResponse),
            ),
            ("application/json; charset=iso-8859-1", None),
            ("application/json;q=0, */*", Some(Form::GraphQlResponse)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Form::Html)),
            ("application/json, multipart/mixed", Some(Form::Json)),
            ("application/json, text/event-stream, multipart/mixed", Some(Form::Json)),
            ("text/plain", None),
            ("APPLICATION/JSON", Some(Form::Json)),
            ("nonsense", Some(Form::Json)),
        ] {
            assert_eq!(accepting(accept), form, "{accept}");
        }
    }

    #[test]
    fn a_subscription_follows_accept_too() {
        let streaming = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            negotiate(&headers, &[Form::Stream, Form::Multipart]).filter(|form| form.streams())
        };
        let apollo = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";
        assert_eq!(streaming(apollo), Some(Form::Multipart));
        assert_eq!(accepting(apollo), Some(Form::Json));
        assert_eq!(streaming("text/event-stream, multipart/mixed;q=0.5"), Some(Form::Stream));
        assert_eq!(streaming("application/json"), None);
        assert_eq!(streaming("*/*"), None);
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        let sends = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            sends_json(&headers)
        };
        for good in
            ["application/json", "application/json;charset=UTF-8", "Application/JSON; charset=\"utf-8\""]
        {
            assert!(sends(good), "{good}");
        }
        for bad in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "json",
            "",
        ] {
            assert!(!sends(bad), "{bad}");
        }
        assert!(!sends_json(&HeaderMap::new()));
    }
}
