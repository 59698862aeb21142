//! Files that come with a request.

use async_graphql::{Context, InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::app::Received;
use crate::domain::{Error, Result, Violation};

/// The files of a request, in the order of their numbers.
pub struct Files(pub Vec<Received>);

/// A file of the request, by its number.
pub struct Upload(usize);

const PREFIX: &str = "file ";

/// A file: null in the operation, and a part of its own in a request of the form graphql-multipart-request.
#[Scalar(name = "Upload", specified_by_url = "https://github.com/jaydenseric/graphql-multipart-request-spec")]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::String(text) => text.strip_prefix(PREFIX).and_then(|number| number.parse().ok()),
            _ => None,
        };
        number.map(Self).ok_or_else(|| InputValueError::custom("must be a part of a multipart request"))
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

impl Upload {
    /// What stands for the file of that number among the variables.
    pub fn named(number: usize) -> String {
        format!("{PREFIX}{number}")
    }

    /// The file.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the request has no such part.
    pub fn file<'c>(&self, ctx: &Context<'c>) -> Result<&'c Received> {
        let file = ctx.data_opt::<Files>().and_then(|Files(files)| files.get(self.0));
        file.ok_or_else(|| {
            let message = "must be a part of a multipart request (graphql-multipart-request)";
            Error::invalid(Violation::new("file", "no_file", message))
        })
    }
}
