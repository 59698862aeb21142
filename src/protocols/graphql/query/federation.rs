//! What a gateway of Apollo Federation asks a subgraph (<https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>).
//!
//! The executor has `_entities` too, but its whole list fails with the first thing that is not there, and its price does not
//! follow from how many are asked for.

use async_graphql::{Any, Context, Object, Result, SimpleObject, Union, Value};
use futures_util::future::join_all;

use crate::domain::{self, Error, OrderId, PetId, UserId, Violation};
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::{self, list_cost};
use crate::protocols::graphql::types::order::Order;
use crate::protocols::graphql::types::pet::Pet;
use crate::protocols::graphql::types::user::User;

/// Most things of one `_entities`.
const MAX_REPRESENTATIONS: usize = 100;
/// What the document of the schema counts: it is as long as thousands of fields.
const SDL_COST: usize = 100;

/// What a gateway asks.
#[derive(Default)]
pub struct FederationQueries;

/// This store as a part of a larger graph.
#[derive(SimpleObject)]
#[graphql(name = "_Service")]
pub struct Service {
    /// Its schema, with the keys of its entities.
    sdl: &'static str,
}

/// What other parts of a larger graph may refer to, by its id.
#[derive(Union)]
#[graphql(name = "_Entity")]
#[allow(clippy::large_enum_variant, reason = "it lives as long as it takes to write it down")]
pub enum Entity {
    /// An order.
    Order(Order),
    /// A pet.
    Pet(Pet),
    /// A user.
    User(User),
}

#[Object]
impl FederationQueries {
    /// The schema of this part, for a gateway.
    #[graphql(name = "_service", complexity = "SDL_COST + child_complexity")]
    async fn service(&self) -> Service {
        Service { sdl: schema::federation_sdl() }
    }

    /// The things that a gateway has references to, in their order; null for those that are not there.
    #[graphql(
        name = "_entities",
        complexity = "list_cost(i32::try_from(representations.len()).ok(), child_complexity)"
    )]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The references, at most 100: `__typename` and `id`.")] representations: Vec<Any>,
    ) -> Result<Vec<Option<Result<Entity>>>> {
        if representations.len() > MAX_REPRESENTATIONS {
            let message = format!("must have at most {MAX_REPRESENTATIONS} items");
            return Err(Error::invalid(Violation::new("representations", "too_many", message)).into());
        }
        let found = representations.iter().enumerate().map(|(index, Any(representation))| async move {
            let reference = Reference::read(index, representation)?;
            reference.find(ctx).await
        });
        // The outer nothing is a null of the list, an error inside it is a null that has its place in `path`.
        Ok(join_all(found).await.into_iter().map(Result::transpose).collect())
    }
}

/// Which thing is meant; nothing when its key can be of none.
enum Reference {
    Order(Option<OrderId>),
    Pet(Option<PetId>),
    User(Option<UserId>),
}

impl Reference {
    fn read(index: usize, representation: &Value) -> domain::Result<Self> {
        let field = |name: &str| match representation {
            Value::Object(fields) => fields.get(name),
            _ => None,
        };
        let refuse = |name: &str, code, message: &str| {
            Err(Error::invalid(Violation::new(format!("representations[{index}].{name}"), code, message)))
        };
        let id = match field("id") {
            Some(Value::String(id)) => id.as_str(),
            // Ids may come as numbers (GraphQL §3.5.5); none of ours is one.
            Some(Value::Number(_)) => "",
            _ => return refuse("id", "required", "is required: the id of the thing, as text"),
        };
        match field("__typename") {
            Some(Value::String(name)) if name == "Order" => Ok(Self::Order(OrderId::parse("id", id).ok())),
            Some(Value::String(name)) if name == "Pet" => Ok(Self::Pet(PetId::parse("id", id).ok())),
            Some(Value::String(name)) if name == "User" => Ok(Self::User(UserId::parse("id", id).ok())),
            Some(_) => refuse("__typename", "not_allowed", "must be Order, Pet or User"),
            None => refuse("__typename", "required", "is required: Order, Pet or User"),
        }
    }

    async fn find(self, ctx: &Context<'_>) -> Result<Option<Entity>> {
        match self {
            Self::Order(Some(id)) => {
                Ok(load(ctx, id).await?.map(|order: domain::Order| Entity::Order(order.into())))
            }
            Self::Pet(Some(id)) => Ok(load(ctx, id).await?.map(|pet: domain::Pet| Entity::Pet(pet.into()))),
            Self::User(Some(id)) => {
                Ok(load(ctx, id).await?.map(|user: (domain::User, bool)| Entity::User(user.into())))
            }
            Self::Order(None) | Self::Pet(None) | Self::User(None) => Ok(None),
        }
    }
}
