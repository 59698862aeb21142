//! Money: exact amounts in minor units, never a float.

use super::Violation;

super::named_enum! {
    /// ISO 4217 codes of the currencies that the store trades in; all of them have two decimals.
    Currency {
        Usd => "USD",
        Eur => "EUR",
        Gbp => "GBP",
        Cad => "CAD",
        Aud => "AUD",
    }
}

/// A non-negative amount of money in minor units (cents); written as a decimal string with two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount: 99,999,999.99.
    pub const MAX: Amount = Amount(9_999_999_999);

    /// From minor units (cents), held within zero and [`Amount::MAX`].
    pub fn from_minor(minor: i64) -> Self {
        Self(minor.clamp(0, Self::MAX.0))
    }

    /// Minor units (cents).
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Reads a decimal string such as `75`, `75.5` or `75.00`.
    ///
    /// # Errors
    /// A violation of `field` when it is no plain decimal number with at most two places between 0 and 99999999.99.
    pub fn parse(field: &str, text: &str) -> Result<Self, Violation> {
        Self::read(text).ok_or_else(|| {
            Violation::new(
                field,
                "invalid_amount",
                "must be a decimal string with at most two places between \"0.00\" and \"99999999.99\", for example \"75.00\"",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.len() > 8 || fraction.len() > 2 {
            return None;
        }
        let cents: i64 = fraction.parse().ok()?;
        let cents = if fraction.len() == 1 { cents * 10 } else { cents };
        Some(Self(whole.parse::<i64>().ok()? * 100 + cents))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_no_amount() {
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1.234", "123456789", "NaN", "１", " 1", "1,5"] {
            assert!(Amount::parse("price", bad).is_err(), "{bad}");
        }
        assert_eq!(Amount::parse("price", "75.5").unwrap().to_string(), "75.50");
        assert_eq!(Amount::parse("price", "0").unwrap().to_string(), "0.00");
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(minor in 0..=Amount::MAX.minor()) {
            let amount = Amount::from_minor(minor);
            prop_assert_eq!(Amount::parse("price", &amount.to_string()).unwrap(), amount);
        }
    }
}
