//! The arguments of an event, whatever they are. Binary ones travel beside the text, so JSON values cannot hold them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, SerializeTuple as _, Serializer};

/// All arguments of an event.
#[derive(Debug, PartialEq)]
pub(in crate::protocols::socketio) struct Args(Vec<Arg>);

/// One argument, or a part of one.
#[derive(Debug, PartialEq)]
enum Arg {
    Null,
    Bool(bool),
    Whole(i64),
    /// What is larger than `Whole` goes.
    Large(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Arg>),
    Map(Vec<(String, Arg)>),
}

/// A tuple of any length: that is how the library knows all arguments from the first.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|arg| tuple.serialize_element(arg))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Arguments;
        impl<'de> Visitor<'de> for Arguments {
            type Value = Args;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Args, A::Error> {
                list(seq).map(Args)
            }
        }
        deserializer.deserialize_tuple(0, Arguments)
    }
}

fn list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<Arg>, A::Error> {
    let mut list = Vec::new();
    while let Some(arg) = seq.next_element()? {
        list.push(arg);
    }
    Ok(list)
}

impl Serialize for Arg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Whole(value) => serializer.serialize_i64(*value),
            Self::Large(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                pairs.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Arg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Arg;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON or binary")
    }

    fn visit_unit<E>(self) -> Result<Arg, E> {
        Ok(Arg::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Arg, E> {
        Ok(Arg::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Arg, E> {
        Ok(Arg::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Arg, E> {
        Ok(i64::try_from(value).map_or(Arg::Large(value), Arg::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Arg, E> {
        Ok(Arg::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Arg, E> {
        Ok(Arg::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Arg, E> {
        Ok(Arg::Text(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Arg, E> {
        Ok(Arg::Bytes(bytes.to_owned()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Arg, E> {
        Ok(Arg::Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Arg, A::Error> {
        list(seq).map(Arg::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Arg, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Arg::Map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_goes_back_as_it_was() {
        let text = r#"[1,-2,18446744073709551615,1.5,"x",[true,null],{"b":{},"a":[]}]"#;
        let args: Args = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&args).unwrap(), text);
        assert_eq!(serde_json::from_str::<Args>("[]").unwrap(), Args(Vec::new()));
    }
}
