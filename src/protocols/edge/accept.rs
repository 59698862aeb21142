//! `Accept` (RFC 9110 §12.5.1): whether a client takes an answer of a type.

use ::http::HeaderValue;

const JSON: [&str; 2] = ["application/json", "application/problem+json"];

/// Whether `accept` takes `kind` (`type/subtype`, lower case). JSON is also for those who name only the type of problems.
/// A value that cannot be read takes anything.
pub fn takes(accept: &HeaderValue, kind: &str) -> bool {
    if accept == "*/*" || accept == kind {
        return true;
    }
    let Ok(text) = accept.to_str() else { return true };
    let alike: &[&str] = if JSON.contains(&kind) { &JSON } else { &[kind] };
    text.trim().is_empty() || alike.iter().any(|kind| quality(text.split(',').map(str::trim), kind))
}

/// Whether the most specific range for `kind` has a quality above nothing.
fn quality<'r>(ranges: impl Iterator<Item = &'r str>, kind: &str) -> bool {
    let matching = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next()?.to_ascii_lowercase();
        let specificity = match named.split_once('/')? {
            ("*", "*") => 0,
            (own, "*") if kind.split_once('/').is_some_and(|(kind, _)| kind == own) => 1,
            _ if named == kind => 2,
            _ => return None,
        };
        let refused = parts.any(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
            })
        });
        Some((specificity, !refused))
    });
    matching.max_by_key(|(specificity, _)| *specificity).is_some_and(|(_, taken)| taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, kind, taken) in [
            ("*/*", "application/json", true),
            ("application/*", "application/json", true),
            ("text/html, */*;q=0.1", "application/json", true),
            ("Application/JSON; charset=utf-8", "application/json", true),
            ("application/problem+json", "application/json", true),
            ("text/html", "application/json", false),
            ("*/*, application/json;q=0, application/problem+json;q=0", "application/json", false),
            ("application/json", "image/png", false),
            ("image/*", "image/png", true),
            ("", "image/png", true),
            ("nonsense", "image/png", false),
        ] {
            assert_eq!(takes(&HeaderValue::from_static(accept), kind), taken, "{accept} {kind}");
        }
    }
}
